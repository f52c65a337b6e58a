#!/bin/bash
# SPDX-License-Identifier: MIT
# Endings: status and death by signal as they were, with the core dump where one is configured; at once, whatever runs in
# the background; nothing of us is left.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh
needs python3

cat >"$WORK/end.py" <<'END'
import os, signal, sys
def run(what, *command):
    pid = os.fork()
    if pid == 0:
        os.execvp(command[0], command)
    status = os.waitpid(pid, 0)[1]
    if os.WIFEXITED(status):
        print(what, "ends with", os.WEXITSTATUS(status))
    else:
        print(what, "dies of", os.WTERMSIG(status), "with a core" if os.WCOREDUMP(status) else "")
    for name in os.listdir("."):
        if name.startswith("core"):
            with open(name, "rb") as file:
                print(what, "left a core:", file.read(4) == b"\x7fELF")
            os.unlink(name)
launcher = sys.argv[1:]
for status in 0, 1, 7, 124, 125, 126, 127, 128, 137, 255:
    run(status, *launcher, "sh", "-c", f"exit {status}")
for name in "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ VTALRM PROF SYS".split():
    run(name, *launcher, "sh", "-c", f"trap - {name}; kill -{name} $$")
END
# Where they go to another directory, no test fills that. Where a program takes them (core(5): whatever the limit is) the
# flag of the status tells in the second test.
if grep -qv '^[|/]' /proc/sys/kernel/core_pattern; then
	core=unlimited each 'statuses and deaths, with cores' 'python3 "$0" $RUN; ls' "$WORK/end.py"
else
	skip 'statuses and deaths, with cores' 'this machine hands cores to a program or another directory'
fi
each 'statuses and deaths' 'python3 "$0" $RUN; ls' "$WORK/end.py"

each -o 'status 3' 'the status comes at once' 'before=${EPOCHREALTIME/./}
	$RUN sh -c "sleep 20 </dev/null >/dev/null 2>&1 & echo \$! >sleeper; exit 3"; echo status $?
	after=${EPOCHREALTIME/./}
	kill "$(cat sleeper)"
	[ $((after - before)) -lt 5000000 ] || echo "after $((after - before)) us"'
each -o 'text
after its parent' 'what runs in the background goes on' 'echo text >file
	$RUN sh -c "(sleep 0.3; cat ${RUN:+/opt/acme/}file >late; echo after its parent >>late) </dev/null >/dev/null 2>&1 & exit 0"
	for i in $(seq 150); do [ "$(wc -l <late 2>/dev/null)" = 2 ] && break; sleep 0.1; done
	cat late' 2>/dev/null

# Nothing is left: no process of ours, no zombie, no file.
left() {
	local before after i
	before=$(ls -A /tmp "$TMPDIR" /dev/shm /run 2>/dev/null)
	# shellcheck disable=SC2046 # words
	$(with "$1") sh -c 'echo up >"$0"; sleep 30 & sleep 30' "$WORK/up.$1" &
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$WORK/up.$1" ] || break
		sleep 0.05
	done
	pkill -KILL -P $!
	kill -KILL $!
	wait $!
	for ((i = 0; i < 100; i++)); do
		pgrep -f "$WORK/target" >/dev/null || break
		sleep 0.05
	done
	if pgrep -a -f "$WORK/target"; then return 1; fi
	after=$(ls -A /tmp "$TMPDIR" /dev/shm /run 2>/dev/null)
	[ -z "$(comm -13 <(sort <<<"$before") <(sort <<<"$after") | grep -i snapredir | grep -v -- '-test\|^snapredir-[a-z]*-*[a-z]*\.')" ]
}
for engine in "${ENGINES[@]}"; do
	check "killed, it leaves nothing [$engine]" left "$engine" 2>/dev/null
done
finish
