#!/bin/bash
# SPDX-License-Identifier: MIT
# --learn and --report: what a program looked for and what came of it, the rules that are suggested, the page that a
# packager looks at, and that the program does not notice. What it writes outside stays in a mount namespace.
# It must never write outside $WORK and that namespace.
# shellcheck disable=SC2016 # programs of sh -c expand their own variables
. tests/lib.sh
needs strace python3

mkdir -p "$T" "$WORK/snap/opt/acme-learn/bin" "$WORK/snap/etc"
cd "$T" || exit 1
echo conf >"$WORK/snap/opt/acme-learn/acme.conf"
echo ini >"$WORK/snap/etc/acme-learn.ini"
PAGE=$LIB/page.py
# What the namespace has to be made for.
cat >guarded <<'END'
bind /opt/acme-learn x
bind /etc/acme-learn.ini x
bind /var/lib/acme-learn x
bind /dev/shm/acme-learn x
END
cat >app <<'END'
cat /opt/acme-learn/acme.conf /etc/acme-learn.ini /opt/acme-learn/bin/none /nowhere/acme-learn
mkdir -p /var/lib/acme-learn/db && echo hi >/var/lib/acme-learn/db/file
rm -r /var/lib/acme-learn
echo 1 >/dev/shm/acme-learn; rm /dev/shm/acme-learn
echo done
exit 3
END
# learn ENGINE [OPTION]... -- COMMAND...: in the namespace, with the variables of a snap
learn() {
	local engine=$1 status=0
	shift
	rm -rf "$WORK/scratch" "$WORK"/scratch.*
	mkdir "$WORK/scratch"
	timeout 60 "$LIB/mounted" guard "$WORK/scratch" "$T/guarded" env SNAP="$WORK/snap" SNAP_DATA="$WORK/data" \
		SNAP_COMMON="$WORK/common" SNAP_INSTANCE_NAME=acme "$SNAPREDIR" -e "$engine" "$@" >out 2>err || status=$?
	return $status
}
in_snap() { env SNAP="$WORK/snap" SNAP_DATA="$WORK/data" SNAP_COMMON="$WORK/common" SNAP_INSTANCE_NAME=acme "$@"; }
has_line() { grep -qxF -- "$1" "$2" || { echo "no line '$1' in"; cat "$2"; return 1; }; }
status_is() { local wanted=$1 status=0; shift; "$@" || status=$?; [ "$status" = "$wanted" ] || { echo "status $status"; cat out err; return 1; }; }

if [ $reference != bind ]; then
	skip 'suggestions' 'no mounts here'
	ENGINES=()
fi
for engine in "${ENGINES[@]}"; do
	rm -f learnt "$engine.html"
	check "the status is the program's [$engine]" status_is 3 learn "$engine" --learn learnt --report "$engine.html" -- sh app
	check "so is its output [$engine]" has_line 'done' out
	check "a missing directory that the snap has [$engine]" has_line 'bind  /opt/acme-learn  $SNAP/opt/acme-learn' learnt
	check "a missing file in a directory of everybody's [$engine]" has_line 'bind  /etc/acme-learn.ini  $SNAP/etc/acme-learn.ini' learnt
	check "what is written [$engine]" has_line 'bind  /var/lib/acme-learn  $SNAP_COMMON/var/lib/acme-learn  create=dir' learnt
	check "names of shared memory [$engine]" grep -q '^\(# \)\?prefix  /dev/shm  snap.$SNAP_INSTANCE_NAME.$' learnt
	check "what is nowhere [$engine]" grep -qE '^#   /nowhere  \(cat: open(at)?, ENOENT\)$' learnt
	check "a reason: who, how, what came of it [$engine]" \
		grep -qE '^# looked for, .*: /opt/acme-learn/acme.conf \(cat: open(at)?, ENOENT\)$' learnt
	check "the rules are rules [$engine]" in_snap "$SNAPREDIR" --check -r learnt
	check "... that warn of nothing [$engine]" grep -q ' 0 errors, 0 warnings$' <<<"$(in_snap "$SNAPREDIR" --check -r learnt)"
	check "... and work [$engine]" has_line conf <(in_snap "$SNAPREDIR" -e "$engine" -r learnt cat /opt/acme-learn/acme.conf)
	mv learnt first
	check "with them nothing of it is suggested again [$engine]" status_is 3 learn "$engine" -r first --learn learnt -- sh app
	check "... indeed [$engine]" status_is 1 grep -E '^bind  /(opt|etc|var)' learnt
	check "the page has the same rules [$engine]" "$PAGE" suggested "$engine.html" <first
done

# ---- a vendor application runs by what was learnt from its failure, and has nothing more to ask for ----
if [ $reference != bind ] || [ ! -x "$SNAPREDIR_BUILD/acme/acme" ]; then
	skip 'the demo learns' 'no mounts here, or the demo is not built'
else
	"$LIB/../snap/demo/stage" "$SNAPREDIR_BUILD" "$WORK/demo" >/dev/null
	rm "$WORK/demo/snap/meta/snapredir.rules"
	rm -rf "$WORK/snap" "$WORK/data" "$WORK/common"
	mv "$WORK/demo/snap" "$WORK/demo/data" "$WORK/demo/common" "$WORK"
	printf 'bind %s x\n' /opt/acme /etc/acme.conf /usr/share/acme /var/lib/acme >guarded
	demo=$WORK/snap/opt/acme/bin/acme
	check 'the demo fails alone' status_is 1 learn trace --learn demo.rules -- "$demo"
	check '... works with what was learnt' learn trace -r demo.rules --learn more.rules -- "$demo"
	check '... and nothing is to be learnt any more' status_is 1 grep -v '^#' more.rules
fi

# ---- the page's data are what strace sees ----
run=(sh -c 'cat none /nowhere/x /etc/hostname; cd /usr; cat share/none; mkdir "$0/new"; mkdir "$0/new"; mv "$0/new" "$0/old"; rmdir "$0/old"; ls /root/none' "$T")
strace -f -qq -e trace=%file -o strace.log "${run[@]}" >/dev/null 2>&1
check 'a run without rules' status_is "$(timeout 60 "${run[@]}" >/dev/null 2>&1; echo $?)" \
	timeout 60 "$SNAPREDIR" -e trace --report page.html "${run[@]}"
check 'calls and outcomes are those of strace' "$PAGE" strace page.html strace.log
check 'relative names are told from the root' "$PAGE" has page.html /usr/share/none ENOENT

# ---- names are never markup ----
mkdir -p 'a<script>b'
# shellcheck disable=SC1003
"$SNAPREDIR" -e trace --report nasty.html cat 'a<script>b/</script><b>' $'x\ny' $'x\377y' 'x&"y\' >/dev/null 2>&1
check 'no name is markup' "$PAGE" clean nasty.html
check 'names are what they were' "$PAGE" has nasty.html "$T/a<script>b/</script><b>" ENOENT
check '... with a line break' "$PAGE" has nasty.html "$T/x\\x0ay" ENOENT
check '... and without sense' "$PAGE" has nasty.html "$T/x\\xffy" ENOENT
check 'nothing comes from elsewhere' status_is 1 grep -nE '(src|href) *=|url\(|import |fetch\(' nasty.html
if browser=$(command -v chromium-headless-shell || command -v chromium); then
	shown=$(timeout 200 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$WORK/browser" --dump-dom \
		"file://$T/nasty.html#script" 2>browser.err)
	check 'a browser shows it' grep -q '<summary[^>]*><span[^>]*>/a&lt;script&gt;b' <<<"$shown"
	check '... filtered' grep -qE '[1-9][0-9]* of [0-9]+ paths' <<<"$shown"
	check '... without an error' status_is 1 grep -i 'Uncaught\|CONSOLE' browser.err
else
	skip 'a browser shows it' 'no chromium-headless-shell here'
fi

# ---- as a program that notices nothing ----
for engine in trace preload; do
	check "death by a signal is ours [$engine]" status_is 143 timeout 60 bash -c '"$@"; exit $?' - \
		"$SNAPREDIR" -e "$engine" --report page.html sh -c 'kill $$'
	check "a signal for us is the program's [$engine]" status_is 7 timeout 60 bash -c '
		"$@" & pid=$!
		until [ -e ready ]; do :; done
		kill -TERM $pid
		wait $pid' - "$SNAPREDIR" -e "$engine" --report page.html sh -c 'trap "exit 7" TERM; : >ready; while :; do sleep 0.01; done'
	rm -f ready
	check "standard input and output [$engine]" has_line text <(echo text | "$SNAPREDIR" -e "$engine" --report page.html cat)
	check "not found [$engine]" status_is 127 "$SNAPREDIR" -e "$engine" --learn nothing /no/such
	check "... teaches nothing [$engine]" status_is 1 test -e nothing
done
check 'trace goes on until the last program has left' "$SNAPREDIR" -e trace --report late.html sh -c '(sleep 0.3; cat /nowhere/late) >/dev/null 2>&1 &'
check '... and knows what it did' "$PAGE" has late.html /nowhere/late ENOENT

# ---- bad input ----
echo precious >mine
check 'a rules file that is there is not lost' status_is 125 "$SNAPREDIR" --learn mine true
check '... which is said' grep -q '^snapredir: --learn: mine is there already' err <("$SNAPREDIR" --learn mine true 2>&1)
check '... indeed' has_line precious mine
check 'a directory that is not there' status_is 125 "$SNAPREDIR" --learn no/such/file true
check 'a page in place of the last' "$SNAPREDIR" --report page.html true
check 'nothing is left behind' status_is 1 sh -c 'ls -A | grep -E "\.[A-Za-z0-9]{6}$"'
finish
