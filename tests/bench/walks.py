# SPDX-License-Identifier: MIT
"""Walks over a tree of 5,000 files: under each engine, and over a bind mount of the same tree.

tests/bench/run calls it. What is measured is the processor's time of the whole command, which a busy machine disturbs
less than the clock. It must never mount anything where others see it.
"""
import ctypes
import os
import random
import statistics
import subprocess

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 4096, 16384, 1 << 18, 2
RULES = 10
libc = ctypes.CDLL(None, use_errno=True)


def make_tree(root):
    """5,000 files in 500 directories, three levels deep, known to git."""
    for number in range(5000):
        folder = f"{root}/d{number // 1000}/e{number // 100 % 10}/f{number // 10 % 10}"
        if number % 10 == 0:
            os.makedirs(folder)
        with open(f"{folder}/file{number % 10}", "w", encoding="ascii") as file:
            file.write(f"line {number}\n" * 20)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", "-C", root] + command, env=environment(), check=True)


def environment():
    settings = [("user.name", "bench"), ("user.email", "bench@example.org"), ("safe.directory", "*"), ("gc.auto", "0")]
    env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", GIT_OPTIONAL_LOCKS="0",
               GIT_CONFIG_COUNT=str(len(settings)))
    for number, (key, value) in enumerate(settings):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return env


def mount(source, target, flags):
    return libc.mount(source and source.encode(), target.encode(), None, flags, None) == 0


def mount_tree(work):
    """The targets mounted in a namespace of this process. False where that is not allowed."""
    if libc.unshare(CLONE_NEWNS) < 0 or not mount(None, "/", MS_REC | MS_PRIVATE):
        return False
    for number in range(RULES):
        os.makedirs(f"{work}/mnt/vendor{number}")
        if not mount(f"{work}/walk/{number}", f"{work}/mnt/vendor{number}", MS_BIND):
            return False
    return True


def unmount_tree(work):
    for number in range(RULES):
        libc.umount2(f"{work}/mnt/vendor{number}".encode(), MNT_DETACH)


def commands(tree):
    return {"find": ["find", tree], "find -size": ["find", tree, "-size", "+9"],
            "tar -c": ["tar", "-C", tree, "-cf", "/dev/null", "d0", "d1", "d2", "d3", "d4"],
            "tar -c, read": ["sh", "-c", f"tar -C {tree} -cf - d0 d1 d2 d3 d4 | cat"],
            "git status": ["git", "-C", tree, "status", "--short"], "ls -lR": ["ls", "-lR", tree],
            "grep -r": ["grep", "-r", "nothing", f"{tree}/d0"], "du": ["du", "-s", tree]}


def milliseconds(command):
    """Of the processors; grep finds nothing and says 1."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    pid = os.posix_spawnp(command[0], command, environment(), file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) > 1:
        raise SystemExit(f"failed: {' '.join(command)}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def measure(work, snapredir, engines, rounds):
    """Yields (what, way, milliseconds, those of the bind mount, spread)."""
    for number in range(RULES):
        os.makedirs(f"{work}/walk/{number}")
    make_tree(f"{work}/walk/5")
    base = "bind mount" if mount_tree(work) else "native"
    rules = []
    for number in range(RULES):
        rules += ["-m", f"{work}/opt/vendor{number}={work}/walk/{number}"]
    cells = [(what, base, command)
             for what, command in commands(f"{work}/mnt/vendor5" if base != "native" else f"{work}/walk/5").items()]
    for engine in engines:
        cells += [(what, engine, [snapredir, "-e", engine] + rules + ["--"] + command)
                  for what, command in commands(f"{work}/opt/vendor5").items()]
    values = {(what, way): [] for what, way, _ in cells}
    for _ in range(rounds):
        for what, way, command in random.sample(cells, len(cells)):
            values[what, way].append(milliseconds(command))
    unmount_tree(work)
    for (what, way), many in sorted(values.items()):
        yield (f"{what}, 5,000 files (ms)", way, statistics.median(many), statistics.median(values[what, base]),
               max(many) / min(many))
