# SPDX-License-Identifier: MIT
"""What the benchmark looks at: files in one temporary directory, and rules that lead to some of them.

tests/bench/run makes one World. A rule leads from DIR/opt/vendorN, an empty directory, to DIR/real/DIR/opt/vendorN, so
that fakechroot can be given the base DIR/real for the same. DIR/none/vendorN is not on the disk. It must never write
outside of its directory.
"""
import os
import shutil
import subprocess

RULES = 10
MANY = 1000
LOTS = 50000
FILES = 5000
MODULES = 150


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_tree(root):
    """5,000 files in 500 directories, three levels deep."""
    for number in range(FILES):
        write(f"{root}/d{number // 1000}/e{number // 100 % 10}/f{number // 10 % 10}/file{number % 10}",
              f"line {number}\n" * 20)


def make_repository(root, env):
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", "-C", root] + command, env=env, check=True)


def make_project(root):
    """Sixteen sources that include twenty headers each and some of libc's."""
    for number in range(20):
        write(f"{root}/include/part{number}.h", f"struct part{number} {{ int a[{number + 1}]; }};\n")
    includes = "".join(f"#include \"part{number}.h\"\n" for number in range(20))
    names = [f"unit{number}" for number in range(16)]
    for name in names:
        write(f"{root}/{name}.c", f"{includes}#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
              f"int {name}(void);\nint {name}(void)\n{{\n\treturn (int)sizeof(struct part7);\n}}\n")
    calls = " + ".join(f"{name}()" for name in names)
    declared = "".join(f"int {name}(void);\n" for name in names)
    write(f"{root}/main.c", f"#include <stdio.h>\n{declared}int main(void)\n{{\n\tprintf(\"%d\\n\", {calls});\n}}\n")
    objects = " ".join(f"{name}.o" for name in names + ["main"])
    write(f"{root}/Makefile", f"CFLAGS = -O1 -Iinclude\nprogram: {objects}\n\t$(CC) -o $@ {objects}\n")


def make_modules(root):
    for number in range(MODULES):
        write(f"{root}/py/module{number}.py", f"def value():\n    return {number}\n")
        write(f"{root}/js/module{number}.js", f"module.exports = {number};\n")


class World:
    def __init__(self, work, programs):
        self.work, self.programs, self.base = work, programs, f"{work}/real"
        self.env = environment()
        self.target, self.absent_target = f"{self.base}{work}/opt", f"{self.base}{work}/none"
        for number in range(RULES):
            for folder in (f"{work}/opt", self.target, self.absent_target):
                os.makedirs(f"{folder}/vendor{number}")
        for folder in (f"{self.target}/vendor5", f"{work}/miss/vendor5"):
            write(f"{folder}/three/four/five/six", "six\n")
            os.symlink("six", f"{folder}/three/four/five/link")
        vendor = f"{self.target}/vendor5"
        make_tree(f"{vendor}/tree")
        shutil.copytree(f"{vendor}/tree", f"{self.absent_target}/vendor5/tree")
        for tree in (f"{vendor}/tree", f"{self.absent_target}/vendor5/tree"):
            make_repository(tree, self.env)
        make_project(f"{vendor}/project")
        make_modules(vendor)
        write(f"{work}/above{work}/over/three/four/five/six", "six\n")
        self.write_rules()

    def write_rules(self):
        """self.rules: what a workload calls them -> the file, and the pairs for those who take them as arguments."""
        few = [(f"{self.work}/opt/vendor{n}", f"{self.target}/vendor{n}") for n in range(RULES)]
        absent = [(f"{self.work}/none/vendor{n}", f"{self.absent_target}/vendor{n}") for n in range(RULES)]
        many = [(f"{self.work}/many/lib{n}", f"{self.work}/lots/lib{n}") for n in range(LOTS)]
        for pair in many[:MANY]:
            for folder in pair:
                os.makedirs(folder)
        self.rules = {}
        for name, pairs in (("few", few), ("absent", absent), ("many", few + many[:MANY - RULES]),
                            ("lots", few + many[:LOTS - RULES])):
            write(f"{self.work}/{name}.rules", "".join(f"bind {path} {target}\n" for path, target in pairs))
            self.rules[name] = (f"{self.work}/{name}.rules", pairs)
        # As for a whole snap: one directory above everything.
        write(f"{self.work}/overlay.rules", f"overlay / {self.work}/above\n")
        self.rules["overlay"] = (f"{self.work}/overlay.rules", [])

    def words(self, redirected):
        """What stands for the words in braces of a workload's command: under rules, or natively."""
        opt = f"{self.work}/opt" if redirected else self.target
        none = f"{self.work}/none" if redirected else self.absent_target
        return {"calls": f"{self.programs}/calls", "calls-static": f"{self.programs}/calls-static",
                "spawn": f"{self.programs}/spawn", "walk-go": f"{self.programs}/walk-go", "lookup": f"{self.programs}/lookup",
                "source": os.path.dirname(os.path.abspath(__file__)), "hit": f"{opt}/vendor5/three/four/five",
                "miss": f"{self.work}/miss/vendor5/three/four/five", "vendor": f"{opt}/vendor5",
                "absent": f"{none}/vendor5",
                "above": f"{'' if redirected else self.work + '/above'}{self.work}/over/three/four/five"}


def environment():
    """Git's own settings; no byte code is written, for a later run would find it."""
    settings = [("user.name", "bench"), ("user.email", "bench@example.org"), ("safe.directory", "*"), ("gc.auto", "0")]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SNAP", "MAKE", "MFLAGS", "LD_"))}
    env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", GIT_OPTIONAL_LOCKS="0", LC_ALL="C",
               PYTHONDONTWRITEBYTECODE="1", GIT_CONFIG_COUNT=str(len(settings)))
    for number, (key, value) in enumerate(settings):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return env
