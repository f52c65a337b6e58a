#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules of kind prefix: names in a directory get a prefix on the disk, and none in the eyes of the program.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir -m 1777 shm
	echo foreign >shm/other
	echo mine >shm/snap.app.mine
	: >shm/sem.snap.app.s
}

# expect NAME TEXT COMMAND...: what it prints, errors too, and what is in $T/shm then, under each engine
expect() {
	local name=$1 wanted=$2 engine engines=("${ENGINES[@]}")
	shift 2
	[ -z "${static-}" ] || engines=(trace hybrid)
	for engine in "${engines[@]}"; do
		measure "$engine" "$@"
		cat "$WORK/$engine.out" "$WORK/$engine.err" "$WORK/$engine.stray" >"$WORK/got"
		find "$T/shm" -mindepth 1 -printf '%P\n' | LC_ALL=C sort >>"$WORK/got"
		if printf '%s\n' "$wanted" | cmp -s - "$WORK/got"; then
			ok "$name [$engine]"
		else
			printf '%s\n' "$wanted" | diff -u --label wanted --label got - "$WORK/got" >"$WORK/why"
			not_ok "$name [$engine]" <"$WORK/why"
		fi
	done
}

rules <<'END'
prefix $T/shm snap.app.
END
expect 'files' 'mine
mine
sem.s
mine
one
two
./mine
./new
./sem.s
./sub
./sub/in
cat: other: No such file or directory
other
sem.snap.app.s
snap.app.mine
snap.app.new
snap.app.sub
snap.app.sub/in' sh -c 'cd shm; cat mine; ls; cat snap.app.mine; cat other; echo one >new; cat ../shm/new; mkdir sub; echo two >sub/in
	cat "$PWD/sub/in"; find . -mindepth 1 | LC_ALL=C sort'
expect 'what comes back' 'DIR/shm/mine
DIR/shm/mine
DIR/shm/sub
DIR/shm/sub/f
../mine
other
sem.snap.app.s
snap.app.mine
snap.app.sub' python3 -c '
import os
top = os.environ["T"]
def say(text): print(text.replace(top, "DIR"))
fd = os.open(top + "/shm/mine", os.O_RDONLY)
say(os.readlink("/proc/self/fd/%d" % fd))
say(os.path.realpath(top + "/shm/../shm/mine"))
os.mkdir(top + "/shm/sub"); os.chdir(top + "/shm/sub"); say(os.getcwd())
open("f", "w").close(); say(os.path.abspath("f")); say(os.path.relpath(top + "/shm/mine")); os.unlink("f")
'
expect 'renames, links, removal' 'sem.x y z
EXDEV
EBUSY
other
sem.snap.app.x
snap.app.y
snap.app.z' python3 -c '
import errno, os
def t(call, *args):
    try: call(*args); print("done")
    except OSError as error: print(errno.errorcode[error.errno])
os.chdir("shm")
os.rename("mine", "y"); os.link("y", "z"); os.rename("sem.s", "sem.x")
os.symlink("y", "l"); os.unlink("l")
print(*sorted(os.listdir(".")))
t(os.rename, "y", "../y")
t(os.rmdir, "../shm")
'
expect 'names relative to a descriptor' 'mine
True
other
sem.snap.app.s
snap.app.d
snap.app.mine' python3 -c '
import os
fd = os.open("shm", os.O_RDONLY)
print(os.read(os.open("mine", os.O_RDONLY, dir_fd=fd), 9).decode(), end="")
os.mkdir("d", dir_fd=fd)
print(os.listdir(fd) == os.listdir("shm"))
'

# The real /dev/shm, a private one: shm_open and sem_open find what they made, in programs of every form.
private_shm() {
	unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$@"' sh "$@"
}
if ! private_shm true 2>/dev/null; then
	skip 'shared memory and semaphores' 'no mounts here'
	finish
fi
printf 'prefix /dev/shm snap.app.\n' >"$WORK/rules"
for form in '' -static -32; do
	program=$PROGRAMS/ops-shm$form
	if [ ! -x "$program" ]; then
		skip "shared memory and semaphores$form" 'not built on this machine'
		continue
	fi
	for engine in "${ENGINES[@]}"; do
		[ "$form" != -static ] || [ "$engine" != preload ] || continue
		# names of 250 bytes leave no room for the prefix
		private_shm "$program" libc /opt 2>&1 | sed '/25[05] bytes/d' >"$WORK/wanted"
		private_shm "$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- "$program" libc /opt 2>&1 |
			sed '/25[05] bytes/d' >"$WORK/got"
		if diff -u "$WORK/wanted" "$WORK/got" >"$WORK/why"; then
			ok "shared memory and semaphores$form [$engine]"
		else
			not_ok "shared memory and semaphores$form [$engine]" <"$WORK/why"
		fi
	done
done
for engine in "${ENGINES[@]}"; do
	private_shm sh -c '"$@" python3 -c "
import _posixshmem, _multiprocessing, os
os.close(_posixshmem.shm_open(\"/psm\", os.O_CREAT | os.O_RDWR, 0o600))
_multiprocessing.SemLock(0, 1, 1, \"/mp\", False)
print(sorted(os.listdir(\"/dev/shm\")))"; LC_ALL=C ls /dev/shm' sh "$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- >"$WORK/got" 2>&1
	printf '%s\n' "['psm', 'sem.mp']" sem.snap.app.mp snap.app.psm >"$WORK/wanted"
	if diff -u "$WORK/wanted" "$WORK/got" >"$WORK/why"; then
		ok "what is on the disk has the prefix [$engine]"
	else
		not_ok "what is on the disk has the prefix [$engine]" <"$WORK/why"
	fi
done
finish
