#!/bin/bash
# SPDX-License-Identifier: MIT
# Job control: a shell inside and outside, stopped and continued jobs, reading and writing in the background, ctrl-C,
# ctrl-Z, the size of the terminal and its end; what the parent and /proc see of a stop.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh
needs python3 perl

export INPUTRC=/dev/null HISTFILE=/dev/null
TERMINAL=$PWD/tests/terminal
export TERMINAL
# The launcher in a file of its own: a job is called by its words, and those shall be the same.
cat >"$WORK/job" <<'END'
#!/bin/sh
exec $RUN "$@"
END
# It has no children: one that stops between vfork and exec keeps its parent from stopping, with and without us.
cat >"$WORK/ticks" <<'END'
#!/usr/bin/perl
$| = 1;
$SIG{CONT} = sub { print "back\n" };
$SIG{WINCH} = sub { system "stty size"; print "new size\n" };
$SIG{INT} = sub { print "interrupted\n"; exit 7 };
$SIG{QUIT} = sub { print "quit\n"; exit 8 };
$SIG{HUP} = sub { open my $file, ">", "hup"; print $file "hung up\n"; close $file; exit 9 };
print "up\n";
select undef, undef, undef, 0.1 while 1;
END
chmod +x "$WORK/job" "$WORK/ticks"
export JOB=$WORK/job TICKS=$WORK/ticks

# What is typed is not echoed, since that comes when it comes; nor are numbers of processes, nor what a shell says of
# a child of its own that the same key has ended; and it may tell of a stop once or twice.
clean='| tr -d "\r" | sed -E "s/([$] )+//g; /^\[1\] [0-9]+$/d; s/(\^.)?Quit$//; /^\[1\]. *Terminated/d; /^$/d" | uniq; exit ${PIPESTATUS[0]}'
typed() { # STATUS NAME SHELL, with what is typed on stdin
	{
		printf '%s\n' 'see $' 'type stty -echo; stops() { until [ "$(jobs -s)" ]; do sleep 0.05; done; }; echo re""ady\n' \
			'see ready' 'see $'
		sed 's/^\t*//'
	} >"$WORK/typed"
	input=$WORK/typed each -x "$1" "$2" "$3 $clean"
}
bash='bash --noediting --norc --noprofile -i'

# In a shell inside, jobs are called by the shell; outside, each job is a launcher.
for where in inside outside; do
	if [ $where = inside ]; then
		call='' shell='PS1="$ " PATH=/usr/bin:/bin $TERMINAL $RUN '$bash
	else
		call='$JOB ' shell='PS1="$ " PATH=/usr/bin:/bin $TERMINAL '$bash
	fi
	typed 3 "a shell $where: stop, list, go on, interrupt" "$shell" <<-END
		type $call\$TICKS\n
		see up
		type \x1a
		see Stopped
		see $
		type jobs\n
		see Stopped
		see $
		type fg\n
		see back
		type \x03
		see interrupted
		see $
		type echo status \$?\n
		see status 7
		see $
		type exit 3\n
	END
	typed 0 "a shell $where: in the background, stopped there, ended" "$shell" <<-END
		type $call\$TICKS >ticks & until [ -s ticks ]; do sleep 0.05; done\n
		see $
		type kill -STOP %1; stops; jobs\n
		see Stopped
		see $
		type bg; until grep -q back ticks; do sleep 0.05; done; jobs; kill %1; wait; echo status \$?\n
		see Running
		see status
		see $
		type cat ticks; exit\n
	END
	typed 0 "a shell $where: it may not read in the background" "$shell" <<-END
		type ${call}sh -c 'read x; echo "got \$x"' & stops; jobs\n
		see Stopped
		see $
		type fg\n
		see read x
		type a line\n
		see got a line
		see $
		type exit\n
	END
	typed 0 "a shell $where: it may not write in the background" "$shell" <<-END
		type stty tostop; ${call}sh -c 'echo hi''dden' & stops; jobs\n
		see Stopped
		see $
		type stty -tostop; fg\n
		see hidden
		see $
		type exit\n
	END
	typed 0 "a shell $where: quit, and a new size" "$shell" <<-END
		size 31 97
		type $call\$TICKS\n
		see up
		size 40 120
		see 40 120
		see new size
		type \x1c
		see quit
		see $
		type echo status \$?; stty size; exit\n
	END
	typed 0 "a shell $where: pipelines are one job" "$shell" <<-END
		type $call\$TICKS | cat\n
		see up
		type \x1a
		see Stopped
		see $
		type fg\n
		see back
		type \x03
		see $
		type echo status \${PIPESTATUS[*]}; exit\n
	END
done
printf 'see up\nhang up\n' >"$WORK/typed"
input=$WORK/typed each -x 9 -o 'up
hung up' 'the terminal goes away' '$TERMINAL $RUN $TICKS | tr -d "\r"; status=${PIPESTATUS[0]}; cat hup; exit $status'

# What the parent hears by waitid(2), and reads in /proc.
cat >"$WORK/parent.py" <<'END'
import os, signal, sys, time
pid = os.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while not os.path.exists("up"):
    time.sleep(0.01)
for sig in "STOP", "TSTP", "TTIN", "TTOU":
    os.kill(pid, signal.Signals["SIG" + sig])
    said = os.waitid(os.P_PID, pid, os.WSTOPPED)
    print(sig, said.si_code == os.CLD_STOPPED, said.si_status)
    os.kill(pid, signal.SIGCONT)
    said = os.waitid(os.P_PID, pid, os.WCONTINUED)
    print("CONT", said.si_code == os.CLD_CONTINUED, said.si_status)
os.kill(pid, signal.SIGSTOP)
os.waitid(os.P_PID, pid, os.WSTOPPED)
os.kill(pid, signal.SIGTERM)
time.sleep(0.2)
print("a signal while stopped:", os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOHANG))
os.kill(pid, signal.SIGCONT)
print("then:", os.waitid(os.P_PID, pid, os.WEXITED).si_status)
END
each -o "STOP True 19
CONT True 18
TSTP True 20
CONT True 18
TTIN True 21
CONT True 18
TTOU True 22
CONT True 18
a signal while stopped: None
then: 15" 'the parent hears of stops and of going on' 'python3 "$0" $RUN sh -c "echo >up; exec sleep 60"' "$WORK/parent.py"

# proc(5): T is stopped, t is stopped by a tracer, which is what a group-stop is for whoever is traced.
state() { # ENGINE WANTED
	local pid i state=''
	# shellcheck disable=SC2046 # words
	$(with "$1") sh -c 'echo up >"$0"; exec sleep 60' "$WORK/up.$1" &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$WORK/up.$1" ] || break
		sleep 0.05
	done
	kill -STOP $pid
	for ((i = 0; i < 40; i++)); do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' /proc/$pid/status)
		[ "$state" != "$2" ] || break
		sleep 0.05
	done
	kill -KILL $pid
	wait $pid
	[ "$state" = "$2" ] || { echo "state $state"; return 1; }
}
check '/proc says of a stopped process: T [preload]' state preload T 2>/dev/null
check '/proc says of a stopped process: t [trace]' state trace t 2>/dev/null
finish
