#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo's snap, packed by the real snap pack, run by the real snap run, snap-confine and snap-exec: as a classic snap
# everything is redirected, in a strict one (its mount namespace, its filter) dynamic programs are, and static ones
# named. Apps, service commands, hook, shell and completion; root and an ordinary user.
. tests/lib.sh
needs snap mksquashfs unsquashfs taskset
[ -x "$SNAPREDIR_BUILD/acme/acme-sync" ] || skip_all 'the Go part of the demo cannot be built here'

world=$PWD/tests/snap/world
# snap_dir NAME CONFINEMENT: $WORK/NAME, with the demo's snap in it
snap_dir() {
	local dir=$WORK/$1
	mkdir -p "$dir/snaps"
	chmod 755 "$dir"
	snap/demo/stage "$SNAPREDIR_BUILD" "$dir/stage"
	sed -i "s/^confinement: .*/confinement: $2/" "$dir/stage/snap/meta/snap.yaml"
	chmod -R a+rX "$dir/stage/snap"
	snap pack "$dir/stage/snap" "$dir/snaps"
}
# in_world NAME, script on standard input: output and errors in $WORK/{out,err}
in_world() {
	cat - >"$WORK/$1/script"
	status=0
	timeout 200 "$world" "$WORK/$1" bash "$WORK/$1/script" "$WORK/$1" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
}
mkdir "$WORK/none"
in_world none <<<true
[ $status != 99 ] || skip_all "no world with snaps here: $(tail -1 "$WORK/err")"
check 'snap pack takes the demo as a classic snap' snap_dir classic classic

# part TITLE: what the script said between `== TITLE` and the next such line, with process ids taken out
part() { sed -n "/^== $1\$/,/^== /{/^== /d;p}" "$WORK/out" | sed -E 's/\[[0-9]+\]/[PID]/'; }
# is NAME TITLE, expected text on standard input
is() {
	cat >"$WORK/wanted"
	if part "$2" | diff -u --label wanted --label got "$WORK/wanted" - >"$WORK/why"; then
		ok "$1"
	else
		{ cat "$WORK/why"; echo 'standard error:'; tail -20 "$WORK/err"; } >"$WORK/whole"
		not_ok "$1" <"$WORK/whole"
	fi
}

# What both scripts do. The service is waited for by what it writes.
cat >"$WORK/session" <<'END'
as() { setpriv --reuid 4242 --regid 4242 --clear-groups "$@"; }
until_line() { # FILE TEXT
	for _ in $(seq 600); do
		! grep -qs "^$2" "$1" || return 0
		sleep 0.1
	done
	echo "no line $2 in $1"
}
echo '== hook'
snap run --hook=install acme
ls /var/snap/acme/x1
echo '== root'
snap run acme 2>&1
echo "status $?"
echo '== user'
export SNAPREDIR_LOG=/home/snapper/log
as snap run acme 2>&1
echo "status $?"
unset SNAPREDIR_LOG
echo '== user log'
grep -h 'is a static program' /home/snapper/log
echo '== files'
(cd /home/snapper/snap/acme/common/lib && ls)
ls -d /opt/acme /etc/acme.conf /usr/share/acme /var/lib/acme 2>/dev/null
echo '== service'
export SNAPREDIR_ENGINE=$ENGINE
snap run acme.agent &
log=/root/snap/acme/common/lib/agent.log
until_line $log started
snap run --command=reload acme.agent
until_line $log reloaded
snap run --command=stop acme.agent
wait $!
echo "status $?"
cat $log
echo '== shell'
as snap run --shell acme -c 'cd /opt/acme && pwd && cat /etc/acme.conf'
END

everything=$(
	cat <<'END'
acme[PID]: /etc/acme.conf             read, edition professional
acme[PID]: /usr/share/acme            listed, 2 files of 166 bytes
acme[PID]: /var/lib/acme/runs         written, run number 1
acme[PID]: /opt/acme/bin/..           entered, getcwd says /opt/acme
acme-index[PID]: /var/lib/acme/index       written, 5 articles
acme-sync[PID]: /var/lib/acme/sync.json    written, 2 checksums
acme-report[PID]: /var/lib/acme/report.txt written, 8 lines
status 0
END
)
service=$'status 0\nstarted\nreloaded, 1 settings\nstopped'
shell=$'/opt/acme\n# settings of acme, as the vendor ships them\nedition = professional'

in_world classic < <(echo ENGINE=; cat "$WORK/session"; cat <<'END'
echo '== completion'
. /usr/lib/snapd/complete.sh
COMP_TYPE=9 COMP_KEY=9 COMP_POINT=5 COMP_CWORD=1 COMP_LINE='acme c' COMP_WORDS=(acme c)
_complete_from_snap acme.acme
echo "${COMPREPLY[@]}"
END
)
is 'classic: the install hook' hook <<<acme.conf
is 'classic: an app as root' root <<<"$everything"
is 'classic: an app as an ordinary user' user <<<"$everything"
is 'classic: no program is named that is not redirected' 'user log' </dev/null
is 'classic: files lie in the snap, nowhere else' files <<<$'index\nreport.txt\nruns\nsync.json'
is 'classic: a service, its reload and its stop command' service <<<"$service"
is 'classic: a shell' shell <<<"$shell"
if [ -e /usr/share/bash-completion/bash_completion ]; then
	is 'classic: bash completion' completion <<<'catalogue.txt customers.txt'
else
	skip 'classic: bash completion' 'bash-completion is not installed'
fi

# Layouts in place of rules, which snap pack lets a classic snap have and snapd ignores.
layouts() {
	snap_dir layouts classic
	rm "$WORK"/layouts/stage/snap/meta/snapredir.rules "$WORK"/layouts/snaps/*
	cat >>"$WORK/layouts/stage/snap/meta/snap.yaml" <<'END'
layout:
  /opt/acme: {bind: $SNAP/opt/acme}
  /usr/share/acme: {symlink: $SNAP/usr/share/acme}
  /etc/acme.conf: {bind-file: $SNAP_DATA/acme.conf}
  /var/lib/acme: {bind: $SNAP_COMMON/lib}
END
	snap pack "$WORK/layouts/stage/snap" "$WORK/layouts/snaps"
}
check 'snap pack takes layouts of a classic snap' layouts
in_world layouts <<'END'
snap run --hook=install acme
echo '== root'
snap run acme 2>&1
echo "status $?"
echo '== user'
setpriv --reuid 4242 --regid 4242 --clear-groups snap run --shell acme -c 'cat /var/lib/acme/runs; readlink /usr/share/acme; : >/var/lib/acme/x' 2>&1
ls /var/snap/acme/common/lib
END
is 'classic, by layouts: an app as root' root <<<"$everything"
is 'classic, by layouts: an ordinary user, who may read what is root'\''s' user <<'END'
1
/snap/acme/x1/usr/share/acme
/bin/bash: line 1: /var/lib/acme/x: Permission denied
index
report.txt
runs
sync.json
END

# The namespace of a strict snap has the base's root directory, the machine's /etc, and the filter.
check 'snap pack takes it as a strict snap' snap_dir strict strict
check 'a base for it' tests/snap/base "$WORK/strict/base"
check 'snap pack takes that' snap pack "$WORK/strict/base" "$WORK/strict/snaps"
check 'the filter of a strict snap' tests/snap/strict-filter.py "$WORK/strict/acme.bin"
lost='snapredir: engine: preload, since programs cannot be traced here: ptrace gives "Operation not permitted": the seccomp profile of this container or snap forbids it; a profile that allows ptrace, or a classic or devmode snap, would change that; static programs and direct system calls are not redirected (-e preload accepts that, --require trace refuses it)'
dynamic=$(
	cat <<'END'
acme[PID]: /etc/acme.conf             read, edition professional
acme[PID]: /usr/share/acme            listed, 2 files of 166 bytes
acme[PID]: /var/lib/acme/runs         written, run number 1
acme[PID]: /opt/acme/bin/..           entered, getcwd says /opt/acme
acme-index[PID]: /usr/share/acme/catalogue.txt FAILED: No such file or directory
acme[PID]: /opt/acme/bin/acme-index   FAILED: ended with an error
acme-sync[PID]: /etc/acme.conf             FAILED: no such file or directory
acme[PID]: /opt/acme/bin/acme-sync    FAILED: ended with an error
acme-report[PID]: /var/lib/acme/report.txt written, 8 lines
status 1
END
)
in_world strict < <(echo ENGINE=preload; cat "$WORK/session"; cat <<'END'
echo '== confinement'
as snap run --shell acme -c 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; ls /usr/share; ls -d /var/lib/snapd/hostfs/usr/share'
END
)
is 'strict: the install hook' hook <<<acme.conf
is 'strict: an app as root, told once what is lost' root <<<"$lost"$'\n'"$dynamic"
is 'strict: an app as an ordinary user' user <<<"$lost"$'\n'"$dynamic"
is 'strict: static programs are named in the log' 'user log' <<'END'
snapredir[PID] preload: execve "/opt/acme/bin/acme-index" is a static program, which engine preload does not redirect (/snap/acme/x1/meta/snapredir.rules:2 bind /opt/acme)
snapredir[PID] preload: execve "/opt/acme/bin/acme-sync" is a static program, which engine preload does not redirect (/snap/acme/x1/meta/snapredir.rules:2 bind /opt/acme)
END
is 'strict: files lie in the snap, nowhere else' files <<<$'report.txt\nruns'
is 'strict: a service, its reload and its stop command' service <<<"$service"
is 'strict: a shell' shell <<<"$shell"
is 'strict: it was one' confinement <<<$'NoNewPrivs:\t0\nSeccomp:\t2\nacme\n/var/lib/snapd/hostfs/usr/share'
check 'no loop device is left' test -z "$(losetup -nO BACK-FILE | grep -F "$WORK")"
finish
