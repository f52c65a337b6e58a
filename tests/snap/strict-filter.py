#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""strict-filter.py FILE: compiles the seccomp filter of a strictly confined snap without any interface, as the snapd that
is installed would, into FILE; tests/programs/strict-load.c loads it. The profile's text is a constant in the program
snapd, the compiler comes with it. It must never write anything but FILE."""

import re
import subprocess
import sys
import tempfile

SNAPD = "/usr/lib/snapd/snapd"
COMPILER = "/usr/lib/snapd/snap-seccomp"
# How the parts begin that every strict snap's profile is put together from.
PARTS = (
    b"# Description: Allows access to app-specific directories and basic runtime",
    b"# Allow these and rely on AppArmor to mediate CAP_SETUID and CAP_SETGID. When",
    b"# Add bind() for systems with only Seccomp enabled to workaround",
)
LINE = re.compile(r"(#.*|[a-z0-9_]+([ \t].*)?|)")
# What a strict profile has, and what it never has: other text would be another constant.
HAS, HAS_NOT = {"openat", "prctl", "seccomp", "execve"}, {"ptrace", "process_vm_readv", "mount"}


def constant(blob, beginning):
    """The lines of a profile that start at BEGINNING; in the program other constants follow without a gap."""
    start = blob.index(beginning)
    text = re.compile(rb"[\t\n\x20-\x7e]*").match(blob, start).group().decode()
    lines = []
    for line in text.split("\n"):
        if not LINE.fullmatch(line):
            break
        lines.append(line)
    return lines


def main():
    with open(SNAPD, "rb") as file:
        blob = file.read()
    try:
        lines = [line for part in PARTS for line in constant(blob, part)]
    except ValueError:
        sys.exit("strict-filter: this snapd keeps its profile elsewhere")
    calls = {line.split()[0] for line in lines if line and not line.startswith("#")}
    if not HAS <= calls or calls & HAS_NOT:
        sys.exit("strict-filter: what was found in this snapd is not the profile of a strict snap")
    with tempfile.NamedTemporaryFile("w", suffix=".src") as source:
        source.write("\n".join(lines) + "\n")
        source.flush()
        sys.exit(subprocess.run([COMPILER, "compile", source.name, sys.argv[1]], check=False).returncode)


main()
