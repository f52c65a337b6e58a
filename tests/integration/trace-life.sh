#!/bin/bash
# SPDX-License-Identifier: MIT
# Begin and end: one pid, the program's own status at once, no tracee without its tracer, no tracer without tracees.
. tests/lib.sh

mkdir "$WORK/target"
echo text >"$WORK/target/file"
run=("$SNAPREDIR" -e trace -m "/opt/acme=$WORK/target" --)

# The tracer of process PID.
tracer_of() { sed -n 's/^TracerPid:\t//p' "/proc/$1/status" 2>/dev/null; }
# gone PID: it ends within five seconds; a zombie that waits for us has ended
gone() {
	local i state
	for ((i = 0; i < 100; i++)); do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
		[ -n "$state" ] && [ "$state" != Z ] || return 0
		sleep 0.05
	done
	echo "process $1 is still there"
	return 1
}
# started FILE: wait until the program has written FILE
started() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	echo 'it did not start'
	return 1
}

one_pid() {
	"${run[@]}" sh -c 'echo $$ $PPID' >"$WORK/pids" &
	local pid=$!
	wait $pid && [ "$(cat "$WORK/pids")" = "$pid $$" ]
}
check 'the program has the pid and the parent that it was started with' one_pid

status_is() { # STATUS COMMAND
	local status=0
	"${run[@]}" sh -c "$2" || status=$?
	[ $status = "$1" ] || { echo "status $status instead of $1"; return 1; }
}
check 'status 0' status_is 0 'cat /opt/acme/file >/dev/null'
check 'status 7' status_is 7 'exit 7'
check 'status 255' status_is 255 'exit 255'
check 'the last background process does not decide' status_is 3 '(sleep 0.2; exit 9) & exit 3'
for signal in TERM KILL SEGV ALRM USR1; do # not HUP: nohup ignores it
	check "death by $signal" status_is $((128 + $(kill -l $signal))) "kill -$signal \$\$"
done

at_once() {
	local before=${EPOCHREALTIME/./} after
	"${run[@]}" sh -c 'sleep 3 </dev/null >/dev/null 2>&1 & echo $! >"$0"' "$WORK/sleeper" | cat || return 1
	after=${EPOCHREALTIME/./}
	kill "$(cat "$WORK/sleeper")"
	[ $((after - before)) -lt 2000000 ] || { echo "$((after - before)) us"; return 1; }
}
check 'the end of a pipe is seen although a child in the background lives on' at_once

in_background() {
	rm -f "$WORK/seen"
	# shellcheck disable=SC2016 # for the inner shells
	"${run[@]}" sh -c '(sleep 0.3; cat /opt/acme/file >"$0") </dev/null >/dev/null 2>&1 & exit 0' "$WORK/seen" || return 1
	started "$WORK/seen" && [ "$(cat "$WORK/seen")" = text ]
}
check 'a child that outlives the program is still redirected' in_background

tracer_leaves() {
	"${run[@]}" sh -c 'grep TracerPid /proc/self/status >"$0"; sleep 0.2' "$WORK/tracer" || return 1
	gone "$(sed 's/.*\t//' "$WORK/tracer")"
}
check 'the tracer leaves with its last tracee' tracer_leaves

tracer_dies() {
	rm -f "$WORK/up"
	# shellcheck disable=SC2016 # for the inner shells
	"${run[@]}" sh -c 'sleep 30 & echo $! >"$0"; while cat /opt/acme/file >/dev/null; do :; done' "$WORK/up" &
	local pid=$! status=0
	started "$WORK/up" || return 1
	kill -KILL "$(tracer_of $pid)"
	wait $pid || status=$?
	[ $status = 137 ] && gone "$(cat "$WORK/up")"
}
check 'without the tracer nothing runs on' tracer_dies 2>/dev/null

program_dies() {
	rm -f "$WORK/up"
	"${run[@]}" sh -c 'echo up >"$0"; exec sleep 30' "$WORK/up" &
	local pid=$! tracer
	started "$WORK/up" || return 1
	tracer=$(tracer_of $pid)
	kill -KILL $pid
	wait $pid
	[ $? = 137 ] && gone "$tracer"
}
check 'no tracer is left when the program is killed' program_dies 2>/dev/null

group_signal() {
	rm -f "$WORK/up"
	# shellcheck disable=SC2016 # for the inner shells
	setsid "${run[@]}" sh -c 'trap "cat /opt/acme/file; exit 5" TERM; echo up >"$0"; while :; do sleep 0.1; done' \
		"$WORK/up" >"$WORK/said" &
	local pid=$! status=0
	started "$WORK/up" || return 1
	kill -TERM -- -$pid
	wait $pid || status=$?
	[ $status = 5 ] && [ "$(cat "$WORK/said")" = text ]
}
check 'a signal to the whole group lets the program end in its own way' group_signal 2>/dev/null

tracer_is_apart() {
	rm -f "$WORK/up"
	"${run[@]}" sh -c 'echo up >"$0"; exec sleep 30' "$WORK/up" >"$WORK/said" 2>&1 </dev/null &
	local pid=$! tracer
	started "$WORK/up" || return 1
	tracer=$(tracer_of $pid)
	{
		find "/proc/$tracer/fd" -type l -printf '%l\n' | grep -v '^/memfd:snapredir-rules '
		[ "$(readlink "/proc/$tracer/cwd")" = / ] || echo 'another cwd'
		[ "$(ps -o sid= -p "$tracer" | tr -d ' ')" != "$(ps -o sid= -p $pid | tr -d ' ')" ] || echo 'the same session'
		[ "$(ps -o ppid= -p "$tracer" | tr -d ' ')" != $pid ] || echo 'a child of the program'
	} >"$WORK/found"
	kill $pid
	wait $pid
	[ ! -s "$WORK/found" ] || { cat "$WORK/found"; return 1; }
}
check 'the tracer holds no descriptor, cwd or session of the program, and is not its child' tracer_is_apart 2>/dev/null

as_without() { # COMMAND
	sh -c "$1" >"$WORK/said" 2>&1
	mv "$WORK/said" "$WORK/native"
	"${run[@]}" sh -c "$1" >"$WORK/said" 2>&1
	mv "$WORK/said" "$WORK/traced"
	diff "$WORK/native" "$WORK/traced"
}
check 'descriptors as without us' as_without 'ls -l /proc/self/fd | awk "{print \$9, \$11}" | grep -v "/proc/\|pipe"'
check 'children: none that the program did not make' as_without 'read -r c </proc/$$/task/$$/children; echo "children: $c"'
check 'environment as without us' as_without 'env | grep -v "^_=" | sort'
check 'limits, umask, niceness, signals as without us' as_without \
	'ulimit -a; umask; nice; grep -E "^(Sig[BIC]|Shd|Cpus)" /proc/self/status'
(
	trap '' INT USR1
	check 'ignored signals as without us' as_without 'grep "^Sig[IB]" /proc/self/status'
)
tests=$((tests + 1))

many() {
	# shellcheck disable=SC2016 # for the inner shell
	[ "$("${run[@]}" sh -c 'i=0; while [ $i -lt 600 ]; do /bin/cat /opt/acme/file & i=$((i + 1))
		[ $((i % 60)) != 0 ] || wait; done; wait' | grep -c text)" = 600 ]
}
check '600 processes, 60 at once' many
finish
