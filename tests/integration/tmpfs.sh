#!/bin/bash
# SPDX-License-Identifier: MIT
# tmpfs: as a mounted one, shared by the processes of the run, gone after it, also if the run was killed.
# shellcheck disable=SC2016 # rules and programs hold $T
. tests/lib.sh

export TMPDIR=$WORK/places
unset XDG_RUNTIME_DIR
mkdir "$TMPDIR"
chmod 1777 "$TMPDIR"
prepare() {
	mkdir -p target/sub there/inside
	echo text >target/file
	echo hidden >there/file
}

rules <<'END'
bind /opt/acme $T/target
tmpfs /opt/acme/cache mode=0750
tmpfs $T/there
tmpfs /var/empty/acme/deep
bind /opt/acme/cache/kept $T/target/sub
END
same 'modes, listings, what is beneath' sh -c '
	stat -c "%a %F %U" /opt/acme/cache "$T/there" /var/empty/acme/deep
	ls -a /opt/acme /opt/acme/cache "$T/there" /var/empty/acme/deep; ! cat "$T/there/file"'
same -u 'modes' sh -c 'stat -c %a /opt/acme/cache "$T/there"; echo x >"$T/there/x"; cat "$T/there/x"'
same 'files in it' sh -c '
	cd /opt/acme/cache && echo one >one && mkdir dir && ln -s one link && cat link && mv one dir/two && ls -R . && pwd -P
	readlink -f dir/../link; mkdir "$T/there/dir" && cd "$T/there/dir" && pwd -P && cd .. && pwd -P'
same 'its borders' sh -c '
	echo one >/opt/acme/cache/one; ln /opt/acme/cache/one /opt/acme/one; ln /opt/acme/file /opt/acme/cache/file
	mv /opt/acme/cache/one /opt/acme/moved; cat /opt/acme/moved; rm /opt/acme/moved
	rmdir /opt/acme/cache; mv /opt/acme/cache /opt/acme/other; rmdir "$T/there"; rm -rf "$T/there"; ls -d "$T/there"
	echo kept >/opt/acme/cache/kept/file; cat "$T/target/sub/file"'
same 'programs of one run share it' sh -c '
	echo one | cat >/opt/acme/cache/one; sh -c "cat /opt/acme/cache/one; echo two >/opt/acme/cache/two" & wait
	cat /opt/acme/cache/two; python3 -c "
import os, subprocess
subprocess.run([\"cat\", \"/opt/acme/cache/one\"], close_fds=True)
os.closerange(3, 4096)
os.execv(\"/bin/cat\", [\"cat\", \"/opt/acme/cache/two\"])"'
# What says of a program that it is of the run: taken from it, or kept from the next one.
same 'other descriptors are where ours were' python3 -c '
import os
os.closerange(3, 4096)
null = os.open("/dev/null", os.O_RDONLY)
for fd in range(990, 1010):
    os.dup2(null, fd)
def spawn():
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    return len(os.listdir("/proc/self/fd"))
first = spawn()
print([spawn() - first for _ in range(4)])'
same 'no descriptor is to be inherited' sh -c '
	echo one >/opt/acme/cache/one
	exec python3 -c "
import os
for fd in map(int, os.listdir(\"/proc/self/fd\")):
    if fd > 2 and os.path.exists(\"/proc/self/fd/%d\" % fd):
        os.set_inheritable(fd, False)
os.execv(\"/bin/cat\", [\"cat\", \"/opt/acme/cache/one\"])"'

# ---- its end ----
rules <<'END'
tmpfs /opt/acme
END
# empty NAME: nothing is left of any run, within some time
empty() {
	for ((i = 0; i < 200; i++)); do
		[ -n "$(ls "$TMPDIR")" ] || break
		sleep 0.05
	done
	check "$1" test -z "$(ls "$TMPDIR")"
}
# The process beside the program, which removes the directory: known by its name once it is at work.
holder() {
	local comm
	for comm in /proc/[0-9]*/comm; do
		if grep -qxE 'snapredir-run|snapredir-trace' "$comm" 2>/dev/null &&
			{ tr '\0' '\n' <"${comm%comm}environ"; } 2>/dev/null | grep -qx "TMPDIR=$TMPDIR"; then
			basename "${comm%/comm}"
			return
		fi
	done
	return 1
}
mkdir -p "$T"
mkfifo "$WORK/go"
nasty='mkdir -p /opt/acme/a/b /opt/acme/none; echo x >/opt/acme/a/b/c; chmod 0 /opt/acme/none /opt/acme/a; ln -s / /opt/acme/link'
for engine in "${ENGINES[@]}"; do
	"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- sh -c "$nasty"
	empty "it is gone after the run [$engine]"
	"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- /nonexistent/program 2>/dev/null
	empty "... of a program that is not there [$engine]"
	"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- sh -c 'kill -9 $$' 2>/dev/null || true
	empty "... of one that is killed [$engine]"

	# a daemon without a descriptor, whose parent has gone
	"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- python3 -c '
import os, sys
open("/opt/acme/file", "w").write("text\n")
if os.fork():
    os._exit(0)
os.setsid()
os.closerange(0, 4096)
open(sys.argv[1]).read()
said = open("/opt/acme/file").read()
open(sys.argv[2], "w").write(said)' "$WORK/go" "$WORK/said"
	sleep 0.2
	echo >"$WORK/go"
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$WORK/said" ] || break
		sleep 0.05
	done
	check "a daemon still has it [$engine]" grep -qx text "$WORK/said"
	rm -f "$WORK/said"
	empty "... and then it is gone [$engine]"

	# both are killed: who holds the directory, and the program
	for ((i = 0; i < 200; i++)); do
		holder >/dev/null || break # those of the runs before have left
		sleep 0.05
	done
	"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- sh -c 'echo $$ >"$0"; exec sleep 100' "$WORK/pid" &
	child=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$WORK/pid" ] || break
		sleep 0.05
	done
	for ((i = 0; i < 200; i++)); do
		! holder >/dev/null || break
		sleep 0.05
	done
	beside=$(holder) && kill -9 "$beside"
	kill -9 $child 2>/dev/null
	wait $child 2>/dev/null
	rm -f "$WORK/pid"
	check "killed, a run leaves it behind [$engine]" test -n "$(ls "$TMPDIR")"
	mkdir "$TMPDIR/snapredir-run.other" "$TMPDIR/other"
	for ((i = 0; i < 100; i++)); do # what was killed may still be leaving
		"$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- true
		[ "$(ls "$TMPDIR")" != other ] || break
		sleep 0.05
	done
	rmdir "$TMPDIR/other"
	empty "... and the next one removes it [$engine]"
done

# ---- what is said ----
check '--check' "$SNAPREDIR" --check -r "$WORK/rules"
check '--explain' sh -c '"$1" --explain /opt/acme/file -r "$2" | grep -q "tmpfs /opt/acme"' sh "$SNAPREDIR" "$WORK/rules"
check '... makes nothing' test -z "$(ls "$TMPDIR")"
if [ "$(id -u)" = 0 ] && setpriv --help >/dev/null 2>&1; then
	for_everybody
	chmod 755 "$TMPDIR"
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$SNAPREDIR" -e preload -r "$WORK/rules" -- sh -c 'echo x >/opt/acme/x && cat /opt/acme/x' >"$WORK/out" 2>&1
	check 'a place that cannot be written to is passed over' grep -qx x "$WORK/out"
fi
finish
