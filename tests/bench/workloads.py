# SPDX-License-Identifier: MIT
"""The table of what is measured. A command's words in braces are World.words(). It must hold no code but the table's.

A loop prints the nanoseconds of one of its turns itself; a program is timed from outside, and what it prints must be what
it prints natively.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    group: str
    name: str
    command: str
    unit: str = "ns"
    loop: bool = True
    rules: str = "few"
    static: bool = False
    floor: bool = False  # the floors can run it
    alone: bool = False  # no way but natively
    start: bool = False  # the start itself is what is measured: the way stands behind the spawning program

    @property
    def scale(self):
        """Nanoseconds of a unit."""
        return {"ns": 1, "us": 1e3, "ms": 1e6}[self.unit]


CALLS = (("stat, no rule", "stat {miss}/six there"), ("stat, redirected", "stat {hit}/six there"),
         ("stat, not there", "stat {miss}/none missing"),
         ("open+close, no rule", "open {miss}/six there"), ("open+close, redirected", "open {hit}/six there"),
         ("open, not there", "open {miss}/none missing"),
         ("access, no rule", "access {miss}/six there"), ("access, redirected", "access {hit}/six there"),
         ("access, not there", "access {miss}/none missing"),
         ("readlink, no rule", "readlink {miss}/link there"), ("readlink, redirected", "readlink {hit}/link there"),
         ("readlink, not there", "readlink {miss}/none missing"),
         ("getpid", "getpid / there"), ("read /dev/zero", "read /dev/zero there"))

STARTS = (("fork+exec", "fork"), ("vfork+exec", "vfork"), ("posix_spawn", "posix_spawn"))

IMPORTS = ("import argparse, asyncio, concurrent.futures, csv, ctypes, datetime, decimal, email.message, hashlib, "
           "http.client, json, logging.handlers, multiprocessing, sqlite3, ssl, subprocess, tarfile, tempfile, unittest, "
           "urllib.request, xml.dom.minidom, zipfile; print(len(decimal.__doc__))")
OWN_IMPORTS = ("import sys; sys.path.insert(0, '{vendor}/py'); "
               "print(sum(__import__(f'module{{n}}').value() for n in range(150)))")

PROGRAMS = (("busybox-static find /usr", "busybox find /usr", {"static": True}),
            ("busybox-static du /usr", "busybox du -s /usr", {"static": True}),
            ("tar /usr/share", "tar -C /usr/share -cf /dev/null .", {}),
            ("tar 5,000 files, redirected", "tar -C {vendor}/tree -cf /dev/null d0 d1 d2 d3 d4", {}),
            ("tar, reading them", "sh -c 'tar -C {vendor}/tree -cf - d0 d1 d2 d3 d4 | cat'", {}),
            ("find, redirected", "find {vendor}/tree", {}),
            ("find -size, redirected", "find {vendor}/tree -size +9", {}),
            ("find, rule's path not on disk", "find {absent}/tree", {"rules": "absent"}),
            ("ls -lR, redirected", "ls -lR {vendor}/tree", {}),
            ("git status, redirected", "git -C {vendor}/tree status --short", {}),
            ("git status, not on disk", "git -C {absent}/tree status --short", {"rules": "absent"}),
            ("python imports", f'/usr/bin/python3 -c "{IMPORTS}"', {}),
            ("python imports, redirected", f'/usr/bin/python3 -c "{OWN_IMPORTS}"', {}),
            ("compile, redirected", "sh -c 'cd {vendor}/project && make -s -B program && ./program'", {}),
            ("Go program, redirected", "{walk-go} {vendor}/tree/d0", {"static": True}),
            ("python imports, overlay / DIR", f'/usr/bin/python3 -c "{IMPORTS}"', {"rules": "overlay"}),
            ("node program, redirected", "node {source}/walk.js {vendor}/js {vendor}/tree/d0", {}))


def table():
    rows = []
    for static, form in ((False, "calls"), (True, "calls-static")):
        group = f"system calls of a {'static' if static else 'dynamic'} program"
        for name, words in CALLS:
            rows.append(Workload(group, f"{'static ' * static}{name}", f"{{{form}}} {words}", static=static,
                                 floor=static and name == "stat, no rule"))
    rows.append(Workload(group, "static getpid, a filter that allows all", "{calls-static} filtered-getpid / there", static=True,
                         alone=True))
    group = "processes at once, time per call of all of them"
    for static, form in ((False, "calls"), (True, "calls-static")):
        for n in (1, 2, 4):
            rows.append(Workload(group, f"{'static ' * static}stat, no rule, {n} at once",
                                 f"{{{form}}} stat {{miss}}/six there {n}", static=static))
    group = "starting programs"
    for name, kind in STARTS:
        rows.append(Workload(group, f"{name} of true", f"{{spawn}} {kind} /bin/true", unit="us"))
    for rules, count in (("few", "10"), ("many", "1,000"), ("lots", "50,000")):
        rows.append(Workload(group, f"start of true, {count} rules", "{spawn} posix_spawn /bin/true", unit="us", rules=rules,
                             start=True))
    group = "numbers of rules"
    for rules, count in (("few", "10"), ("many", "1,000"), ("lots", "50,000")):
        rows.append(Workload(group, f"stat, redirected, {count} rules", "{calls} stat {hit}/six there", rules=rules))
        rows.append(Workload(group, f"look-up alone, {count} rules", f"{{lookup}} {count.replace(',', '')} spread", alone=True))
        rows.append(Workload(group, f"static stat, no rule, {count} rules", "{calls-static} stat {miss}/six there",
                             rules=rules, static=True))
    group = "beneath overlay / DIR"
    for name, place in (("above", "above"), ("below", "miss")):
        for static, form in ((False, "calls"), (True, "calls-static")):
            rows.append(Workload(group, f"{'static ' * static}stat, what is {name}", f"{{{form}}} stat {{{place}}}/six there",
                                 rules="overlay", static=static))
    for name, command, more in PROGRAMS:
        rows.append(Workload("programs", name, command, unit="ms", loop=False, **more))
    return rows
