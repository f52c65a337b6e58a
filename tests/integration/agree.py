#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Do shim, gate, tracer and --explain agree? Random questions about random worlds of rules and links: each is answered by
the launcher, and by the kernel for a program under each engine, through libc and by the instruction itself. What the
launcher says is checked by asking the kernel about that path, without snapredir. Speaks TAP.

    SNAPREDIR_QUESTIONS   how many (100,000); SNAPREDIR_SOAK=1: fresh worlds at each run
It must never write outside one temporary directory."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("SNAPREDIR_BUILD", "build"))
SNAPREDIR = os.path.join(BUILD, "bin/snapredir")
EXPLAIN = os.path.join(BUILD, "agree/explain")
ASK = os.path.join(BUILD, "programs/questions")
WORLDS = 8
QUESTIONS = int(os.environ.get("SNAPREDIR_QUESTIONS", "100000"))
NAMES = ["a", "b", "c", "dd", "e.conf", "f"]
# (what is compared, the engine, the program): libc through the shim, libc through the gate, system calls by the tracer.
WAYS = [("the shim", "preload", [ASK]), ("the gate", "hybrid", [ASK]), ("the tracer beneath libc", "trace", [ASK]),
        ("the tracer beneath the gate", "hybrid", [ASK, "direct"]), ("the tracer, static", "hybrid", [ASK + "-static", "direct"])]


class World:
    """A tree, links across it, and rules over it."""

    def __init__(self, seed, top):
        self.random, self.top = random.Random(seed), top
        self.folders, self.files = [top], []
        self.grow(f"{top}/disk", 3)
        for number in range(3):
            self.grow(f"{top}/target{number}", 2)
        self.points = []
        self.rules = self.make_rules()
        for _ in range(40):
            self.link()

    def grow(self, path, depth):
        os.mkdir(path)
        self.folders.append(path)
        for name in self.random.sample(NAMES, 4):
            if depth and self.random.random() < 0.7:
                self.grow(f"{path}/{name}", depth - 1)
            else:
                self.files.append(f"{path}/{name}")
                with open(f"{path}/{name}", "w", encoding="ascii") as file:
                    file.write(name)

    def make_rules(self):
        """Over directories and files that are there, over nothing, beneath another rule; of directories and files."""
        rules = {}
        for _ in range(self.random.randint(2, 9)):
            kind = self.random.random()
            if kind < 0.4:
                path = self.random.choice(self.folders[1:])
            elif kind < 0.5:
                path = self.random.choice(self.files)
            else:
                path = self.random.choice(self.folders + self.points) + "/" + "/".join(
                    self.random.choices(NAMES + ["new"], k=self.random.randint(1, 3)))
            if os.path.isfile(path):
                target = self.random.choice(self.files)
            else:
                target = self.random.choice([f for f in self.folders if "/target" in f] + self.folders[1:])
            if path != target:
                rules[path] = target
                self.points.append(path)
        return rules

    def link(self):
        where = f"{self.random.choice(self.folders)}/{self.random.choice(['l', 'm', 'n'])}"
        text = self.random.choice([
            lambda: self.random.choice(self.points + self.folders + self.files),
            lambda: "../" * self.random.randint(1, 3) + self.random.choice(NAMES),
            lambda: self.random.choice(NAMES + ["l", "m", "."]),
            lambda: self.path(absolute=True)])()
        if not os.path.lexists(where):
            os.symlink(text, where)

    def path(self, absolute=False):
        words = self.random.choices(NAMES + ["new", "l", "m", "n", "..", ".", ""], k=self.random.randint(0, 5))
        start = self.random.choice(self.points + self.folders + ["", "..", "."])
        if absolute or self.random.random() < 0.7:
            start = self.random.choice(self.points * 3 + self.folders)
        path = "/".join([start] + words) if start else "/".join(words)
        return (path.lstrip("/") if not start else path) + self.random.choice(["", "", "", "/"]) or "."

    def questions(self, count):
        """Some are asked again and again: what was learnt must not change the answer."""
        pool = [self.path() for _ in range(count // 4)]
        return [self.random.choice(pool) for _ in range(count)]


def run(command, text, cwd):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, text=True,
                          timeout=600, check=False)


def under(engine, rules, command):
    return [SNAPREDIR, "-e", engine, "--log-format", "json", "-r", rules, "--"] + command


def explained(world, rules, questions, cwd):
    """What --explain says of each: (path to ask the kernel about, None) or (None, the error's name)."""
    done = run(under("preload", rules, [EXPLAIN]), "\n".join(questions) + "\n", cwd)
    if done.returncode:
        raise SystemExit(f"{EXPLAIN}: status {done.returncode}: {done.stderr}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if [answer["path"] for answer in answers] != questions:
        raise SystemExit(f"{EXPLAIN} answered other questions")
    return [(answer.get("to", answer["path"]), answer.get("errno")) for answer in answers]


def expected(world, rules, questions, cwd):
    import errno
    told = explained(world, rules, questions, cwd)
    real = run([ASK], "\n".join(path for path, _ in told) + "\n", cwd).stdout.splitlines()
    return [errno.errorcode[error] if error else answer for (_, error), answer in zip(told, real)], told


def compare(what, world, questions, told, wanted, done):
    got = done.stdout.splitlines()
    wrong = [f"{question!r}: {answer} instead of {want}, which is {path!r}"
             for question, (path, _), want, answer in zip(questions, told, wanted, got) if want != answer]
    if done.returncode or len(got) != len(wanted):
        wrong.insert(0, f"status {done.returncode}, {len(got)} answers of {len(wanted)}: {done.stderr[-500:]}")
    if wrong:
        wrong += [f"rule: bind {path} {target}" for path, target in world.rules.items()]
    return wrong


def try_world(seed, top, count):
    """Returns for each way what was wrong."""
    world = World(seed, top)
    rules = f"{top}.rules"
    with open(rules, "w", encoding="ascii") as file:
        file.writelines(f"bind {path} {target}\n" for path, target in world.rules.items())
    cwd = world.random.choice(world.folders)
    questions = world.questions(count)
    wanted, told = expected(world, rules, questions, cwd)
    text = "\n".join(questions) + "\n"
    return [compare(what, world, questions, told, wanted, run(under(engine, rules, command), text, cwd))
            for what, engine, command in WAYS], sum(1 for answer in wanted if answer[0].isdigit())


def main():
    first = int(time.time()) * WORLDS if os.environ.get("SNAPREDIR_SOAK", "0") == "1" else 1
    wrong, found = [[] for _ in WAYS], 0
    work = os.path.realpath(tempfile.mkdtemp(prefix="snapredir-agree."))
    try:
        for seed in range(first, first + WORLDS):
            os.mkdir(f"{work}/{seed}")
            for way, more in zip(wrong, (answer := try_world(seed, f"{work}/{seed}", QUESTIONS // WORLDS))[0]):
                way += [f"world {seed}: {line}" for line in more]
            found += answer[1]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for number, ((what, engine, _), lines) in enumerate(zip(WAYS, wrong), 1):
        print(f"{'not ' if lines else ''}ok {number} - {what} says what --explain says [{engine}]")
        for line in lines[:20]:
            print(f"# {line}")
    number = len(WAYS) + 1
    print(f"{'' if QUESTIONS // 5 < found < QUESTIONS else 'not '}ok {number} - files were found and not found: {found} of {QUESTIONS}")
    print(f"1..{number}")


if __name__ == "__main__":
    sys.exit(main())
