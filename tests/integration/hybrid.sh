#!/bin/bash
# SPDX-License-Identifier: MIT
# Engine hybrid: what passes the gate and what does not, as the log tells it; what shim and tracer know of each other.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir target elsewhere
	echo text >target/file
	mkfifo target/fifo
	mkdir -p root/opt/acme
	echo inside >root/opt/acme/file
}
rules <<'END'
bind /opt/acme $T/target
END
gate=$PROGRAMS/hybrid-gate

# logged COMMAND...: run under hybrid, with what was redirected in $WORK/log as "ENGINE CALL PATH"
logged() {
	rm -rf "$WORK/run" "$WORK/raw"
	mkdir -p "$T"
	(cd "$T" && prepare)
	(cd "$T" && "$SNAPREDIR" -e hybrid -v -l "$WORK/raw" -r "$WORK/rules" -- "$@" >"$WORK/out" 2>"$WORK/err")
	sed -nE 's/^snapredir\[[0-9]+\] (preload|trace): ([a-z0-9_]+) "([^"]*)".*/\1 \2 \3/p' "$WORK/raw" >"$WORK/log"
}
# by ENGINE NAME [PATTERN]: everything in the log that matches is by that one, and something is
by() {
	local lines
	lines=$(grep -E "${3-.}" "$WORK/log")
	if [ -n "$lines" ] && ! grep -qv "^$1 " <<<"$lines"; then
		ok "$2"
	else
		cat "$WORK/log" "$WORK/raw" "$WORK/err" >"$WORK/why"
		not_ok "$2" <"$WORK/why"
	fi
}

for form in '' -static -32; do
	if [ ! -x "$gate$form" ]; then
		skip "$form" 'not built on this machine'
		continue
	fi
	option=()
	[ "$form" != -static ] || option=(-s)
	same ${option[@]+"${option[@]}"} "every call$form" "$gate$form" calls /opt/acme
	same ${option[@]+"${option[@]}"} "what libc calls inside$form" "$gate$form" inside /opt/acme
	same -e trace "facts of one process$form" "$gate$form" facts "$T/elsewhere" /opt/acme
	same -e trace "facts of two$form" "$gate$form" neighbours "$T/elsewhere" /opt/acme
	same -e trace "a filter of its own$form" "$gate$form" filter /opt/acme/file "$gate$form" open /opt/acme/file
done
same 'cancellation' "$PROGRAMS/hybrid-cancel" /opt/acme/fifo /opt/acme/file

# ---- which way ----
logged "$gate" calls /opt/acme
# the program itself is started by an exec, which is the tracer's
by preload 'calls of a dynamic program pass' 'preload|stat|link|/(new|made|sub)'
check '... each of them' sh -c 'for call in openat creat mkdir newfstatat statx statfs access faccessat2 symlink readlink \
	link rename chmod chown truncate getxattr unlink rmdir inotify_add_watch openat2 faccessat chdir; do
	grep -q "^preload $call " "$0" || { echo "$call is missing"; exit 1; }; done' "$WORK/log"
check '... but for a mode of fopen that is libc'\''s alone' test "$(grep "^trace" "$WORK/log")" = 'trace openat /opt/acme/file'
logged "$gate" inside /opt/acme
by preload 'what libc calls inside passes, too' ' (openat|readlink|newfstatat|getdents64) /opt/acme'
check '... each of them' sh -c 'for call in openat readlink newfstatat; do
	grep -q "^preload $call /opt/acme" "$0" || { echo "$call is missing"; exit 1; }; done' "$WORK/log"
logged "$gate-static" calls /opt/acme
by trace 'those of a static one are stopped'
logged "$gate" facts "$T/elsewhere" /opt/acme
check 'direct calls are stopped, libc'\''s are not' sh -c 'grep -q "^preload openat" "$0" && grep -q "^trace openat" "$0"' "$WORK/log"
logged "$gate" filter /opt/acme/file "$gate" open /opt/acme/file
check 'a filter closes the gate, for programs that are executed, too' test "$(cat "$WORK/log")" = 'preload openat /opt/acme/file
trace openat /opt/acme/file
trace openat /opt/acme/file'
logged "$PROGRAMS/hybrid-cancel" /opt/acme/fifo /opt/acme/file
by trace 'who may be cancelled opens under the tracer' ' openat '
logged env -i "$(command -v cat)" /opt/acme/file
by preload 'an empty environment gets the shim back'
logged sh -c "$(printf '%s; ' "$gate open /opt/acme/file" "$gate-static open /opt/acme/file" "$gate open /opt/acme/file") env >env"
check 'it stays across a static program' test "$(cut -d' ' -f1 "$WORK/log" | tr '\n' ' ')" = 'preload trace preload '
check 'the environment: just two variables more' sh -c '[ "$(grep -cE "^(LD_PRELOAD|SNAPREDIR_[A-Z]*)=" "$0")" = 2 ]' "$T/env"
logged env LD_PRELOAD= "$gate" open /opt/acme/file
by preload 'a variable of the user'\''s own stays, the shim behind it'
if [ -x "$gate-32" ]; then
	logged sh -c "$gate-32 open /opt/acme/file"
	by trace 'a 32-bit program has no gate'
	check '... and no complaint of ld.so' test ! -s "$WORK/err"
fi
logged sh -c "$gate open /opt/acme/file; ulimit -v 100000; $gate open /opt/acme/file"
check 'with little memory' test "$(wc -l <"$WORK/log")" = 2
if [ "$(id -u)" = 0 ]; then
	logged sh -c "$gate-static root root /opt/acme/file; $gate open /opt/acme/file"
	by trace 'after chroot all calls are stopped' file
fi

# ---- where there is no gate, or it is hard to have one ----
what='' # the test's name
# gate_of NAME WANTED COMMAND...: runs right, and --stats says that this program (comm NAME) has one, or not
gate_of() {
	local name=$1 wanted=$2
	shift 2
	same -e hybrid "$what" "$@"
	rm -rf "$WORK/run"
	mkdir -p "$T"
	(cd "$T" && prepare)
	(cd "$T" && "$SNAPREDIR" --stats -l "$WORK/raw.stats" -e hybrid -r "$WORK/rules" -- "$@" >"$WORK/out" 2>&1)
	sed -E 's/ +/ /g' "$WORK/raw.stats" >"$WORK/table"
	rm -f "$WORK/raw.stats"
	check "... and its gate: $wanted" grep -qE " $wanted [0-9]+ $name\$" "$WORK/table"
}
# build OUTPUT OPTION...: the program of many calls; false where the compiler cannot
build() {
	local out=$1
	shift
	"${compiler[@]}" -D_GNU_SOURCE -I. "$@" -o "$WORK/$out" tests/programs/hybrid-gate.c 2>"$WORK/why"
}
read -ra compiler <<<"${CC:-gcc}"

what='without random addresses' gate_of hybrid-gate yes setarch "$(uname -m)" -R "$gate" calls /opt/acme
what='with the old layout of addresses' gate_of hybrid-gate yes setarch "$(uname -m)" -L "$gate" calls /opt/acme
what='with an unlimited stack' gate_of hybrid-gate yes sh -c 'ulimit -s unlimited && exec "$0" "$@"' "$gate" calls /opt/acme
what='with little memory' gate_of hybrid-gate yes sh -c 'ulimit -v 100000 && exec "$0" "$@"' "$gate" calls /opt/acme
if build low -no-pie -Wl,-Ttext-segment=0x60000000; then
	what='its address taken' gate_of low no "$WORK/low" calls /opt/acme
	logged "$WORK/low" calls /opt/acme
	by trace 'its address taken: all calls are stopped'
else
	skip 'its address taken' 'no compiler that links there'
fi
if build pie -static-pie; then
	what='static-pie' gate_of pie no "$WORK/pie" calls /opt/acme
else
	skip 'static-pie' "$(head -1 "$WORK/why")"
fi
# AddressSanitizer lies where the gate would, and comes before the shim.
for sanitizer in address:no thread:yes; do
	has=${sanitizer#*:} sanitizer=${sanitizer%:*}
	if build $sanitizer -fsanitize=$sanitizer; then
		what="$sanitizer sanitizer" gate_of $sanitizer "$has" env ASAN_OPTIONS=detect_leaks=0 "$WORK/$sanitizer" open /opt/acme/file
	else
		skip "$sanitizer sanitizer" "$(head -1 "$WORK/why")"
	fi
done
compiler=(clang)
if build memory -fsanitize=memory; then
	what='memory sanitizer' gate_of memory yes "$WORK/memory" open /opt/acme/file
else
	skip 'memory sanitizer' "$(head -1 "$WORK/why")"
fi
if command -v go >/dev/null && (cd "$WORK" && cp "$LIB/programs/files.go" race.go && GOFLAGS=-mod=mod GOCACHE=$WORK/cache go build -race -o race race.go) 2>"$WORK/why"; then
	what='the race detector of Go' gate_of race yes "$WORK/race" /opt/acme /opt/acme/file
else
	skip 'the race detector of Go' "$(tail -1 "$WORK/why")"
fi
finish
