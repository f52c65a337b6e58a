#!/bin/bash
# SPDX-License-Identifier: MIT
# overlay: what a real overlayfs does, on both layers: what is seen, what calls return, and what is left on the disk.
# shellcheck disable=SC2016 # rules and scripts hold $T
. tests/lib.sh
needs python3 perl

rules <<'END'
overlay $T/p $T/upper
END

# The kernel's whiteouts are links to one; whose they are is of no account.
tree_filter='s/ c [0-9]+ [0-9:]+ [0-9]+ $/ whiteout/'

# Beneath, above, on both layers, whited out, and an opaque directory.
prepare() {
	mkdir -p p/d/sub p/e/hidden p/gone p/both upper/d upper/both upper/new upper/e
	for file in file d/a d/b d/sub/deep both/x gone/x wh; do echo "lower $file" >p/$file; done
	chmod 640 p/d/sub/deep
	chmod 1750 p/d/sub
	ln -s file p/link
	ln -s d p/dlink
	for file in d/a d/c both/y new/f; do echo "upper $file" >upper/$file; done
	ln -s d/c upper/ulink
	if mknod upper/wh c 0 0 2>/dev/null && mknod upper/gone c 0 0; then :; else rm -rf p/wh p/gone; fi
	python3 -c 'import os
for kind in "trusted", "user":
    try:
        os.setxattr("upper/e", kind + ".overlay.opaque", b"y")
    except OSError:
        pass'
	touch -d 2001-02-03 p/file p/d/b p/d/sub
}

cat >"$WORK/look" <<'END'
cd "$T/p"
for f in file d/a d/b d/c d/sub/deep wh gone gone/x both/x both/y new/f link dlink/a dlink/b ulink e/hidden e none d/none \
	../p/d/b; do
	printf '%s: ' $f
	cat $f 2>&1
	stat -c '%F %s %a %Y' $f 2>&1 | sed 's/directory.*/directory/;s/ [0-9]*$//'
done
cd d/sub; pwd; cat ../a ../c ../../wh; cd ..; ls -d c a b; cd ../both; pwd; cat x y; realpath ../dlink/c
END
same 'looking' bash "$WORK/look"
same -u 'looking' bash "$WORK/look"

cat >"$WORK/bad" <<'END'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
os.chdir(os.environ["T"] + "/p")
def say(name, *args):
    result = getattr(libc, name)(*args)
    print(name, args, "done" if result >= 0 else errno.errorcode[ctypes.get_errno()])
for path in b"file", b"d", b"wh", b"wh/x", b"gone/x", b"none":
    say("unlinkat", -100, path, 4)
    say("unlinkat", -100, path, 0x204)
    for to in b"file2", os.environb[b"T"] + b"/out":
        say("renameat2", -100, path, -100, to, 0x100)
        say("renameat2", -100, path, -100, to, 3)
    say("faccessat", -100, path, 9, 0)
    say("readlinkat", -100, path, b"", 0)
for path in b"wh", b"wh/x", b"gone/x":
    say("linkat", -100, path, -100, b"file2", 1)
    say("fchownat", -100, path, -1, -1, 1)
    say("utimensat", -100, path, None, 1)
    say("truncate", path, ctypes.c_long(-1))
END
same 'arguments that are none' python3 "$WORK/bad"

cat >"$WORK/list" <<'END'
cd "$T/p"
ls -a | sort; ls -a d e both new | sort; find . | sort; echo both/*
python3 -c '
import os
for d, ds, fs in os.walk("."): print(d, sorted(ds), sorted(fs))
print(sorted(e.name for e in os.scandir("both")))' | sort
perl -e 'opendir D, "d"; my @n = sort readdir D; rewinddir D; my @m = sort readdir D; print "@n\n@m\n"'
END
same 'listing' bash "$WORK/list"

cat >"$WORK/many" <<'END'
cd "$T/p/d"
for i in $(seq 1 40); do echo >a-long-name-$i; done
rm a-long-name-*7
ls | wc -l
END
same 'making and listing' bash "$WORK/many"

cat >"$WORK/change" <<'END'
cd "$T/p"; umask 022
say() { echo "== $*"; "$@" 2>&1; echo "-> $?"; }
say sh -c 'echo new >>file'; cat file
say sh -c 'echo trunc >d/b'
say sh -c 'echo made >d/made'
say sh -c 'echo deepmade >d/sub/made'
say sh -c 'echo x >wh'; cat wh
say chmod 600 d/sub/deep
say touch -d 2001-01-01 both/x; stat -c %Y both/x
say rm both/y
say rm d/a; ls d
say rm -r d/sub; ls d
say mkdir d/sub; ls -a d/sub
say rmdir e
say rm link; say ln -s d link; ls link/
say mkdir gone; ls -a gone; say rmdir gone; say mkdir gone
say mv both/x both/z; ls both
say mv d dd; ls
say mv file file2; ls
say mv new newer; ls newer
say ln file2 hard; stat -c '%h %s' hard file2
say mknod both/fifo p
say cp -a d/c both/c2
say rmdir d
say truncate -s 1 d/b; cat d/b
say mkdir d/x/y
say mkdir -p p/q/r; say mv p p2; ls p2/q
say sh -c 'set -C; echo hi >d/made'
say ln -s a d/made
say mv d/made d/c; cat d/c
say rm nothing
END
same 'changing' bash "$WORK/change"
same -u 'changing' bash "$WORK/change"

cat >"$WORK/rename.py" <<'END'
import ctypes, os
os.chdir(os.environ["T"] + "/p")
libc = ctypes.CDLL(None, use_errno=True)
def say(*what):
    print(*what, flush=True)
def rename(a, b, flags=0):
    done = libc.renameat2(-100, a.encode(), -100, b.encode(), flags)
    say(a, b, flags, "ok" if not done else ctypes.get_errno())
for a, b in (("d", "newdir"), ("d", "file"), ("file", "d"), ("new", "d"), ("new", "both"), ("d", "d/sub/x"), ("new", "new/x"),
             ("file", "nox/y"), ("nox", "file"), ("d/sub", "d"), ("wh", "file"), ("gone", "d"), ("file", "wh"), ("new", "gone")):
    rename(a, b)
say(sorted(os.listdir(".")), sorted(os.listdir("gone")) if os.path.isdir("gone") else None)
rename("d/b", "d/a", 1)
rename("d/b", "d/fresh", 1)
rename("d/a", "both/y", 2)
rename("gone", "d/c", 2)
rename("d/c", "d/c")
rename("both/x", "both/y", 4)
rename("both", "d/sub", 2)
rename("dlink", "blink")
say(sorted(os.listdir("d")), sorted(os.listdir("both")), open("both/y").read())
os.mkdir("fresh")
os.mkdir("fresh/in")
rename("fresh", "e")
rename("fresh", "e/x")
rename("e/x", "file2")
say(sorted(os.listdir(".")), sorted(os.listdir("e")))
END
same 'renaming' python3 "$WORK/rename.py"
same -s -p "$(command -v busybox || echo busybox)" 'a static program' busybox sh -c 'cd $T/p && cat file d/a d/b; ls d both; echo x >>d/b && rm both/x && mv file new/ && ls -a . new && cat d/b'

cat >"$WORK/open.py" <<'END'
import errno, os
os.chdir(os.environ["T"] + "/p")
def say(name, call):
    try:
        print(name, call())
    except OSError as error:
        print(name, errno.errorcode[error.errno])
with open("file", "a") as out:
    out.write("more\n")
print(open("file").read())
d = os.open("d", os.O_RDONLY | os.O_DIRECTORY)
print(sorted(os.listdir(d)))
say("openat", lambda: os.read(os.open("b", os.O_RDONLY, dir_fd=d), 100))
say("creat at", lambda: os.close(os.open("made", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=d)))
say("unlink at", lambda: os.unlink("a", dir_fd=d))
print(sorted(os.listdir(d)))
for flags in (os.O_RDWR, os.O_RDWR | os.O_TRUNC, os.O_RDONLY | os.O_CREAT, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_PATH | os.O_RDWR,
              os.O_RDWR | os.O_NOFOLLOW):
    for name in ("d/b", "wh", "gone/x", "link", "d", "none/x", "both/x/"):
        say("open %s %o" % (name, flags), lambda: os.close(os.open(name, flags, 0o640)))
say("tmpfile", lambda: os.close(os.open("d/sub", os.O_TMPFILE | os.O_RDWR)))
say("exists", lambda: os.mkdir("d/sub"))
say("slash", lambda: os.mkdir("d/sub2/"))
say("rmdir slash", lambda: os.rmdir("d/sub2/"))
say("rmdir dot", lambda: os.rmdir("d/sub/."))
say("unlink slash", lambda: os.unlink("d/c/"))
say("unlink directory", lambda: os.unlink("d/sub"))
say("rmdir file", lambda: os.rmdir("d/c"))
say("rmdir root", lambda: os.rmdir("../p"))
say("access", lambda: [os.access(name, os.W_OK) for name in ("d/b", "wh", "none", "both/y")])
os.setxattr("both/x", "user.mine", b"1")
print(os.listxattr("both/x"), os.getxattr("both/x", "user.mine"))
os.truncate("d/sub/deep", 3)
os.utime("d/sub", (5, 6))
print(os.stat("d/sub").st_mtime, oct(os.stat("d/sub").st_mode))
END
same 'opening' python3 "$WORK/open.py"

run() { # ENGINE COMMAND...
	local engine=$1
	shift
	"$SNAPREDIR" -e "$engine" -o "$T/p=$T/upper" -- "$@"
}

full_disk() { # ENGINE: in a private mount namespace
	run "$1" sh -c 'echo more >>$T/p/big' 2>&1
	cmp "$T/p/big" "$T/big" || return
	[ -z "$(ls -A "$T/upper")" ]
}
for engine in "${ENGINES[@]}"; do
	rm -rf "$T"
	mkdir -p "$T/p" "$T/upper"
	dd if=/dev/urandom of="$T/p/big" bs=64k count=16 2>/dev/null
	cp "$T/p/big" "$T/big"
	if unshare -m true 2>/dev/null; then
		export -f run full_disk
		export SNAPREDIR
		check "a full disk: ENOSPC, nothing lost, nothing half [$engine]" unshare -m bash -c \
			"mount -t tmpfs -o size=256k tmpfs $T/upper && full_disk $engine | grep 'No space left'"
		check "a read-only upper layer: EROFS [$engine]" unshare -m bash -c \
			"mount -t tmpfs -o ro tmpfs $T/upper && ! run $engine rm $T/p/big 2>$WORK/ro &&
			! run $engine sh -c ': >>$T/p/big' 2>>$WORK/ro && ! run $engine mkdir $T/p/x 2>>$WORK/ro &&
			[ \$(grep -c 'Read-only file system' $WORK/ro) = 3 ] && run $engine cat $T/p/big >/dev/null"
	else
		skip "a full disk, a read-only layer [$engine]" 'no mount namespaces here'
	fi
	# Whenever it is killed, the file is the old one or the new one.
	for tenths in 0 1 2 3; do
		run "$engine" sh -c 'exec 3>>$T/p/big; echo >&3' &
		sleep 0.0$tenths
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		[ ! -e "$T/upper/big" ] || cmp -n 1048576 "$T/big" "$T/upper/big" || echo half >"$WORK/half"
		rm -f "$T/upper/big"
	done
	check "killed on the way: the old file or the new one [$engine]" test ! -e "$WORK/half"
	check "the lower layer is as it was [$engine]" cmp "$T/big" "$T/p/big"
done

# What no overlayfs would take.
refused() { # NAME PATH DIR TEXT
	check "$1" bash -c '"$0" -o "$1=$2" true 2>&1 | grep -q "$3" && ! "$0" -o "$1=$2" true 2>/dev/null' "$SNAPREDIR" "$2" "$3" "$4"
}
mkdir -p "$T/p/in" "$T/file.d"
: >"$T/file"
refused 'over a file' "$T/file" "$T/upper" 'lies over a directory'
refused 'a file above' "$T/p" "$T/file" 'the upper layer is a directory'
refused 'the upper layer in the lower' "$T/p" "$T/p/in" 'it is to lie over'
refused 'the lower layer in the upper' "$T/p/in" "$T/p" 'is to lie over it'

# Everything the program sees, with one directory above it, as for a snap's whole tree.
rm -rf "$T"
mkdir -p "$T/snap/usr/share/acme" "$T/snap/etc" "$T/snap/opt" "$T/snap/bin" "$T/snap/lib/acme"
echo ours >"$T/snap/usr/share/acme/file"
echo ours >"$T/snap/etc/acme.conf"
echo ours >"$T/snap/lib/acme/data"
printf '#!/bin/sh\necho ran\n' >"$T/snap/bin/acme"
chmod +x "$T/snap/bin/acme"
for engine in "${ENGINES[@]}"; do
	check "overlay / DIR [$engine]" "$SNAPREDIR" -e "$engine" -o "/=$T/snap" sh -c 'set -e
		cat /usr/share/acme/file /etc/acme.conf
		ls /usr/share | grep -qx acme; ls /usr/share | grep -qx doc; ls / | grep -qx proc; ls -d /usr/bin/env
		: >/dev/null; read -r x </proc/self/stat; [ -e /sys/kernel ]; [ -d /proc/$$ ]
		cd /usr/share/acme; [ "$(pwd -P)" = /usr/share/acme ]; cat file ../../share/acme/file; ls /proc/self/fd >/dev/null'
	# Directories of the snap where a merged /usr has links to directories: both are seen.
	check "overlay / DIR with bin and lib in it [$engine]" "$SNAPREDIR" -e "$engine" -o "/=$T/snap" sh -c 'set -e
		[ "$(acme)" = ran ]; [ "$(/bin/acme)" = ran ]; [ "$(/bin/sh -c "cat /lib/acme/data")" = ours ]; ls -d /bin/ls
		ls /bin | grep -qx acme; ls /bin | grep -qx sh; ls /lib | grep -qx acme; [ "$(ls /lib | sort | uniq -d)" = "" ]
		[ "$(ls /lib | grep -vx acme)" = "$1" ]' sh "$(ls /lib/)"
done
check 'nothing of it reached the disk' bash -c '[ ! -e /bin/acme ] && [ ! -e /lib/acme ]'
finish
