#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line as a user of env(1) or timeout(1) expects it: statuses, messages, where rules come from, what the
# program notices of its launcher. The same for every engine.
# It must never write outside $WORK.
# shellcheck disable=SC2016 # programs of sh -c expand their own variables
. tests/lib.sh

mkdir -p "$T/target/bin" "$T/other"
cd "$T" || exit 1
echo text >target/file
echo other >other/file
printf '#!/bin/sh\necho "script $0 $*"\n' >target/bin/script
printf 'echo "no format $*"\n' >target/bin/plain
printf '#!/no/such/interpreter\n' >target/bin/orphan
chmod +x target/bin/*
echo "bind /opt/acme $T/target" >rules
# Those below ours; the first is the list's own, since standard input is closed.
echo 'for fd in /proc/$$/fd/*; do [ "${fd##*/}" -ge 1000 ] || echo "${fd##*/}"; done >"$1"' >descriptors
# shellcheck disable=SC2317 # called by expect
run() { "$SNAPREDIR" -r rules "$@"; }

# expect NAME STATUS OUTPUT ERRORS COMMAND...: exact output, errors as an extended regular expression ('' for none)
expect() {
	local name=$1 wanted=$2 output=$3 errors=$4 status=0 got
	shift 4
	got=$("$@" 2>err </dev/null) || status=$?
	if [ "$status" = "$wanted" ] && [ "$got" = "$output" ] && {
		if [ -n "$errors" ]; then grep -qE -e "$errors" err; else [ ! -s err ]; fi
	}; then
		ok "$name"
	else
		{
			echo "status $status instead of $wanted; standard output and error:"
			echo "$got"
			cat err
			echo "wanted: '$output', '$errors'"
		} >why
		not_ok "$name" <why
	fi
}

# ---- without an engine ----
expect 'no program' 125 '' '^snapredir: no program named: ' "$SNAPREDIR"
expect 'an unknown option' 125 '' "^snapredir: --ruels: unknown option; did you mean --rules\?" "$SNAPREDIR" --ruels x true
expect 'an option without its value' 125 '' '^snapredir: -r: needs a value' "$SNAPREDIR" -r
expect '--version' 0 'snapredir 0.1' '' "$SNAPREDIR" --version
expect '--help speaks on standard output' 0 "$("$SNAPREDIR" --help)" '' "$SNAPREDIR" --help
check '... and of every option' grep -q -- '--strict-resolution' <<<"$("$SNAPREDIR" --help)"
expect 'an answer that cannot be written' 125 '' '^snapredir: standard output: cannot be written' \
	bash -c '"$0" --help >/dev/full' "$SNAPREDIR"
expect 'no rules at all: untouched, in silence' 0 hello '' "$SNAPREDIR" echo hello
expect '... which -v tells' 0 hello '^snapredir\[[0-9]+\] launcher: no rules found \(.*\$SNAP is not set\): echo runs untouched$' \
	"$SNAPREDIR" -v echo hello
expect 'no rules: the status is the program'\''s' 3 '' '' "$SNAPREDIR" sh -c 'exit 3'
expect 'no rules: not found' 127 '' '^snapredir: /no/such: not found: ' "$SNAPREDIR" /no/such
expect 'switched off' 1 '' '^cat: ' env SNAPREDIR_DISABLE=1 SNAPREDIR_ENGINE=nonsense "$SNAPREDIR" -r none cat /opt/acme/file
expect 'switched off beneath another one: the outer one counts' 0 text '' \
	run env SNAPREDIR_DISABLE=1 "$SNAPREDIR" -r none cat /opt/acme/file
expect 'switched off by 0 is not' 125 '' "^snapredir: SNAPREDIR_ENGINE: 'nonsense' is no engine; " \
	env SNAPREDIR_DISABLE=0 SNAPREDIR_ENGINE=nonsense "$SNAPREDIR" true

# ---- --check and --explain ----
expect '--check of good rules' 0 '1 rules (rules): 0 errors, 0 warnings' '' run --check
printf 'bind /opt/acme %s/target\nbind /opt/acme %s/other\n' "$T" "$T" >twice
expect '--check warns of equal paths' 0 '2 rules (twice): 0 errors, 1 warnings' \
	'^twice:1:1: warning: this rule for /opt/acme is replaced by that of twice:2; ' "$SNAPREDIR" --check -r twice
expect '--check of bad rules' 125 '0 rules (-m): 1 errors, 0 warnings' "^snapredir: -m: 'x' has no '='" \
	"$SNAPREDIR" --check -m x
expect '--check makes nothing' 0 '1 rules (-): 0 errors, 0 warnings' '' bash -c \
	'echo "bind /opt/acme $T/made create=dir" >make; "$0" --check -r make | sed "s/(make)/(-)/"' "$SNAPREDIR"
check '... indeed' [ ! -e made ]
expect '--check with a word too many' 125 '' "^snapredir: --check: runs nothing, so 'rules' is too much; " \
	"$SNAPREDIR" --check rules
ln -s file target/link
ln -s /opt/acme/bin target/programs
expect '--explain' 0 "\"/opt/acme/file\" -> \"$T/target/file\" (rules:1 bind /opt/acme)
    a file" '' run --explain /opt/acme/file
expect '--explain of a link' 0 "\"/opt/acme/programs/script\" -> \"$T/target/bin/script\" (rules:1 bind /opt/acme)
    link \"$T/target/programs\" -> \"/opt/acme/bin\"
    an executable file" '' run --explain /opt/acme/programs/script
expect '--explain of what no rule decides' 0 '"/opt/acmex" unchanged (no rule)
    nothing is there' '' run --explain /opt/acmex
expect '--explain of the rule'\''s own path' 0 "\"/opt/acme\" -> \"$T/target\" (rules:1 bind /opt/acme)
    the rule's own path: a mount point, which cannot be removed or renamed
    a directory" '' run --explain /opt/acme
expect '--explain under bad rules' 125 '' 'relative' "$SNAPREDIR" -m a=/b --explain /a

# ---- where rules come from ----
mkdir -p snap/meta/snapredir.d
echo "bind /opt/acme $T/other" >snap/meta/snapredir.rules
expect '$SNAP/meta/snapredir.rules' 0 other '' env SNAP="$T/snap" "$SNAPREDIR" cat /opt/acme/file
printf 'bind /opt/acme $SNAP/../target' >snap/meta/snapredir.d/20-acme.rules
echo 'bind /opt/acme /nowhere' >snap/meta/snapredir.d/10-acme.rules
echo 'wrong' >snap/meta/snapredir.d/30-not-rules
expect '... and snapredir.d/*.rules in byte order' 0 text '' env SNAP="$T/snap" "$SNAPREDIR" cat /opt/acme/file
expect 'SNAPREDIR_RULES takes their place' 0 other '' \
	env SNAP="$T/snap" SNAPREDIR_RULES="rules::$T/snap/meta/snapredir.rules" "$SNAPREDIR" cat /opt/acme/file
expect '-r takes its place' 0 text '' env SNAPREDIR_RULES="$T/snap/meta/snapredir.rules" "$SNAPREDIR" -r rules cat /opt/acme/file
expect '-m adds to it, and wins' 0 other '' env SNAPREDIR_RULES=rules "$SNAPREDIR" -m "/opt/acme=$T/other" cat /opt/acme/file
expect '-m with a literal =' 0 text '' "$SNAPREDIR" -m "/opt/ac\\=me=$T/target" cat /opt/ac=me/file
expect 'an optional rule without its target' 1 '' '^cat: /opt/gone' bash -c \
	'echo "bind /opt/gone /nowhere optional" >opt; "$0" -r opt -r rules cat /opt/gone' "$SNAPREDIR"
expect 'create= with mode=' 0 '701 644' '' bash -c '
	printf "%s\n" "bind /opt/a $T/new/d create=dir mode=0701" "bind /opt/b $T/new/f create=file" >make
	"$0" -r make true && stat -c %a new/d new/f | xargs' "$SNAPREDIR"

# ---- engines ----
expect 'the environment chooses the engine' 0 '' 'launcher: engine preload, 1 rules \(rules\)' \
	env SNAPREDIR_ENGINE=preload SNAPREDIR_VERBOSE=1 "$SNAPREDIR" -r rules true
expect '... and wins over the rules file' 0 '' 'launcher: engine trace, ' bash -c \
	'{ cat rules; echo engine preload; } >chosen; SNAPREDIR_ENGINE=trace "$0" -v -r chosen true' "$SNAPREDIR"
expect '... which chooses where nobody else does' 0 '' 'launcher: engine preload, ' "$SNAPREDIR" -v -r chosen true
expect 'the command line wins over both' 0 '' 'launcher: engine trace, ' \
	env SNAPREDIR_ENGINE=preload "$SNAPREDIR" -v -e trace -r chosen true

if "$SNAPREDIR" --require trace -r rules true 2>err; then
	expect 'nobody chooses: hybrid' 0 '' 'launcher: engine hybrid, ' "$SNAPREDIR" -v -r rules true
	mkdir -p "$WORK/alone/bin"
	cp "$SNAPREDIR" "$WORK/alone/bin/"
	expect '... trace where the shim is missing' 0 text 'launcher: engine trace, ' "$WORK/alone/bin/snapredir" -v -r rules cat /opt/acme/file
else
	skip 'nobody chooses: hybrid' "$(cat err)"
fi

for engine in "${ENGINES[@]}"; do
	# shellcheck disable=SC2317
	redirected() { "$SNAPREDIR" -r rules -e "$engine" "$@"; }
	expect "redirected [$engine]" 0 text '' redirected cat /opt/acme/file
	expect "the program's status [$engine]" 7 '' '' redirected sh -c 'exit 7'
	expect "options end at the program [$engine]" 0 '-v --help -- x' '' redirected echo -v --help -- x
	expect "options end at -- [$engine]" 0 '-v' '' redirected -- echo -v
	# The option is for a launcher built with the sanitizer, which wants to be loaded first.
	expect "a chain of commands [$engine]" 0 'a  b' '' redirected env ASAN_OPTIONS=verify_asan_link_order=0 nice "$SNAPREDIR" printf '%s' 'a  b'
	expect "snapredir below snapredir: both rules count [$engine]" 0 $'text\nother\ntext' '' \
		redirected env ASAN_OPTIONS=verify_asan_link_order=0 "$SNAPREDIR" -e preload -m "/opt/acme-2=$T/other" \
		-m /opt/acme-3=/opt/acme cat /opt/acme/file /opt/acme-2/file /opt/acme-3/file
	expect "... where the program lies at a redirected path, too [$engine]" 0 'script /opt/acme/bin/script a' '' \
		redirected env ASAN_OPTIONS=verify_asan_link_order=0 "$SNAPREDIR" -e preload -m "/opt/acme-2=$T/other" \
		/opt/acme/bin/script a
	for signal in TERM KILL SEGV INT PIPE; do
		expect "death by SIG$signal [$engine]" 0 "-$(kill -l $signal)" '' python3 -c '
import subprocess, sys
print(subprocess.run(sys.argv[1:]).returncode)' "$SNAPREDIR" -r rules -e "$engine" sh -c "ulimit -c 0; kill -$signal \$\$"
	done
	"$SNAPREDIR" -r rules -e "$engine" sh -c 'echo $$ $PPID' >pids &
	wait $!
	check "the program keeps pid and parent [$engine]" [ "$(cat pids)" = "$! $$" ]
	expect "not found in PATH [$engine]" 127 '' '^snapredir: no-such-program: not found in PATH' redirected no-such-program
	expect "not found [$engine]" 127 '' '^snapredir: /opt/acme/none: not found: ' redirected /opt/acme/none
	expect "below a file [$engine]" 127 '' '^snapredir: /opt/acme/file/x: not found: ' redirected /opt/acme/file/x
	expect "an empty name [$engine]" 127 '' "^snapredir: the program's name is empty: " redirected ''
	expect "not executable [$engine]" 126 '' '^snapredir: /opt/acme/file: cannot be executed: Permission denied; ' \
		redirected /opt/acme/file
	expect "a directory [$engine]" 126 '' '^snapredir: /opt/acme/bin: cannot be executed: Permission denied; ' \
		redirected /opt/acme/bin
	expect "a script without its interpreter [$engine]" 127 '' '^snapredir: /opt/acme/bin/orphan: ' \
		redirected /opt/acme/bin/orphan
	expect "a script [$engine]" 0 'script /opt/acme/bin/script a b' '' redirected /opt/acme/bin/script a b
	expect "a script of PATH [$engine]" 0 'script /opt/acme/bin/script a' '' \
		env PATH="/nowhere:/opt/acme/bin:$PATH" "$SNAPREDIR" -r rules -e "$engine" script a
	expect "not executable in PATH, later found [$engine]" 0 text '' \
		env PATH="/opt/acme/lib:$PATH" "$SNAPREDIR" -m "/opt/acme/lib/cat=$T/target/file" -r rules -e "$engine" \
		cat /opt/acme/file
	expect "not executable in PATH, nowhere else [$engine]" 126 '' '^snapredir: file: cannot be executed: Permission' \
		env PATH="/opt/acme:/nowhere" "$SNAPREDIR" -r rules -e "$engine" file
	expect "a file without a format [$engine]" 0 'no format a b' '' redirected /opt/acme/bin/plain a b
	expect "without PATH [$engine]" 0 text '' env -u PATH "$SNAPREDIR" -r rules -e "$engine" cat /opt/acme/file
	expect "an empty environment [$engine]" 0 text '' env -i "$SNAPREDIR" -r rules -e "$engine" /bin/cat /opt/acme/file
	bash -c 'exec sh descriptors native' <&- >&- 2>&-
	bash -c '"$0" -r rules -e "$1" sh descriptors "$1"' "$SNAPREDIR" "$engine" <&- >&- 2>&-
	check "descriptors are as they were, closed ones too [$engine]" diff native "$engine"
	expect "the death of children is ignored [$engine]" 0 text '' bash -c \
		'trap "" CHLD; exec "$0" -r rules -e "$1" cat /opt/acme/file' "$SNAPREDIR" "$engine"
	expect "few descriptors [$engine]" 0 text '' bash -c \
		'ulimit -n 64; exec "$0" -r rules -e "$1" cat /opt/acme/file' "$SNAPREDIR" "$engine"

	# under hybrid the shim and the tracer each say what they did
	by=$engine
	[ "$engine" != hybrid ] || by='(preload|trace)'
	rm -f log
	expect "-v tells each redirection [$engine]" 0 text \
		"^snapredir\[[0-9]+\] $by: [a-z0-9]+ \"/opt/acme/file\" -> \"$T/target/file\" \(rules:1 bind /opt/acme\)$" \
		redirected -v cat /opt/acme/file
	expect "-l takes it from standard error [$engine]" 0 text '' redirected -v -l log cat /opt/acme/file
	check "... to the file [$engine]" grep -qE \
		"^snapredir\[[0-9]+\] $by: [a-z0-9]+ \"/opt/acme/file\" -> \"$T/target/file\" \(rules:1 bind /opt/acme\)$" log
	rm -f log
	(cd / && SNAPREDIR_LOG=$T/log "$SNAPREDIR" -v -r "$T/rules" -e "$engine" --log-format json cat /opt/acme/file) >out
	check "a log in JSON [$engine]" python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert any(line.get("path") == "/opt/acme/file" and line["to"].endswith("/target/file") for line in lines), lines' log
done

# ---- static programs under preload ----
if command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1; then
	expect 'a static program under preload is told of' 0 hello \
		'^snapredir: .*busybox: is a static program, which engine preload does not redirect; engine trace would$' \
		run -e preload busybox echo hello
	rm -f log
	expect '... in the log where there is one' 0 hello '' run -e preload -l log busybox echo hello
	check '... indeed' grep -q 'busybox is a static program, which engine preload does not redirect; engine trace would' log
	rm log
	expect '... and so is one that a program executes' 0 hello '' run -e preload -l log sh -c 'busybox echo hello; :'
	check '... indeed' grep -qE '^snapredir\[[0-9]+\] preload: execve "/.*busybox" is a static program, which engine' log
	expect '... which nobody asked to read on standard error' 0 hello '' run -e preload sh -c 'busybox echo hello; :'
else
	skip 'a static program under preload is told of' 'no static busybox here'
fi

# ---- no permission to trace ----
cat >no-ptrace.py <<'END'
import ctypes, os, struct, sys
number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
code = b"".join(struct.pack("HBBI", *line) for line in [
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)])
keep = ctypes.create_string_buffer(code)
program = ctypes.create_string_buffer(struct.pack("HP", 4, ctypes.addressof(keep)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
END
# shellcheck disable=SC2317
untraced() { python3 no-ptrace.py "$SNAPREDIR" -r rules "$@"; }
if python3 no-ptrace.py true 2>err; then
	expect 'no permission to trace: auto does with preload' 0 text '^snapredir: engine: preload, since programs cannot be traced here: ' \
		untraced cat /opt/acme/file
	check '... in one line' [ "$(wc -l <err)" = 1 ]
	expect '-e trace does not' 125 '' '^snapredir: -e: engine trace cannot be had here: .*' untraced -e trace touch started
	expect '--require trace does not' 125 '' '^snapredir: --require: engine trace is required and cannot be had here: ' \
		untraced --require trace touch started
	expect '--require preload does' 0 text '' untraced -e preload --require preload cat /opt/acme/file
	check '... and nothing was started' [ ! -e started ]
else
	skip 'no permission to trace' "$(cat err)"
fi

finish
