#!/bin/bash
# SPDX-License-Identifier: MIT
# python3: modules, threads, subprocesses, sockets, shared memory, os and pathlib on files that exist only by
# redirection.
. tests/lib.sh
python=/usr/bin/python3
[ -x $python ] || skip_all "$python is not installed"

prepare() {
	mkdir -p lib/pack data
	echo 'from pack import inner' >lib/outer.py
	echo 'import os; print("inner of", os.path.basename(__file__), __name__)' >lib/pack/inner.py
	echo >lib/pack/__init__.py
	echo 'value=7' >data/conf.ini
	printf '#!%s\nimport sys; print(sys.argv[0], sys.argv[1:])\n' $python >lib/script
	chmod +x lib/script
}
rules <<'END'
bind /opt/acme $T/lib
bind /var/lib/acme $T/data
END
export PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1

same 'modules from a rule' env PYTHONPATH=/opt/acme $python -c 'import outer; print(outer.__file__, outer.inner.__file__)'
same 'bytecode is written beside them' env -u PYTHONDONTWRITEBYTECODE PYTHONPATH=/opt/acme $python -W ignore -c 'import outer, glob
print(sorted(glob.glob("/opt/acme/**/*.py*", recursive=True)))
import shutil; shutil.rmtree("/opt/acme/__pycache__"); shutil.rmtree("/opt/acme/pack/__pycache__")'
same 'a script by its #! line' /opt/acme/script one two
same -u 'a script by its #! line' /opt/acme/script one two
same 'threads' $python -c 'import threading, os
def work(n):
    for i in range(50):
        p = f"/var/lib/acme/t{n}"
        with open(p, "w") as f: f.write(str(i))
        with open(p) as f: assert f.read() == str(i)
        assert os.path.exists(p) and not os.path.exists(p + ".none")
        os.rename(p, p + ".new"); os.unlink(p + ".new")
threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(os.listdir("/var/lib/acme")))'
same 'subprocesses of every kind' $python -c 'import subprocess, os, sys
print(subprocess.run(["cat", "/var/lib/acme/conf.ini"], capture_output=True))
print(subprocess.run(["cat", "conf.ini"], cwd="/var/lib/acme", capture_output=True, close_fds=True))
print(subprocess.run("cat /var/lib/acme/conf.ini; pwd -P", shell=True, cwd="/opt/acme", capture_output=True))
print(subprocess.run(["/bin/cat", "/var/lib/acme/conf.ini"], env={}, capture_output=True))
print(subprocess.run(["/opt/acme/script", "x"], env={}, capture_output=True))
print(subprocess.run(["script"], env={"PATH": "/nowhere:/opt/acme"}, capture_output=True))
sys.stdout.flush()
pid = os.posix_spawn("/bin/cat", ["cat", "/var/lib/acme/conf.ini"], {})
print(os.waitpid(pid, 0)[1])
print(os.system("cat /var/lib/acme/conf.ini >/var/lib/acme/copy"), os.popen("cat /var/lib/acme/copy").read())
os.execv("/opt/acme/script", ["script", "last"])'
same 'files that the kernel refuses, and #! lines of every length at its limit' $python -c 'import os
def run(name, text):
    path = "/opt/acme/" + name
    with open(path, "wb") as f: f.write(text)
    os.chmod(path, 0o755)
    pid = os.fork()
    if not pid:
        os.dup2(os.open("/var/lib/acme/out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        try: os.execve(path, ["x"], {})
        except OSError as e: print(name, e, flush=True); os._exit(1)
    print(name, os.waitpid(pid, 0)[1], len(open("/var/lib/acme/out").read()), flush=True)
for n in range(244, 252):
    run("interp%d" % n, b"#!" + b"/" * n + b"bin/sh\nexit 3\n")
    run("blank%d" % n, b"#!" + b"/" * n + b"bin/sh  \nexit 3\n")
    run("arg%d" % n, b"#!/bin/sh " + b"x" * n + b"\n")
    run("last%d" % n, b"#!" + b" " * n + b"/bin/sh")
run("elf", b"\x7fELFgarbage"); run("empty", b""); run("nul", b"#!/bin/sh -e\0x\nexit 4\n"); run("none", b"#!\n"); run("gone", b"#!/opt/acme/none\n")'
same 'multiprocessing' $python -c 'import multiprocessing as m
def f(x): return open("/var/lib/acme/conf.ini").read() + str(x)
if __name__ == "__main__":
    with m.get_context("fork").Pool(4) as p: print(p.map(f, range(8)))'
same 'os and pathlib' $python -c 'import os, pathlib, shutil, tempfile
d = pathlib.Path("/var/lib/acme")
(d / "a/b").mkdir(parents=True); (d / "a/b/f").write_text("x"); os.symlink("/var/lib/acme/a", d / "l")
print((d / "l/b/f").resolve(), os.readlink(d / "l"), (d / "l").is_dir(), os.path.realpath("/var/lib/acme/l/.."))
os.chdir(d / "l/b"); print(os.getcwd(), os.path.abspath("f"))
fd = os.open("/var/lib/acme", os.O_RDONLY)
print(sorted(os.listdir(fd)), os.stat("conf.ini", dir_fd=fd).st_size, os.access("a", os.W_OK, dir_fd=fd))
os.mkdir("viafd", dir_fd=fd); os.rename("viafd", "other", src_dir_fd=fd, dst_dir_fd=fd); os.rmdir("other", dir_fd=fd)
print(os.readlink("/proc/self/cwd"), os.readlink(f"/proc/self/fd/{fd}"))
os.fchdir(fd); print(os.getcwd()); print(sorted(e.name for e in os.scandir(".")), [w[0] for w in os.walk("/var/lib/acme")])
f = tempfile.NamedTemporaryFile(dir="/var/lib/acme"); print(os.path.dirname(f.name), os.path.exists(f.name)); f.close()
t = tempfile.mkdtemp(dir="/var/lib/acme"); print(os.path.isdir(t)); os.rmdir(t)
shutil.copytree("/var/lib/acme/a", "/opt/acme/copy"); shutil.move("/opt/acme/copy", "/var/lib/acme/moved")
for bad in ("/var/lib/acme/none", "/var/lib/acme/conf.ini/x", "/var/lib/acme/a", ""):
    try: open(bad)
    except OSError as e: print(e)
print(os.statvfs("/var/lib/acme").f_namemax, os.utime("/var/lib/acme/conf.ini", (1, 2)), os.stat("/var/lib/acme/conf.ini").st_mtime)'
same -e trace 'sockets with names' $python -c 'import socket, os
s = socket.socket(socket.AF_UNIX); s.bind("/var/lib/acme/sock"); s.listen(); print(s.getsockname())
c = socket.socket(socket.AF_UNIX); c.connect("/var/lib/acme/sock"); print(c.getpeername())
p = s.accept()[0]; p.send(b"spoken"); print(c.recv(10)); os.unlink("/var/lib/acme/sock")
d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); d.bind("/var/lib/acme/dgram")
e = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); e.sendto(b"hi", "/var/lib/acme/dgram"); print(d.recvfrom(10)); os.unlink("/var/lib/acme/dgram")'
same 'sqlite, mmap, locks, zip and ctypes' $python -c 'import sqlite3, mmap, zipfile, ctypes, fcntl
c = sqlite3.connect("/var/lib/acme/p.db"); c.execute("create table t(a)"); c.execute("insert into t values(3)"); c.commit(); print(c.execute("select * from t").fetchall()); c.close()
f = open("/var/lib/acme/conf.ini", "r+b"); fcntl.lockf(f, fcntl.LOCK_EX); print(mmap.mmap(f.fileno(), 0)[:])
with zipfile.ZipFile("/var/lib/acme/z.zip", "w") as z: z.writestr("n", "t")
print(zipfile.ZipFile("/var/lib/acme/z.zip").namelist())
libc = ctypes.CDLL(None, use_errno=True)
print(libc.access(b"/var/lib/acme/conf.ini", 4), libc.access(b"/var/lib/acme/none", 4), ctypes.get_errno())
import os; os.unlink("/var/lib/acme/z.zip")'
finish
