#!/bin/bash
# SPDX-License-Identifier: MIT
# fault: calls fail as ordered, in dynamic, static, 32-bit, Go and Python programs, under each engine alike.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

export TMPDIR=$WORK/places
unset XDG_RUNTIME_DIR
mkdir -p "$TMPDIR"
prepare() {
	mkdir target
	echo line >target/lines
	echo text >target/keep
	echo text >target/noopen
	ln -s noopen target/link
}
rules <<'END'
bind /opt/acme $T/target
fault /opt/acme/third write EIO 1/3
fault /opt/acme/two-of-five write ENOSPC 2/5
fault /opt/acme/seeded write EIO 1/3 seed=7
fault /opt/acme/shared write EIO 1/2
fault /opt/acme/short read,write short=7
fault /opt/acme/s*c fsync EIO
fault /opt/acme/close close EDQUOT
fault /opt/acme/keep unlink EROFS
fault /opt/acme/keep rename EPERM
fault /opt/acme/nodir mkdir EMFILE
fault /opt/acme/noopen open ENFILE
fault /opt/acme/stream write EIO 1/2
fault /opt/acme/stream close EIO
fault /opt/acme/lines read EIO
END
calls='third: 10
third: 10
third: Input/output error
third: 10
third: 10
third: Input/output error
third: 10
two-of-five: 10
two-of-five: 10
two-of-five: No space left on device
two-of-five: 10
two-of-five: No space left on device
two-of-five: 10
two-of-five: 10
two-of-five: No space left on device
two-of-five: 10
two-of-five: No space left on device
seeded: Input/output error
seeded: 10
seeded: Input/output error
seeded: 10
seeded: 10
seeded: Input/output error
seeded: 10
seeded: Input/output error
seeded: Input/output error
seeded: 10
seeded: 10
seeded: 10
shared: 10
shared, by a child: Input/output error
shared: 10
write: 7
write of less: 5
writev: 7
pwrite: 7
pwritev: 7
pwritev2: 7
sendfile: 7
copy_file_range: 7
size of the file: 307
read: 7
readv: 7
pread: 7
preadv: 7
fsync: Input/output error
fdatasync: Input/output error
close: Disk quota exceeded
close again: Bad file descriptor
unlink: Read-only file system
rmdir of a file: Not a directory
rename: Operation not permitted
rename onto it: Operation not permitted
access: 0
mkdir: Too many open files
mkdir of another: 0
open: Too many open files in system
open of a link to it: Too many open files in system
fprintf: 11
fflush: 0
fputs: 1
fflush: Input/output error
fclose: Input/output error
getline: Input/output error
ferror: 1
fclose: 0
fopen: Too many open files in system'
raw='raw write: 7
raw writev: 7
raw read: 7
raw fsync: Input/output error
raw unlinkat: Read-only file system
raw close: Disk quota exceeded
raw close again: Bad file descriptor'
go='write: 25
write: 25
write: 0 input/output error
write: 25
short write: 7
read of less: 5
short pread: 7
sync: 0 input/output error
close: 0 disk quota exceeded
remove: 0 read-only file system
rename: 0 operation not permitted
open: 0 too many open files in system
read: 0 input/output error'
python='write 3
write 3
write EIO
pwrite 3
writev 3
writev EIO
short 7
text ENFILE
read EIO
buffered EIO'
script='
import errno, os, sys
def say(name, call):
    try:
        print(name, call())
    except OSError as error:
        print(name, errno.errorcode[error.errno])
def make(name):
    return os.open("/opt/acme/" + name, os.O_RDWR | os.O_CREAT, 0o600)
fd = make("third")
for _ in range(3):
    say("write", lambda: os.write(fd, b"abc"))
say("pwrite", lambda: os.pwrite(fd, b"abc", 0))
for _ in range(2):
    say("writev", lambda: os.writev(fd, [b"a", b"bc"]))
say("short", lambda: os.write(make("short"), b"0123456789"))
say("text", lambda: open("/opt/acme/noopen").read())
say("read", lambda: os.read(make("lines"), 10))
say("buffered", lambda: open("/opt/acme/lines").readline())
'

# gives ENGINE NAME WANTED PROGRAM [ARG]...
gives() {
	local engine=$1 name=$2 wanted=$3
	shift 3
	rm -rf "$WORK/run"
	mkdir -p "$T"
	(cd "$T" && prepare)
	(cd "$T" && timeout -k 5 60 "$SNAPREDIR" -e "$engine" ${log[@]+"${log[@]}"} -r "$WORK/rules" -- "$@" >"$WORK/out" 2>"$WORK/err")
	if diff -u --label wanted --label got <(printf "%s${wanted:+\\n}" "$wanted") "$WORK/out" >"$WORK/why"; then
		ok "$name [$engine]"
	else
		cat "$WORK/err" >>"$WORK/why"
		not_ok "$name [$engine]" <"$WORK/why"
	fi
}

for engine in "${ENGINES[@]}"; do
	for form in '' -32 -static; do
		[ "$engine$form" != preload-static ] || continue
		if [ ! -x "$PROGRAMS/fault$form" ]; then
			skip "calls$form [$engine]" 'not built on this machine'
			continue
		fi
		gives $engine "calls$form" "$calls" "$PROGRAMS/fault$form" /opt/acme
		gives $engine "system calls$form" "$raw" "$PROGRAMS/fault$form" /opt/acme raw
	done
	if [ -x "$PROGRAMS/fault-go" ]; then
		[ $engine = preload ] || gives $engine 'a Go program' "$go" "$PROGRAMS/fault-go" /opt/acme
	else
		skip "a Go program [$engine]" 'go is not installed'
	fi
	gives $engine 'a Python program' "$python" python3 -c "$script"
done

# ---- names that libc makes up ----
rules <<'END'
bind /opt/acme $T/target
fault /opt/acme/a* open EIO 1/2
fault $T/other/a* open EIO 1/2
fault /opt/acme/a* mkdir EIO 1/2
fault /opt/acme/short write short=7
fault /opt/acme/none close EIO
fault $SHIMS/** open EIO
END
export SHIMS=$SNAPREDIR_BUILD/lib
made='mkstemp 0 5 0 5
mkstemp, no bind 0 5 0 5
mkdtemp 0 5 0 5
open 0
vectors 7 22 22
memory 0 0'
making='
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mkdtemp.restype = ctypes.c_void_p
def made(call, place, failed):
    return 0 if call(ctypes.create_string_buffer(place.encode() + b"/aXXXXXX")) != failed else ctypes.get_errno()
print("mkstemp", *[made(libc.mkstemp, "/opt/acme", -1) for _ in range(4)])
print("mkstemp, no bind", *[made(libc.mkstemp, os.environ["T"] + "/other", -1) for _ in range(4)])
print("mkdtemp", *[made(libc.mkdtemp, "/opt/acme", None) for _ in range(4)])
print("open", libc.close(libc.open(b"/opt/acme/a", os.O_RDWR | os.O_CREAT, 0o600)))
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("size", ctypes.c_size_t)]
def written(count):
    n = libc.writev(short, (Vector * 1100)(Vector(b"0123456789", 10)), count)
    return n if n >= 0 else ctypes.get_errno()
short = os.open("/opt/acme/short", os.O_RDWR | os.O_CREAT)
print("vectors", written(1), written(-1), written(1100))
text, size = ctypes.c_void_p(), ctypes.c_size_t()
libc.open_memstream.restype = ctypes.c_void_p
stream = libc.open_memstream(ctypes.byref(text), ctypes.byref(size))
ctypes.set_errno(0)
print("memory", libc.fclose(ctypes.c_void_p(stream)), ctypes.get_errno())
'
for engine in "${ENGINES[@]}"; do
	gives $engine 'what libc does by itself' "$made" sh -c 'mkdir -p "$T/other"; exec python3 -c "$0"' "$making"
	check "... and the shim is found [$engine]" test ! -s "$WORK/err"
done

rules <<'END'
bind /opt/acme $T/target
fault /**/libsnapredir.so open,read,pread,close EIO
fault /opt/acme/keep read EIO
END
for engine in "${ENGINES[@]}"; do
	gives $engine 'the shim is no file of the rules' '' cat /opt/acme/keep
	check "... and is loaded [$engine]" test "$(cat "$WORK/err")" = 'cat: /opt/acme/keep: Input/output error'
done

# ---- descriptors that were handed on, programs of one run ----
rules <<'END'
fault $T/target/** write EIO 1/2
END
handed='first
write error
third'
for engine in "${ENGINES[@]}"; do
	# the descriptor is opened before, and written to by two programs
	gives $engine 'one open file, several programs' "$handed" bash -c '
		exec 5>>target/log
		/bin/echo first >&5
		/bin/echo second 2>&1 >&5 | sed "s/.*write error.*/write error/" >>"$T/said"
		/bin/echo third >&5
		head -1 target/log; cat "$T/said"; tail -1 target/log'
done

# ---- where no rule is about a file, nothing is different ----
rules <<'END'
bind /opt/acme $T/target
fault /opt/acme/none open,read,write,fsync,close,rename,unlink,mkdir EIO
END
same 'other files' sh -c '
	cd /opt/acme && tar cf ../t.tar . && tar tf ../t.tar | sort && sort -o sorted lines keep && cat sorted && mv sorted other
	mkdir dir && cp -r link dir && rm -r dir other && rm ../t.tar && dd if=keep bs=1 count=2 2>/dev/null | od -c'
same 'other files, by threads and children' python3 -c '
import concurrent.futures, sqlite3, subprocess
table = sqlite3.connect("/opt/acme/table")
table.execute("create table t (a)")
table.executemany("insert into t values (?)", [(i,) for i in range(100)])
table.commit()
print(table.execute("select sum(a) from t").fetchone())
table.close()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda i: len(open("/opt/acme/keep").read()), range(100))))
print(subprocess.run(["sort"], input="b\na\n", text=True, capture_output=True).stdout)
import os; os.unlink("/opt/acme/table")'
if [ -x "$PROGRAMS/hybrid-cancel" ]; then
	for engine in "${ENGINES[@]}"; do
		gives $engine 'a thread that is cancelled' 'waiting: cleaned up
waiting: cancelled
pending: cleaned up
pending: cancelled' sh -c 'mkfifo target/fifo; exec "$0" /opt/acme/fifo /opt/acme/keep' "$PROGRAMS/hybrid-cancel"
	done
fi

# ---- what is said ----
rules <<'END'
bind /opt/acme $T/target
fault /opt/acme/** read,write short=7 1/3 seed=5
fault /opt/acme/keep read EIO
END
explained() { (cd "$T" && "$SNAPREDIR" -r "$WORK/rules" --explain /opt/acme/keep >"$WORK/out" 2>&1); grep -q "$1" "$WORK/out" || { cat "$WORK/out"; return 1; }; }
check '--explain: a share' explained 'fails: read,write short=7 1/3 seed=5 (.*:2 fault /opt/acme/\*\*)$'
check '--explain: an error' explained 'fails: read EIO 1/1 (.*:3 fault /opt/acme/keep)$'
log=(--stats)
for engine in "${ENGINES[@]}"; do
	gives $engine 'counted' '' cat /opt/acme/keep
	check "... by --stats [$engine]" grep -Eq '^ +[0-9]+ +0 +0 +1  .*:3 fault /opt/acme/keep$' "$WORK/err"
done

rules <<'END'
bind /opt/acme $T/target
fault /opt/acme/keep read EIO
fault /opt/acme/keep open EMFILE 1/2
END
log=(-v -l "$WORK/log")
for engine in "${ENGINES[@]}"; do
	: >"$WORK/log"
	gives $engine 'reading' '' cat /opt/acme/keep
	check "... is in the log [$engine]" grep -Eq "^snapredir\[[0-9]+\] [a-z]+: (read|copy_file_range) \"/opt/acme/keep\" fails: errno 5 \(.*:2 fault /opt/acme/keep\)" "$WORK/log"
	gives $engine 'opening' '' sh -c 'cat /opt/acme/lines >/dev/null; cat /opt/acme/keep; cat /opt/acme/keep'
	check "... is in the log [$engine]" grep -Eq "open(at)? \"/opt/acme/keep\" fails: errno 24 \(.*:3 fault /opt/acme/keep\)" "$WORK/log"
done
finish
