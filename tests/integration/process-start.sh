#!/bin/bash
# SPDX-License-Identifier: MIT
# Being started: family, terminal, limits, signals, descriptors and environment are those without us, however the
# program is started.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh
needs script setpriv setsid nohup timeout perl

sees='"$0"; exit $?'
by() { # NAME SCRIPT: with the program in $0
	each "$1" "$2" "$PROGRAMS/process-start"
}

by 'by a shell' 'STARTED_BY=$$ $RUN '"$sees"
each 'a static program' 'STARTED_BY=$$ $RUN '"$sees" "$PROGRAMS/process-start-static"
if [ -x "$PROGRAMS/process-start-32" ]; then
	each 'a 32-bit program' 'STARTED_BY=$$ $RUN '"$sees" "$PROGRAMS/process-start-32"
else
	skip 'a 32-bit program' 'not built on this machine'
fi
by 'with arguments that are empty or look like options' '$RUN "$0" "" "a b" -- --help -e; exit $?'
by 'in place of the shell' 'exec $RUN "$0"'
by 'in a session of its own' 'setsid -w $RUN '"$sees"
by 'by timeout' 'timeout 30 $RUN '"$sees"
by 'by nohup' 'nohup $RUN "$0" 2>&1; exit $?'
by 'by nice and with an affinity' 'nice -n 7 taskset 1 $RUN '"$sees"
by 'with an io priority and for batches' 'ionice -c 3 chrt -b 0 $RUN '"$sees"
by 'by xargs' 'echo 1 2 3 4 | xargs -n 2 $RUN '"$sees"
by 'by find' 'touch x; find x -exec $RUN "$0" {} \; ; exit $?'
by 'by env, with nothing' 'env -i $RUN '"$sees"
by 'with other variables of the kind' 'LD_LIBRARY_PATH=/nowhere:/usr LD_BIND_NOW=1 A= $RUN '"$sees"
by 'as cron starts it' 'cd /; env -i HOME=/ SHELL=/bin/sh PATH=/usr/bin:/bin setsid -w sh -c "$RUN $0" </dev/null 2>&1; exit $?'
# A sanitizer's shadow needs more than any limit of memory.
memory=' -v 4000000'
! grep -q __asan_init "$SNAPREDIR" || memory=''
by 'with small limits' "ulimit -c 0 -t 900 -f 100000 -s 4096 -u 4000 -l 64$memory; "'$RUN '"$sees"
by 'with few descriptors' 'ulimit -S -n 16; $RUN '"$sees"
by 'with a limit below the descriptors in use' 'exec 900</dev/null; ulimit -S -n 32; $RUN '"$sees"
# A hard limit below 1000 leaves the shim no place out of sight.
each -e trace 'with few descriptors for ever' 'ulimit -n 16; $RUN '"$sees" "$PROGRAMS/process-start"
by 'with a closed input' '$RUN "$0" <&-; exit $?'
by 'with nothing open but the output' '$RUN "$0" <&- 2>&-; exit $?'
by 'with descriptors of all kinds' '$RUN "$0" 3</dev/null 9>>x 200<>y 800</ | cat; exit ${PIPESTATUS[0]}'
by 'with ignored signals' 'trap "" HUP INT QUIT PIPE CHLD TSTP TTOU USR1; $RUN '"$sees"
by 'with blocked and waiting signals' 'perl -e "use POSIX; my \$s = POSIX::SigSet->new;
	\$s->fillset; sigprocmask(SIG_SETMASK, \$s); kill \"USR1\", \$\$; kill \"CHLD\", \$\$; kill \"TERM\", \$\$; exec @ARGV" -- $RUN "$0"'
by 'with a timer that runs' 'perl -e "alarm 5000; exec @ARGV" -- $RUN "$0"'
by 'with a death signal' 'setpriv --pdeathsig TERM $RUN '"$sees"
by 'as a subreaper' 'perl -e "require \"syscall.ph\"; syscall(&SYS_prctl, 36, 1, 0, 0, 0) == 0 or die; exec @ARGV" -- $RUN '"$sees"
by 'another personality' 'setarch -R $RUN '"$sees"
by 'with a terminal' 'script -qec "$RUN $0" /dev/null </dev/null; exit $?'
by 'with a terminal, in the background' 'script -qec "bash -mc '\''$RUN $0 & wait'\''" /dev/null </dev/null | grep -v "Done "'
if [ "$(id -u)" = 0 ]; then
	for_everybody
	chmod 755 "$WORK/run" 2>/dev/null
	cp "$PROGRAMS/process-start" "$WORK/program"
	each 'as another user' 'setpriv --reuid=65534 --regid=65534 --clear-groups $RUN '"$sees" "$WORK/program"
	each 'with some capabilities' 'setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+net_raw,+chown \
		--ambient-caps=+net_raw,+chown $RUN '"$sees" "$WORK/program"
	each 'with groups' 'setpriv --reuid=65534 --regid=65534 --groups=1,2,3,65000 $RUN '"$sees" "$WORK/program"
	each 'by runuser' 'runuser -u nobody -- $RUN '"$sees" "$WORK/program"
	if command -v sudo >/dev/null; then
		each 'by sudo -u' 'sudo -n -u nobody $RUN "$0" 2>&1 | grep -v "^environment: SUDO"' "$WORK/program"
	else
		skip 'by sudo -u' 'sudo is not installed'
	fi
	each 'in a namespace of processes' 'unshare -pf --mount-proc $RUN '"$sees" "$WORK/program"
else
	skip 'as another user' 'needs root'
fi

# A script whose #! line names the launcher.
shebang() {
	local said
	printf '#!%s -mtext=%s\nthis is not read\n' "$SNAPREDIR" "$WORK" >"$WORK/script"
	chmod +x "$WORK/script"
	said=$("$WORK/script" 2>&1)
	[ $? = 125 ] && [[ $said == "snapredir: "* ]] && [ "$(wc -l <<<"$said")" = 1 ]
}
check 'a #! line names the launcher with a rule that is wrong: one line, status 125' shebang
endless() {
	local said
	printf '#!%s %s\necho text\n' "$SNAPREDIR" "$1" >"$WORK/script"
	said=$(timeout 20 "$WORK/script" 2>&1)
	[ $? = 126 ] && grep -q "^snapredir: $WORK/script: is a script for snapredir, .*#!/usr/bin/env -S snapredir" <<<"$said" && [ "$(wc -l <<<"$said")" = 1 ]
}
check 'a #! line names the launcher alone: it says so' endless ''
check 'a #! line names the launcher and an option: it says so' endless -epreload
good_shebang() { # ENGINE FIRST-LINE
	local said
	printf '#!%s\ncat /opt/acme/file\necho "$0 $*"\n' "$2" >"$WORK/script"
	echo "bind /opt/acme $WORK/target" >"$WORK/rules"
	said=$(SNAPREDIR_RULES=$WORK/rules SNAPREDIR_ENGINE=$1 "$WORK/script" a 'b  c' 2>&1) &&
		diff <(printf 'text\n%s a b  c\n' "$WORK/script") - <<<"$said"
}
for engine in "${ENGINES[@]}"; do
	check "a #! line names the launcher and a program [$engine]" good_shebang "$engine" "$SNAPREDIR sh"
	check "a #! line names env -S, the launcher, an option and a program [$engine]" \
		good_shebang "$engine" "/usr/bin/env -S $SNAPREDIR --require $engine -- sh"
done

# A real cron, in namespaces of its own: its jobs are those of a crontab for when it starts. Without PAM's session
# modules, which want more of the machine.
by_cron() { # ENGINE
	local launcher=''
	[ "$1" = native ] || launcher=$(with "$1")
	rm -rf "$WORK/cron" && mkdir -p "$WORK/cron/spool" "$WORK/cron/etc" && chmod 755 "$WORK/cron"
	printf '@reboot %s %s >%s/out 2>&1; echo status $? >>%s/out; mv %s/out %s/done\n' \
		"$launcher" "$WORK/program" "$WORK/cron" "$WORK/cron" "$WORK/cron" "$WORK/cron" >"$WORK/cron/spool/root"
	chmod 600 "$WORK/cron/spool/root"
	printf 'auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\n' >"$WORK/cron/pam"
	# shellcheck disable=SC2016 # for the inner shell
	timeout -k 5 60 unshare -mpf --mount-proc --kill-child sh -c 'mount -t tmpfs none /run && mount --bind "$0/etc" /etc/cron.d &&
		mount --bind "$0/spool" /var/spool/cron/crontabs && mount --bind /dev/null /etc/crontab && mount --bind "$0/pam" /etc/pam.d/cron &&
		{ cron -f >"$0/said" 2>&1 & for i in $(seq 500); do [ -e "$0/done" ] && break; sleep 0.05; done; }' "$WORK/cron" || return 1
	cp "$WORK/cron/done" "$WORK/cron.$1" && grep -qx 'status 0' "$WORK/cron.$1"
}
as_by_cron() {
	by_cron "$1" && diff "$WORK/cron.native" "$WORK/cron.$1"
}
if [ "$(id -u)" = 0 ] && command -v cron >/dev/null; then
	check 'by cron [native]' by_cron native
	for engine in "${ENGINES[@]}"; do
		check "by cron [$engine]" as_by_cron "$engine"
	done
else
	skip 'by cron' 'needs root and cron'
fi
finish
