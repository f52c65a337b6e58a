#!/bin/bash
# SPDX-License-Identifier: MIT
# Other tracers: strace, gdb, ltrace and programs that trace their own just work under preload; under hybrid, too: what
# they trace is handed over to them. So are children that have executed nothing yet, with a shim or without: under trace
# that is all; who attaches to what runs already hears what a traced process hears, EPERM, and the log says why. What is
# traced already is not traced by us.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh
needs strace gdb ltrace

mkdir "$WORK/world"
echo text >"$WORK/world/file"
S=$SNAPREDIR
map=(-m "/opt/acme=$WORK/world")
export S WORLD=$WORK/world

# Programs that trace their own.
"$PROGRAMS/process-tracers" "$WORK/world/file" busy >"$WORK/native.out" 2>&1
sed -i 's|^its name: .*|its name: /opt/acme/file|' "$WORK/native.out"
as_native() { # ENGINE [COMMAND...]
	rm -f "$WORK/log"
	"${@:2}" "$S" -e "$1" -l "$WORK/log" "${map[@]}" "$PROGRAMS/process-tracers" /opt/acme/file busy >"$WORK/said" 2>&1
	diff "$WORK/native.out" "$WORK/said"
}
check 'a program traces its children and its parent [preload]' as_native preload
check 'a program traces its children and its parent [hybrid]' as_native hybrid
handed() { [ "$(grep -c 'trace: handed over to a tracer of its own: ' "$WORK/log")" = 22 ] && [ "$(wc -l <"$WORK/log")" = 22 ]; }
check 'the log says so, a line for each [hybrid]' handed
# Who has no shim: its child is handed over, as it has executed nothing, itself is not.
refused() { # ENGINE FORM
	rm -f "$WORK/log"
	"$S" -e "$1" -l "$WORK/log" "${map[@]}" "$PROGRAMS/process-tracers$2" /opt/acme/file >"$WORK/said" 2>&1
	diff - "$WORK/said" <<'END'
file: found
traced by its parent: stopped by 10
its child ends with 0
a crash handler: Operation not permitted
its name: /opt/acme/file
its text: text
in a child: found
text
in a program: 0
memory of a child: read
file: found
END
}
check 'a static program traces its child; its parent it must not, and goes on [hybrid]' refused hybrid -static
check 'a static program traces its child; its parent it must not, and goes on [trace]' refused trace -static
check 'a program traces its child; its parent it must not, and goes on [trace]' refused trace ''
logged() {
	[ "$(grep -c 'trace: ptrace fails: process [0-9]* is traced by snapredir already; .*-e preload$' "$WORK/log")" = 1 ] &&
		[ "$(grep -c 'trace: handed over to a tracer of its own: ' "$WORK/log")" = 1 ]
}
check 'the log says so, a line for each [trace]' logged
logged_json() {
	rm -f "$WORK/log"
	"$S" -e trace -l "$WORK/log" --log-format json "${map[@]}" "$PROGRAMS/process-tracers" /opt/acme/file >/dev/null || return 1
	perl -MJSON::PP -ne '$n++ if decode_json($_)->{text} =~ /^(ptrace fails: process \d+|handed over)/; END { exit($n != 2) }' "$WORK/log"
}
check 'in JSON, too [trace]' logged_json

# Children that are traced before they execute anything: by themselves, by their parent, after fork and vfork, and what
# they do before that, and instead.
cp /bin/cat "$WORK/world/program"
printf '#!/bin/sh\necho "$0" is a script; cat "$1"\n' >"$WORK/world/interpreted"
chmod +x "$WORK/world/interpreted"
mkdir "$WORK/empty"
printf 'bind /opt/acme %s\n' "$WORK/world" >"$WORK/rules.early"
early_really() { # PROGRAM
	"$LIB/mounted" bind "$WORK/empty" "$WORK/rules.early" "$PROGRAMS/process-bare" /opt/acme "/opt/acme/$1" >"$WORK/early.$1" 2>&1
	grep -q '^text: text' "$WORK/early.$1" && grep -q '^interrupted: 0 missing, 0 in handlers$' "$WORK/early.$1"
}
early() { # ENGINE FORM PROGRAM
	rm -f "$WORK/log"
	timeout 60 "$S" -e "$1" -l "$WORK/log" "${map[@]}" "$PROGRAMS/process-bare$2" /opt/acme "/opt/acme/$3" >"$WORK/said" 2>&1
	diff "$WORK/early.$3" "$WORK/said" && { [ "$1" = preload ] || [ "$(grep -c 'trace: handed over' "$WORK/log")" = 13 ]; }
}
for program in program interpreted; do
	if [ $reference = bind ]; then
		check "children are traced before they execute, $program [bind]" early_really $program
		for engine in "${ENGINES[@]}"; do
			check "children are traced before they execute, $program [$engine]" early "$engine" '' $program
		done
		for engine in trace hybrid; do
			check "children of a static program are traced before they execute, $program [$engine]" early $engine -static $program
		done
	else
		skip "children are traced before they execute, $program" 'no mounts here'
	fi
done
early_static() { # ENGINE: a static program has no shim
	rm -f "$WORK/log"
	timeout 60 "$S" -e "$1" -l "$WORK/log" "${map[@]}" "$PROGRAMS/process-bare$2" /opt/acme /opt/acme/program "$PROGRAMS/paths-static" >"$WORK/said" 2>&1
	grep -q '^exec: Operation not permitted$' "$WORK/said" && grep -q '^another one: ends with 6$' "$WORK/said" &&
		grep -q 'trace: execve fails: another tracer has the process, and .*/paths-static is a static program' "$WORK/log"
}
check 'a static program is not executed by a child that is traced, and the log says why [trace]' early_static trace ''
check 'a static program is not executed by a child that is traced, and the log says why [hybrid]' early_static hybrid -static

# strace, gdb and ltrace inside.
inside() { # ENGINE COMMAND...
	local engine=$1
	shift
	(cd "$WORK" && "$S" -e "$engine" "${map[@]}" "$@") >"$WORK/said" 2>&1
}
strace_inside() {
	inside "$1" strace -f -o "$WORK/calls" -e trace=openat cat /opt/acme/file || return 1
	grep -q '^text$' "$WORK/said" && grep -q "openat.*$WORLD/file" "$WORK/calls"
}
gdb_inside() {
	inside "$1" gdb -nx -batch -ex 'break main' -ex run -ex 'print secret' -ex 'tbreak look' -ex continue -ex 'print *file@16' \
		-ex kill --args "$PROGRAMS/process-tracers" /opt/acme/file || return 1
	grep -q '= 4711' "$WORK/said" && grep -q '"/opt/acme/file' "$WORK/said"
}
ltrace_inside() {
	inside "$1" ltrace -o "$WORK/calls" cat /opt/acme/file && grep -q text "$WORK/said" && grep -q exited "$WORK/calls"
}
# A shell and all that it starts; and one that runs already.
strace_all() {
	inside "$1" strace -f -o "$WORK/calls" -e trace=openat,open sh -c 'ls /opt/acme; (exec cat /opt/acme/file); . /opt/acme/script' || return 1
	[ "$(tr '\n' ' ' <"$WORK/said")" = 'file interpreted program script text sourced ' ]
}
strace_running() {
	inside "$1" sh -c 'sh -c "while read -r x </opt/acme/file; do sleep 0.02; [ -e /opt/acme/script ] || exit 3; done" & pid=$!
		timeout 1 strace -o "$0" -p $pid >/dev/null 2>&1; kill $pid; wait $pid; echo $?' "$WORK/calls" || return 1
	[ "$(tail -n 1 "$WORK/said")" = 143 ] && grep -q "open.*$WORLD/file" "$WORK/calls"
}
echo 'echo sourced' >"$WORK/world/script"
for engine in "${ENGINES[@]}"; do
	check "strace inside [$engine]" strace_inside "$engine"
	check "gdb inside [$engine]" gdb_inside "$engine"
	check "ltrace inside [$engine]" ltrace_inside "$engine"
	check "strace inside, of all that a shell starts [$engine]" strace_all "$engine"
done
for engine in preload hybrid; do
	check "strace inside, of a program that runs [$engine]" strace_running $engine
done
running_is_refused() {
	inside trace sh -c 'sleep 5 & strace -o "$0" -p $!; kill $!' "$WORK/calls"
	grep -q 'Operation not permitted' "$WORK/said"
}
check 'strace inside, of a program that runs, is refused [trace]' running_is_refused

# What answers for those that were handed over is killed, and started again.
server_of() { # PID: of the launcher. Prints the server's
	local tracer child
	tracer=$(sed -n 's/^TracerPid:.//p' "/proc/$1/status")
	for child in $(cat "/proc/$tracer/task/$tracer/children"); do
		[ "$(cat "/proc/$child/comm")" != snapredir-serve ] || echo "$child"
	done
}
server_killed() {
	local i pid server before=0
	rm -f "$WORK/up" "$WORK/enough"
	timeout 60 "$S" -e "$1" "${map[@]}" strace -o /dev/null -f sh -c 'echo up >"$0.up"
		until [ -e "$0.enough" ]; do cat /opt/acme/file || exit 3; done; cat /opt/acme/script' "$WORK/" >"$WORK/said" 2>&1 &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$WORK/.up" ] || break
		sleep 0.05
	done
	read -r pid <"/proc/$pid/task/$pid/children"
	for ((i = 0; i < 3; i++)); do
		server=$(server_of "$pid")
		[ -n "$server" ] && [ "$server" != $before ] || return 1
		kill -KILL "$server"
		before=$server
		sleep 0.4
	done
	touch "$WORK/.enough"
	wait
	[ "$(sort -u "$WORK/said" | tr '\n' ' ')" = 'echo sourced text ' ]
}
check 'what answers for who was handed over is killed: another one answers [hybrid]' server_killed hybrid 2>/dev/null
rm -f "$WORK/.up" "$WORK/.enough"
check 'what answers for who was handed over is killed: another one answers [trace]' server_killed trace 2>/dev/null

# strace, gdb and ltrace from outside, of the launcher and all beneath it: no second tracer then.
outside() {
	"$@" "$S" "${map[@]}" cat /opt/acme/file >"$WORK/said" 2>"$WORK/err"
}
strace_outside() {
	outside strace -f -o "$WORK/calls" && [ "$(cat "$WORK/said")" = text ] &&
		grep -q '^snapredir: engine: preload, .*another tracer is attached already (strace, process [0-9]*)' "$WORK/err" &&
		[ "$(wc -l <"$WORK/err")" = 1 ]
}
check 'strace outside: preload, and one line that says why' strace_outside
gdb_outside() {
	gdb -nx -batch -ex 'set startup-with-shell off' -ex 'handle all nostop noprint pass' -ex run \
		--args "$S" "${map[@]}" cat /opt/acme/file >"$WORK/said" 2>&1
	grep -q '^text$' "$WORK/said" && grep -q 'another tracer is attached already (gdb' "$WORK/said"
}
check 'gdb outside: preload, and it says why' gdb_outside
required() {
	strace -f -o "$WORK/calls" "$S" --require trace "${map[@]}" cat /opt/acme/file >"$WORK/said" 2>&1
	[ $? = 125 ] && grep -q 'is required and cannot be had here: another tracer' "$WORK/said" && [ "$(wc -l <"$WORK/said")" = 1 ]
}
check 'strace outside, trace required: status 125' required
strace_of_trace() {
	strace -f -o "$WORK/calls" "$S" -e trace "${map[@]}" cat /opt/acme/file >"$WORK/said" 2>&1
	[ $? = 125 ] && grep -q 'another tracer is attached already (strace' "$WORK/said"
}
check 'strace outside, engine trace: status 125' strace_of_trace
strace_launcher() {
	strace -o "$WORK/calls" "$S" -e preload "${map[@]}" cat /opt/acme/file >"$WORK/said" 2>&1 && [ "$(cat "$WORK/said")" = text ]
}
check 'strace outside, engine preload: not a word' strace_launcher

# strace and gdb attach to a program that runs.
running() { # ENGINE: sets pid
	local i
	rm -f "$WORK/up"
	"$S" -e "$1" -l "$WORK/log" "${map[@]}" sh -c 'echo up >"$0"; while read -r x </opt/acme/file; do sleep 0.02; done' "$WORK/up" \
		</dev/null >/dev/null 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$WORK/up" ] || return 0
		sleep 0.05
	done
	return 1
}
ended() { # it still runs, and ends when it is told to
	kill -0 $pid && kill $pid
	wait $pid
	[ $? = 143 ]
}
attach() {
	running preload || return 1
	timeout -k 2 1 strace -f -o "$WORK/calls" -p $pid >"$WORK/said" 2>&1
	ended && grep -q "open.*$WORLD/file" "$WORK/calls"
}
check 'strace attaches to a program [preload]' attach 2>/dev/null
attach_gdb() {
	running preload || return 1
	gdb -nx -batch -p $pid -ex 'info registers' -ex detach >"$WORK/said" 2>&1
	ended && grep -q '^r.p  *0x\|^pc  *0x' "$WORK/said"
}
check 'gdb attaches to a program [preload]' attach_gdb 2>/dev/null
attach_refused() {
	running trace || return 1
	strace -o "$WORK/calls" -p $pid >"$WORK/said" 2>&1 && { echo 'attached'; return 1; }
	ended && grep -q 'Operation not permitted' "$WORK/said"
}
check 'strace is refused, and the program goes on [trace]' attach_refused 2>/dev/null

# What a program can read about itself.
sees_tracer() {
	local name
	name=$("$S" -e "$1" "${map[@]}" sh -c 'read -r x </opt/acme/file; pid=$(sed -n "s/^TracerPid:.//p" /proc/self/status)
		[ "$pid" = 0 ] && echo none || cat /proc/$pid/comm')
	[ "$name" = "$2" ] || { echo "$name"; return 1; }
}
check 'TracerPid names our tracer [trace]' sees_tracer trace snapredir-trace
check 'TracerPid is 0 [preload]' sees_tracer preload none
status_says() { # ENGINE WORDS
	[ "$("$S" -e "$1" "${map[@]}" sed -n 's/^\(NoNewPrivs\|Seccomp\):\t//p' /proc/self/status | paste -sd ' ')" = "$2" ]
}
check 'NoNewPrivs and Seccomp as without us [preload]' status_says preload '0 0'
if [ "$(id -u)" = 0 ]; then
	check 'with CAP_SYS_ADMIN no NoNewPrivs; one filter [trace]' status_says trace '0 2'
	for_everybody
	S=$SNAPREDIR
	as_nobody() {
		[ "$(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups "$S" -e "$1" "${map[@]}" \
			sed -n 's/^\(NoNewPrivs\|Seccomp\):\t//p' /proc/self/status | paste -sd ' ')" = "$2" ]
	}
	check 'NoNewPrivs for an ordinary user [trace]' as_nobody trace '1 2'
	ordinary() {
		(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups "$S" -e hybrid "${map[@]}" \
			"$PROGRAMS/process-tracers" /opt/acme/file busy) >"$WORK/said" 2>&1
		diff "$WORK/native.out" "$WORK/said"
	}
	dropped() {
		[ "$(cd / && "$S" -e "$1" "${map[@]}" setpriv --reuid=65534 --regid=65534 --clear-groups \
			strace -o /dev/null cat /opt/acme/file)" = text ]
	}
	check 'strace inside, of who was root when we began [trace]' dropped trace
	check 'strace inside, of who was root when we began [hybrid]' dropped hybrid
	check "an ordinary user's program traces its children and its parent [hybrid]" ordinary
	check 'none for an ordinary user [preload]' as_nobody preload '0 0'
else
	check 'NoNewPrivs for an ordinary user [trace]' status_says trace '1 2'
fi
finish
