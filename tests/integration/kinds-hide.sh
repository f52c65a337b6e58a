#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules of the kinds hide and deny: what is hidden is as if it were not there, what is denied fails.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir -p target/secret/deep target/open/sub target/nothing-else outside
	echo s >target/secret/s
	echo d >target/secret/deep/d
	echo o >target/open/o
	echo k >target/open/key.pem
	echo k >target/open/sub/key.pem
	echo n >target/nothing-else/key.pem
	echo t >target/.token
	ln -s secret/s target/link
	ln -s "$T/target/secret" outside/back
	ln -s /opt/acme/secret/deep/d outside/into
}

rules <<'END'
bind /opt/acme $T/target
hide /opt/acme/secret
hide /opt/acme/.token
END
look='cd /opt/acme; ls -A; find . | sort; cat secret/s; cat ./secret/deep/d; cat .token; cat link; cat open/../secret/s
	stat -c %F secret; test -e secret || echo gone; echo *; echo secret/*; echo .t*; cat /opt/acme/open/o'
same 'a hidden directory and a hidden file' sh -c "$look"
same 'from without, through links' sh -c "cat $T/outside/into; ls -R $T/outside; cd /opt/acme/secret || echo no"
same 'of two paths one is hidden' sh -c 'cd /opt/acme; mv secret x; ln .token x; ls; mv open x; ls'
same 'python walks, globs and scans' python3 -c '
import glob, os
print(sorted((d, sorted(n), sorted(f)) for d, n, f in os.walk("/opt/acme")))
print(glob.glob("/opt/acme/*"), glob.glob("/opt/acme/sec*"), glob.glob("/opt/acme/.*"))
print(sorted(e.name for e in os.scandir("/opt/acme")), os.path.exists("/opt/acme/secret"))
for call in os.stat, os.listdir, os.unlink, os.rmdir, os.chdir, os.readlink:
    try: call("/opt/acme/secret"); print("done")
    except OSError as error: print(call.__name__, error.errno)
'
same -s 'a static program' "$PROGRAMS/trace-listing-static" /opt/acme

rules <<'END'
bind /opt/acme $T/target
hide /opt/acme/open/key.pem
hide /opt/acme/open/sub/key.pem
hide /opt/acme/nothing-else/key.pem
END
for engine in "${ENGINES[@]}"; do
	measure bind sh -c 'cd /opt/acme; find . | sort; cat open/key.pem open/sub/key.pem; ls -A nothing-else'
	cp "$WORK/rules" "$WORK/plain"
	printf 'bind /opt/acme %s/target\nhide /opt/acme/**/*.pem\n' "$T" >"$WORK/rules"
	measure "$engine" sh -c 'cd /opt/acme; find . | sort; cat open/key.pem open/sub/key.pem; ls -A nothing-else'
	cp "$WORK/plain" "$WORK/rules"
	compare "a pattern hides what rules for each name hide [$engine]" bind "$engine"
done

# expect NAME RULES TEXT COMMAND...: what it prints, errors too, under each engine
expect() {
	local name=$1 rules=$2 wanted=$3 engine
	shift 3
	printf '%s\n' "$rules" >"$WORK/rules"
	for engine in "${ENGINES[@]}"; do
		measure "$engine" "$@"
		cat "$WORK/$engine.out" "$WORK/$engine.err" "$WORK/$engine.stray" >"$WORK/got"
		if printf '%s\n' "$wanted" | cmp -s - "$WORK/got"; then
			ok "$name [$engine]"
		else
			printf '%s\n' "$wanted" | diff -u --label wanted --label got - "$WORK/got" >"$WORK/why"
			not_ok "$name [$engine]" <"$WORK/why"
		fi
	done
}

tries='
import errno, os, socket
def t(name, *args):
    try: getattr(os, name)(*args); print(name, "done")
    except OSError as error: print(name, errno.errorcode[error.errno])
os.chdir("/opt/acme")'
expect 'what is hidden cannot be made' "bind /opt/acme $T/target
hide /opt/acme/secret" 'mkdir EACCES
mknod EACCES
symlink EACCES
open EACCES
open ENOENT
mkdir ENOENT
link EACCES
rename EACCES
rename ENOENT
rename ENOENT
bind EACCES
mkdir EACCES' python3 -c "$tries"'
t("mkdir", "secret")
t("mknod", "secret")
t("symlink", "x", "secret")
t("open", "secret", os.O_CREAT | os.O_WRONLY)
t("open", "secret", os.O_WRONLY)
t("mkdir", "secret/x")
t("link", "open/o", "secret")
t("rename", "open/o", "secret")
t("rename", "open/o", "secret/s")
t("rename", "secret", "open/o")
try: socket.socket(socket.AF_UNIX).bind("secret")
except OSError as error: print("bind", errno.errorcode[error.errno])
t("mkdir", "/opt/acme/open/../secret")'
expect 'what is denied fails, and is listed' "bind /opt/acme $T/target
deny /opt/acme/secret
deny /opt/acme/open/*.pem EIO
hide /opt/acme/secret" "['.token', 'link', 'nothing-else', 'open']
stat EACCES
listdir EACCES
open EACCES
mkdir EACCES
open EIO
rename EIO
open EACCES
['key.pem', 'o', 'sub']" python3 -c "$tries"'
print(sorted(os.listdir(".")))
t("stat", "secret")
t("listdir", "secret")
t("open", "secret/s", os.O_RDONLY)
t("mkdir", "secret/s/t/u")
t("open", "open/key.pem", os.O_RDONLY)
t("rename", "open/key.pem", "x")
t("open", "link", os.O_RDONLY)
print(sorted(os.listdir("open")))'
expect 'a rule beneath what is hidden is hidden, too' "hide /opt/acme
bind /opt/acme/inner $T/target" "stat ENOENT
open ENOENT
[]" python3 -c "$(echo "$tries" | sed '/chdir/d')"'
t("stat", "/opt/acme/inner")
t("open", "/opt/acme/inner/open/o", os.O_RDONLY)
print([n for n in os.listdir("/opt") if n == "acme"])'
expect 'a program that is hidden cannot be executed' 'hide /usr/bin/true' 'execv ENOENT' \
	python3 -c "$(echo "$tries" | sed '/chdir/d')"'
t("execv", "/usr/bin/true", ["true"])'
expect 'what comes before a message to a denied socket is sent, and nothing behind it' 'deny $T/outside/two EIO' "1
1 0 0
fails with 5
1 0 0" python3 -c '
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
box = {}
os.mkdir("made")
for name in "one", "two", "three":
    box[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    box[name].bind("made/" + name)
os.rename("outside", "was")
os.rename("made", "outside") # now one of them is denied
def send(*names):
    keep, headers = [], b""
    text = ctypes.create_string_buffer(b"!")
    piece = ctypes.create_string_buffer(struct.pack("PN", ctypes.addressof(text), 1))
    for name in names:
        address = ctypes.create_string_buffer(struct.pack("H108s", socket.AF_UNIX, b"outside/" + name))
        keep.append(address)
        headers += struct.pack("PIxxxxPNPNiIIxxxx", ctypes.addressof(address), 110,
            ctypes.addressof(piece), 1, 0, 0, 0, 0, 0)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    n = libc.sendmmsg(sender.fileno(), ctypes.create_string_buffer(headers), len(names), 0)
    print(n if n >= 0 else "fails with %d" % ctypes.get_errno())
got = dict.fromkeys(box, 0)
for names in (b"one", b"two", b"three"), (b"two", b"three"):
    send(*names)
    for name in box:
        try:
            while box[name].recv(9, socket.MSG_DONTWAIT): got[name] += 1
        except BlockingIOError:
            pass
    print(*got.values())'
finish
