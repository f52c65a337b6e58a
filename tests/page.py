#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Asks a page of `snapredir --report` for what a test wants to know; status 1 and a word where it is not so.

    tests/page.py has PAGE PATH ERROR       some call for PATH gave ERROR ('' for none)
    tests/page.py strace PAGE LOG           calls and outcomes are those of `strace -f -e trace=%file -o LOG`
    tests/page.py suggested PAGE <RULES     the suggested rules are those of RULES
    tests/page.py clean PAGE                there is no < or > in the data, and one script after them
"""
import json
import os
import re
import sys

CALL = re.compile(r'^\d+ +(\w+)\((.*)\) += (-?\d+)(?: (E\w+))?')
NAME = re.compile(r'(?:AT_FDCWD(?:<[^>]*>)?, )?"((?:[^"\\]|\\.)*)"')


def data_of(page):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    return re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1)


def rows_of(data):
    """(call, path, name of the error or '')"""
    for row in data["rows"]:
        yield row[3], data["paths"][row[0]], data["errors"][str(-row[4])] if row[4] < 0 else ""


def has(page, path, error):
    found = [(call, got) for call, name, got in rows_of(json.loads(data_of(page))) if name == path]
    if error not in [got for _, got in found]:
        raise SystemExit("%s: %s, and not %r" % (path, found, error))


def strace_rows(log):
    """What strace saw with an absolute path as its first one, from the program's exec on."""
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = CALL.match(line)
            if not match or not NAME.match(match.group(2)) or match.group(1) == "getcwd":
                continue
            names = NAME.findall(match.group(2))
            for name in names if match.group(1).startswith(("rename", "link")) else names[:1]:
                if name.startswith("/"):
                    yield match.group(1), os.path.normpath(name), match.group(4) or ""


def strace(page, log):
    ours, theirs = set(rows_of(json.loads(data_of(page)))), set(strace_rows(log))
    lacking = {row for row in theirs - ours if not row[0].startswith("exec")}
    if not theirs or lacking:
        raise SystemExit("strace saw, and the page has not: %s" % sorted(lacking))
    # The program's own exec, and names relative to a directory, are not among strace's.
    names = {path for _, path, _ in theirs}
    more = {row for row in ours - theirs if row[1] in names and not row[0].startswith("exec")}
    if more:
        raise SystemExit("the page has, and strace did not see: %s" % sorted(more))


def suggested(page):
    wanted, got = sys.stdin.read().splitlines(), json.loads(data_of(page))["suggested"]
    if got != wanted:
        raise SystemExit("the page has %s instead of %s" % (got, wanted))


def clean(page):
    data = data_of(page)
    json.loads(data)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if "<" in data or ">" in data or text.count("<script") != 2 or text.count("</script>") != 2:
        raise SystemExit("markup among the data")


if __name__ == "__main__":
    {"has": has, "strace": strace, "suggested": suggested, "clean": clean}[sys.argv[1]](*sys.argv[2:])
