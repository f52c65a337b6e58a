#!/bin/bash
# SPDX-License-Identifier: MIT
# Services: one that stays in front, that notifies, that goes to the background and leaves a pidfile, that gets its
# sockets, each with a worker; all of its processes get SIGTERM, and it ends in its own way.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh
needs python3

# Takes its time to end, looks at a redirected file before that, and ends its worker itself.
cat >"$WORK/service.py" <<'END'
import os, signal, socket, sys, time
kind, file = sys.argv[1:]
def notify(text):
    if "NOTIFY_SOCKET" in os.environ:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(text, os.environ["NOTIFY_SOCKET"])
def look():
    return os.path.exists(file) or not os.environ.get("RUN")
def stop(number, frame):
    time.sleep(0.2)
    notify(b"STOPPING=1")
    os.kill(worker, signal.SIGTERM)
    status = os.waitpid(worker, 0)[1]
    os._exit(0 if look() and os.waitstatus_to_exitcode(status) in (0, -15) else 4)
if kind == "forking":
    if os.fork():
        while not os.path.exists("pid"):
            time.sleep(0.01)
        os._exit(0)
    os.setsid()
# SIGTERM may come as soon as anything was said.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.signal(signal.SIGTERM, stop)
worker = os.fork()
if worker == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    time.sleep(60)
if kind == "sockets":
    assert os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
    with socket.socket(fileno=3) as listener:
        client = listener.accept()[0]
        client.sendall(b"served")
if kind == "forking":
    with open("pid.new", "w") as out:
        out.write(str(os.getpid()))
    os.rename("pid.new", "pid")
notify(b"READY=1\nSTATUS=up" if look() else b"STATUS=no file")
open("up", "w").close()
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
while True:
    signal.pause()
END
MANAGER=$PWD/tests/manager
export MANAGER
service() { # TYPE EXPECTED
	each -o "$2" "a service of type $1" '$MANAGER "$1" $RUN python3 "$0" "$1" /opt/acme/file' "$WORK/service.py" "$1"
}
service simple 'parent is the manager: True
its own session: True
it ends with 0'
service notify 'heard READY=1
STATUS=up from the main process: True True
parent is the manager: True
its own session: True
heard STOPPING=1 from the main process: True True
it ends with 0'
service forking 'the first process ends with 0
the pidfile names a process of ours: True
parent is the manager: True
its own session: True
it ends with 0'
service sockets 'answer: served
parent is the manager: True
its own session: True
it ends with 0'

# daemon(3), as it is called by C programs.
cat >"$WORK/daemon.py" <<'END'
import ctypes, os, sys
file, out, keep = sys.argv[1:]
was = os.getpid()
if ctypes.CDLL(None).daemon(int(keep), 0):
    sys.exit("daemon fails")
with open(out + ".new", "w") as said:
    there = os.path.exists(file) or not os.environ.get("RUN")
    print("found" if there else "lost", os.getpid() != was, os.getpgrp() == os.getsid(0), os.getcwd() if keep == "0" else "kept",
          [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3)], file=said)
os.rename(out + ".new", out)
END
for keep in 0 1; do
	each "daemon($keep, 0)" '$RUN python3 "$0" /opt/acme/file "$PWD/out" "$1" && for i in $(seq 200); do [ ! -e out ] || break; sleep 0.05; done
		cat out' "$WORK/daemon.py" $keep
done
finish
