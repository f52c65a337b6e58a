#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Are the layouts that snapredir takes those that snapd takes? By tests/data/layouts.tsv, and by asking the validator of
the snapd that is installed, of the same layouts and of random ones. Speaks TAP. It must never install a snap."""

import os
import random
import shutil
import subprocess
import tempfile

TABLE = "tests/data/layouts.tsv"
SNAPREDIR = os.path.join(os.environ.get("SNAPREDIR_BUILD", "build"), "bin/snapredir")
RANDOM = int(os.environ.get("SNAPREDIR_SOAK") and 5000 or 120)
HEAD = "name: tt\nversion: 1\nsummary: s\ndescription: d\nconfinement: {}\napps: {{a: {{command: bin/a}}}}\nlayout:\n"

# What random layouts are made of. Not what versions of snapd see differently: /var/run, /usr/lib/firmware, /usr/lib/modules.
TOPS = """/opt /etc /usr /usr/share /var /var/lib /var/lib/snapd /var/snap /snap/tt /snap/ttx /snap/other /lib /lib/modules
    /lib/firmware /lib32 /home /tmp /dev/shm /run /media /lost+found /new /root /bin $SNAP $SNAP_DATA $SNAP_COMMON
    $HOME ${SNAP} opt""".split()
NAMES = ["a", "b", "a", "b", "c d", "a.b", "..", ".", "", "$SNAP", "x?", "x[1]", "x^", 'x"', "a-b", "modules", "$"]
SOURCES = """$SNAP $SNAP $SNAP $SNAP $SNAP_DATA $SNAP_COMMON $SNAP_DATA $SNAP_COMMON $SNAP_USER_DATA /var/snap/tt/common
    /usr .. ${SNAP_DATA} $SNAPX $SNAP.x $""".split()
MODES = ["0755", "1777", "'01777'", "755", "'02755'", "04755", "abc", "99", "''", "0", "~"]
OWNERS = ["root", "root", "root", "nobody", "0", "''", "~"]


class Tap:
    def __init__(self):
        self.count = 0

    def result(self, name, problems):
        self.count += 1
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for line in problems:
            print("#", line)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")


class Snap:
    """A skeleton of a snap, whose layouts are asked about."""

    def __init__(self, top):
        self.top = top
        self.yaml = os.path.join(top, "meta/snap.yaml")
        for name in ("", "meta", "bin", "x"):
            os.makedirs(os.path.join(top, name), exist_ok=True)
            os.chmod(os.path.join(top, name), 0o755)
        with open(os.path.join(top, "bin/a"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n")
        os.chmod(os.path.join(top, "bin/a"), 0o755)
        self.env = dict(os.environ, SNAP=top, SNAP_DATA=top, SNAP_COMMON=top, LC_ALL="C")

    def write(self, layouts, confinement="strict"):
        with open(self.yaml, "w", encoding="utf-8") as file:
            file.write(HEAD.format(confinement) + "".join(f"  {line}\n" for line in layouts.split("\n")))

    def ask(self, *command):
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode == 0, (done.stdout + done.stderr).strip()

    def ours(self):
        return self.ask(SNAPREDIR, "--check", f"--layout={self.yaml}")

    def snapd(self):
        return self.ask("snap", "pack", "--check-skeleton", self.top)


def random_path(dice, tops):
    path = dice.choice(tops)
    for _ in range(dice.choice((0, 1, 1, 1, 2))):
        path += "/" + (dice.choice(NAMES) if dice.random() < 0.15 else dice.choice("abc"))
    return path + ("/" if dice.random() < 0.05 else "")


def quoted(text):
    return "'" + text + "'"


def random_entry(dice):
    keys = []
    for kind in dice.choice((("bind",), ("bind",), ("bind-file",), ("symlink",), ("type",), ("type",), (), ("bind", "symlink"))):
        if kind == "type":
            keys.append("type: " + dice.choice(("tmpfs", "tmpfs", "tmpfs", "ext4", "''", "~")))
        else:
            keys.append(f"{kind}: {quoted(random_path(dice, SOURCES))}")
    for key, values, often in (("mode", MODES, 0.3), ("user", OWNERS, 0.2), ("group", OWNERS, 0.2), ("unknown", ["x"], 0.05)):
        if dice.random() < often:
            keys.append(f"{key}: {dice.choice(values)}")
    return "{" + ", ".join(keys) + "}" if keys or dice.random() < 0.5 else "~"


def random_layouts(dice):
    paths = set()
    for _ in range(dice.choice((1, 1, 2, 3))):
        paths.add(random_path(dice, TOPS) if dice.random() < 0.35 else "/opt/" + dice.choice("abc"))
    return "\n".join(f"{quoted(path)}: {random_entry(dice)}" for path in sorted(paths))


def differences(snap, layouts):
    found = []
    for text in layouts:
        snap.write(text)
        (ours, our_words), (theirs, their_words) = snap.ours(), snap.snapd()
        if ours != theirs:
            found += [text, f"    snapredir: {our_words}", f"    snapd: {their_words}"]
    return found


def main():
    tap = Tap()
    with open(TABLE, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    top = tempfile.mkdtemp()
    try:
        snap = Snap(top)
        for verdict, layouts in rows:
            snap.write(layouts.replace("\\n", "\n"))
            fine, words = snap.ours()
            problems = [] if fine == (verdict == "ok") else [words]
            if verdict == "no" and f"{snap.yaml}:" not in words:
                problems.append(f"no FILE:LINE: in '{words}'")
            tap.result(f"{layouts}: {verdict}", problems)
        if shutil.which("snap"):
            tap.result("snapd that is installed says the same", differences(snap, [row[1].replace("\\n", "\n") for row in rows]))
            seed = int.from_bytes(os.urandom(4), "big")
            dice = random.Random(seed)
            layouts = [random_layouts(dice) for _ in range(RANDOM)]
            tap.result(f"... and of random ones, seed {seed}", differences(snap, layouts))
        else:
            tap.skip("snapd that is installed says the same", "snap is not installed")
    finally:
        shutil.rmtree(top)
    print(f"1..{tap.count}")


main()
