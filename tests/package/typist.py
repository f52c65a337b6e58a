#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Types at an interactive shell on a terminal of its own, and says whether the wanted text came back.

    tests/package/typist.py WANTED KEYS SHELL [ARG]...     KEYS: \\t is the tab key; status 0 once WANTED was shown
"""
import os
import pty
import select
import sys
import time

LIMIT = 60  # seconds


def main():
    wanted, keys, command = sys.argv[1], sys.argv[2].encode().decode("unicode_escape"), sys.argv[3:]
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", PS1="ready> ", PROMPT="ready> ", COLUMNS="200")
        os.execvp(command[0], command)
    seen, typed, end = b"", False, time.monotonic() + LIMIT
    while time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
        if not typed and b"ready> " in seen:
            os.write(master, keys.encode())
            typed, seen = True, b""
        elif typed and wanted.encode() in seen:
            os.close(master)
            return 0
    print("not shown: %r in %r" % (wanted, seen.decode(errors="replace")))
    return 1


if __name__ == "__main__":
    sys.exit(main())
