# SPDX-License-Identifier: MIT
"""The ways to run a program that the benchmark compares: natively, by snapredir, by its peers, and on the floors.

A Way says how a command is started and why it cannot be, which the table shows in the way's place. Used by
tests/bench/run. It must never be kinder to snapredir than to the others.
"""
import os
import shutil
import subprocess


class Way:
    """NAME, and what is put in front of a command; lacks() says why a workload cannot be had this way, or None."""
    redirects = True
    overlays = False  # can it lay a directory over the root?

    def __init__(self, name):
        self.name = name

    def prefix(self, world, workload):
        return []

    def env(self, world, workload):
        return world.env

    def lacks(self, workload):
        return None


class Native(Way):
    redirects = False
    overlays = True


class Snapredir(Way):
    overlays = True

    def __init__(self, program, engine):
        super().__init__(engine)
        self.program = program

    def prefix(self, world, workload):
        return [self.program, "-e", self.name, "--require", self.name, "-r", world.rules[workload.rules][0], "--"]

    def lacks(self, workload):
        return "no static programs" if self.name == "preload" and workload.static else None


class Floor(Way):
    """What the kernel asks for a stop, in place of a tracer."""
    redirects = False

    def __init__(self, name, program, kind):
        super().__init__(name)
        self.command = [program, kind]

    def prefix(self, world, workload):
        return self.command

    def lacks(self, workload):
        return None if workload.floor else ""


class Proot(Way):
    def prefix(self, world, workload):
        return ["proot"] + [word for path, target in world.rules[workload.rules][1] for word in ("-b", f"{target}:{path}")]

    def lacks(self, workload):
        return "so many rules are no command line" if workload.rules == "lots" else None


class Bubblewrap(Way):
    def prefix(self, world, workload):
        pairs = world.rules[workload.rules][1]
        return ["bwrap", "--dev-bind", "/", "/"] + [word for path, target in pairs for word in ("--bind", target, path)]

    def lacks(self, workload):
        if workload.rules == "absent":
            return "makes the mount point on the disk"
        return "so many rules are no command line" if workload.rules == "lots" else None


class Fakechroot(Way):
    """A root of its own for all that is not excluded. Started by its environment: its script is a shell's 20 ms."""
    def prefix(self, world, workload):
        return ["fakechroot", "--"] if workload.start else []

    def env(self, world, workload):
        top = world.work.split("/")[1]
        mine = {f"{world.work}/opt", f"{world.work}/none"}
        excluded = [f"/{name}" for name in os.listdir("/") if name != top]
        excluded += [path for path in (f"{world.work}/{name}" for name in os.listdir(world.work)) if path not in mine]
        env = dict(world.env, FAKECHROOT_BASE=world.base,
                   FAKECHROOT_EXCLUDE_PATH=":".join(excluded + [world.programs, world.words(True)["source"]]))
        return env if workload.start else dict(env, FAKECHROOT="true", LD_PRELOAD=self.library())

    def library(self):
        if not hasattr(self, "found"):
            listed = subprocess.run(["dpkg", "-L", "libfakechroot"], stdout=subprocess.PIPE, text=True, check=False).stdout
            self.found = next((line for line in listed.splitlines() if line.endswith("/libfakechroot.so")),
                              "libfakechroot.so")
        return self.found

    def lacks(self, workload):
        if workload.static:
            return "no static programs"
        return "one root, no rules" if workload.rules in ("many", "lots") else None


def can_run(world, way, workload):
    """By trying: an engine, or a peer, that cannot be had on this machine is left out."""
    command = way.prefix(world, workload) + ["cat", f"{world.words(True)['hit']}/six"]
    if not shutil.which(command[0]):
        return f"{command[0]} is not installed"
    done = subprocess.run(command, env=way.env(world, workload), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return None if done.stdout == "six\n" else done.stdout.strip().splitlines()[:1] or "no output"


def all_ways(snapredir, programs):
    return [Native("native"), Snapredir(snapredir, "preload"), Snapredir(snapredir, "hybrid"),
            Snapredir(snapredir, "trace"), Floor("bare stop", f"{programs}/floor", "bare"),
            Floor("stop, 4 calls", f"{programs}/floor", "miss"), Bubblewrap("bubblewrap"), Fakechroot("fakechroot"),
            Proot("proot")]


def versions():
    """Of the peers."""
    found = []
    for package in ("bubblewrap", "fakechroot", "proot"):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False)
        found.append(f"{package} {done.stdout}" if done.stdout else f"no {package}")
    return ", ".join(found)
