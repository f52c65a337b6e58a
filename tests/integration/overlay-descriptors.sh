#!/bin/bash
# SPDX-License-Identifier: MIT
# overlay: what is done by a descriptor that was opened for reading, or by its name in /proc, to a file of the lower layer
# changes the upper one, as in a real overlayfs; the lower one never.
# shellcheck disable=SC2016 # rules and scripts hold $T
. tests/lib.sh
needs python3

rules <<'END'
overlay $T/p $T/upper
END

tree_filter='s/ c [0-9]+ [0-9:]+ [0-9]+ $/ whiteout/'

prepare() {
	mkdir -p p/d/sub upper/both p/both
	for file in $(seq 1 40); do echo "lower $file" >p/d/f$file; done
	echo deep >p/d/sub/deep
	echo x >p/both/x
	ln -s f1 p/d/link
	mkdir -p p/r/sub/e p/m/x upper/m/x upper/u
	echo a >p/r/f
	echo m >p/m/x/l
	touch -d 2001-02-03 p/d/* p/d/sub/* p/both/*
}

# Beside the scripts, which import it.
export PYTHONDONTWRITEBYTECODE=1
cat >"$WORK/saying.py" <<'END'
import errno
def say(name, call, *args, **more):
    try:
        done = call(*args, **more)
    except OSError as error:
        done = errno.errorcode[error.errno]
    print(name, done, flush=True)
END

cat >"$WORK/descriptors.py" <<'END'
import ctypes, errno, os, socket, sys
from saying import say
os.chdir(os.environ["T"] + "/p/d")
libc = ctypes.CDLL(None, use_errno=True)
files = ("f%d" % n for n in range(1, 41))
def shown(name):
    st = os.stat(name)
    when = int(st.st_mtime) if st.st_mtime < 1e9 else "now"
    print(name, oct(st.st_mode), st.st_nlink, st.st_size, when, os.listxattr(name), open(name).read().strip(), flush=True)
def syscall(*args):
    done = libc.syscall(*args)
    return errno.errorcode[ctypes.get_errno()] if done < 0 else done

def each(name, change, flags=os.O_RDONLY):
    file = next(files)
    fd = os.open(file, flags)
    say(name, change, fd)
    shown(file)
    os.close(fd)

me = "/proc/self/fd/%d"
each("fchmod", lambda fd: os.fchmod(fd, 0o600))
each("fchown", lambda fd: os.fchown(fd, -1, -1))
each("futimens", lambda fd: os.utime(fd, (5, 6)))
each("fsetxattr", lambda fd: os.setxattr(fd, "user.one", b"1" * 1000))
each("fremovexattr", lambda fd: (os.setxattr(fd, "user.one", b"1"), os.removexattr(fd, "user.one")))
each("fremovexattr of none", lambda fd: os.removexattr(fd, "user.one"))
each("fsetxattr to replace", lambda fd: os.setxattr(fd, "user.one", b"1", os.XATTR_REPLACE))
each("fchmod by syscall", lambda fd: syscall(91, fd, 0o640))
each("fchown by syscall", lambda fd: syscall(93, fd, -1, -1))
each("fchownat of nothing", lambda fd: syscall(260, fd, b"", -1, -1, 0x1000))
each("utimensat of nothing", lambda fd: syscall(280, fd, None, None, 0) and 0)
each("fchmod of a path", lambda fd: os.fchmod(fd, 0o600), os.O_PATH)
each("fchownat of a path", lambda fd: syscall(260, fd, b"", -1, -1, 0x1000), os.O_PATH)
each("open for writing", lambda fd: os.write(os.open(me % fd, os.O_WRONLY), b"LOW"))
each("open for writing by a path", lambda fd: os.write(os.open(me % fd, os.O_RDWR), b"LOW"), os.O_PATH)
each("open and truncate", lambda fd: os.close(os.open(me % fd, os.O_WRONLY | os.O_TRUNC)))
each("open of /dev/fd", lambda fd: os.write(os.open("/dev/fd/%d" % fd, os.O_WRONLY | os.O_APPEND), b"more"))
each("truncate", lambda fd: os.truncate(me % fd, 3))
each("chmod", lambda fd: os.chmod(me % fd, 0o600))
each("utime", lambda fd: os.utime(me % fd, (7, 8)))
each("setxattr", lambda fd: os.setxattr(me % fd, "user.two", b"2"))
each("link", lambda fd: syscall(265, -100, (me % fd).encode(), -100, b"linked", 0x400))
each("linkat of nothing", lambda fd: syscall(265, fd, b"", -100, b"linked2", 0x1000))
open("linked", "a").write("changed")
if os.path.exists("linked2"):
    open("linked2", "a").write("changed")

d = os.open("sub", os.O_RDONLY | os.O_DIRECTORY)
say("fchmod of a directory", os.fchmod, d, 0o700)
print(oct(os.stat("sub").st_mode))
say("futimens of a directory", os.utime, d, (9, 10))
say("setxattr of a directory", os.setxattr, d, "user.dir", b"3")
say("creat in it", lambda: os.close(os.open("made", os.O_CREAT | os.O_WRONLY, dir_fd=d)))
print(sorted(os.listdir("sub")), os.listxattr("sub"))

# What happened to the name meanwhile.
def after(name, meanwhile, flags=os.O_RDONLY):
    file = next(files)
    fd = os.open(file, flags)
    meanwhile(file)
    say(name, os.fchmod, fd, 0o604)
    print(name, os.path.exists(file) and oct(os.stat(file).st_mode))
after("copied up", lambda file: open(file, "a").write("more"))
after("removed", os.unlink)
def gone(name, call):
    file = next(files)
    fd = os.open(file, os.O_RDONLY)
    os.unlink(file)
    say(name, call, fd)
    print(os.path.exists(file))
gone("reading", lambda fd: os.read(os.open(me % fd, os.O_RDONLY), 100))
gone("writing", lambda fd: os.open(me % fd, os.O_RDWR))
gone("truncating", lambda fd: os.truncate(me % fd, 0))
gone("linking", lambda fd: syscall(265, -100, (me % fd).encode(), -100, b"again", 0x400))
gone("linking nothing", lambda fd: syscall(265, fd, b"", -100, b"again2", 0x1000))

# Links, which no name leads to that is not followed.
for n in range(3):
    os.symlink("/nowhere", "sub/own%d" % n)
for file in "link", "sub/own0":
    link = os.open(file, os.O_PATH | os.O_NOFOLLOW)
    say("chown of a link", syscall, 260, link, b"", os.getuid(), os.getgid(), 0x1000)
    say("open of a link", os.open, me % link, os.O_RDWR)
    say("setxattr of a link", os.setxattr, file, "user.one", b"1", follow_symlinks=False)
    say("removexattr of a link", os.removexattr, file, "user.one", follow_symlinks=False)
    print(os.readlink(file))
os.chdir("../both")
say("bind", socket.socket(socket.AF_UNIX).bind, "../d/sub/socket")
say("bind again", socket.socket(socket.AF_UNIX).bind, "../d/sub/socket")
say("bind beside", socket.socket(socket.AF_UNIX).bind, "socket")
say("bind nowhere", socket.socket(socket.AF_UNIX).bind, "none/socket")
say("bind in a file", socket.socket(socket.AF_UNIX).bind, "x/socket")
say("bind over a file", socket.socket(socket.AF_UNIX).bind, "x")
os.unlink("x")
say("bind where one was", socket.socket(socket.AF_UNIX).bind, "x")
print(sorted(os.listdir("../d/sub")), sorted(os.listdir(".")))
END
same 'descriptors' python3 "$WORK/descriptors.py"
same -u 'descriptors' /usr/bin/python3 "$WORK/descriptors.py"

# Where one was.
cat >"$WORK/places.py" <<'END'
import os, socket, stat
from saying import say
os.chdir(os.environ["T"] + "/p/d")
files = ["f%d" % n for n in range(1, 41)]
for file in files:
    os.unlink(file)
take = iter(files).__next__
say("no fifo", os.mknod, take() + "/", stat.S_IFIFO | 0o600)
say("no directory", os.mknod, take(), stat.S_IFDIR | 0o600)
say("no device", os.mknod, take(), stat.S_IFBLK | 0o600, os.makedev(7, 99)) if os.getuid() else take()
say("no link of a file without a name", os.link, "/proc/self/fd/999", take())
say("no link of a directory", os.link, "sub", take())
say("no text", os.symlink, "", take())
say("nothing linked", os.link, "", take())
say("no mode", os.open, take(), os.O_CREAT | os.O_DIRECTORY)
say("path", os.open, take(), os.O_CREAT | os.O_PATH)
say("directory", os.open, take() + "/", os.O_CREAT | os.O_RDONLY)
say("no file", os.open, take() + "/x", os.O_CREAT | os.O_RDONLY)
say("fifo", os.mknod, take(), stat.S_IFIFO | 0o640)
say("file", os.mknod, take(), 0o604)
say("link", os.symlink, "sub", take())
say("link of a file", os.link, "sub/deep", take())
say("link of a link", os.link, "link", take(), follow_symlinks=False)
os.umask(0o27)
for flags in os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC, os.O_RDWR | os.O_EXCL:
    for mode in 0o666, 0o400, 0o200, 0:
        name = take()
        fd = os.open(name, flags | os.O_CREAT, mode)
        print(name, oct(os.stat(name).st_mode), os.fstat(fd).st_size)
say("made", lambda: sorted(os.listdir(".")))
END
same 'in the place of a whiteout' python3 "$WORK/places.py"
same -u 'in the place of a whiteout' /usr/bin/python3 "$WORK/places.py"

# Directories that were removed: on one layer or on both.
cat >"$WORK/removed.py" <<'END'
import os
from saying import say
os.chdir(os.environ["T"] + "/p")
for d in "r/sub/e", "m/x", "u":
    os.chdir(os.environ["T"] + "/p")
    if d == "m/x": os.unlink("m/x/l")
    f = os.open(d, os.O_RDONLY)
    os.chdir(d)
    os.rmdir(os.environ["T"] + "/p/" + d)
    say("stat", lambda: os.stat(".").st_mode)
    say("fstat", lambda: os.stat(f).st_mode)
    say("open", os.open, ".", os.O_RDONLY)
    say("list", os.listdir, f)
    say("list", os.listdir, ".")
    say("up", os.listdir, "..")
    say("name", os.stat, "x")
    say("make", os.mkdir, "x")
    say("chmod", os.chmod, ".", 0o700)
    say("fchmod", os.fchmod, f, 0o700)
    say("at", os.open, "..", os.O_RDONLY, dir_fd=f)
    say("at2", lambda: sorted(os.listdir("../..")))
    say("fchdir", os.fchdir, f)
    say("chdir", os.chdir, ".")
    say("cat", lambda: open("../f").read())
END
same 'removed directories' python3 "$WORK/removed.py"
same -u 'removed directories' /usr/bin/python3 "$WORK/removed.py"

# What is given up: to whom a file belongs that had its name once is not known.
cat >"$WORK/renamed.py" <<'END'
import errno, os
os.chdir(os.environ["T"] + "/p/d")
fd = os.open("f1", os.O_RDONLY)
os.rename("f1", "renamed")
try:
    os.fchmod(fd, 0o600)
except OSError as error:
    print(errno.errorcode[error.errno])
END
for engine in "${ENGINES[@]}"; do
	rm -rf "$T"
	mkdir -p "$T"
	(cd "$T" && prepare)
	if [ "$(id -u)" = 0 ]; then
		chown 65534 "$T/upper"
		"$SNAPREDIR" -e "$engine" -r "$WORK/rules" setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+fowner \
			--ambient-caps=+fowner chmod 600 "$T/p/d/f2"
		check "CAP_FOWNER without being root changes the upper file, too [$engine]" test \
			"$(stat -c %a "$T/p/d/f2" "$T/upper/d/f2" | tr '\n' ' ')" = '644 600 '
	else
		skip "CAP_FOWNER [$engine]" 'only root can give it'
	fi
	check "a file that was renamed is not changed by its descriptor [$engine]" bash -c "
		[ \$('$SNAPREDIR' -e $engine -r '$WORK/rules' python3 '$WORK/renamed.py') = EEXIST ]"
done
finish
