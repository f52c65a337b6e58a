#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Makes the shim's wrappers and its version script from shared/pathops.def: the only generator, its output is never
# committed. Called by the Makefile: genwrap.py MODE FILE. It must never guess: a row it does not
# understand stops the build.
"""Usage: genwrap.py wrappers FILE                C, a readable function for each LIBC and CALL row
       genwrap.py map64|map32 FILE             the linker's version script: just the symbols of that word size
       genwrap.py symbols64|symbols32 FILE     their names, one a line"""

import re
import sys

PATH_ROLES = ("PATH", "LPATH", "FPATH", "SRC")
FLAG_ROLES = ("OFLAGS", "ATFLAGS", "LINKFLAGS", "HOW", "INMASK", "FANFLAGS", "UMOUNTFLAGS", "FSPICKFLAGS",
              "MOVEFLAGS", "FSCMD")
# The C type that a role implies. VAL and the rest have theirs written in the row.
TYPES = {role: "const char *" for role in PATH_ROLES + ("TEXT", "STREAMMODE")}
TYPES.update({role: "int" for role in FLAG_ROLES + ("DIRFD",)})
TYPES.update({"INMASK": "uint32_t", "FANFLAGS": "unsigned", "LINKFLAGS": "int", "MODE": "mode_t",
              "FIFOMODE": "mode_t"})
# access(2) and its like take their mode as int.
INT_MODE = ("access", "faccessat", "faccessat2")
MAX_PLANNED = 5  # arguments of shim_plan behind the operation: what fits in registers

# Sandboxes of programs know the calls that libc makes since 2.33, and maybe not the older ones: the name of the call,
# and its arguments by number of the older one's.
TODAY = {"open": ("openat", ("AT_FDCWD", 0, 1, 2)), "stat": ("newfstatat", ("AT_FDCWD", 0, 1, "0")),
         "lstat": ("newfstatat", ("AT_FDCWD", 0, 1, "AT_SYMLINK_NOFOLLOW"))}
CANCELLATION_POINTS = ("open", "openat", "creat")  # calls whose functions are: pthreads(7)

HEADERS = ("aliases.h", "dirent.h", "errno.h", "fcntl.h", "fstab.h", "gshadow.h", "iconv.h", "mntent.h", "netdb.h",
           "netinet/ether.h", "rpc/netdb.h", "sched.h", "stdint.h", "stdio.h", "sys/fanotify.h", "sys/inotify.h", "sys/ipc.h",
           "sys/mount.h", "sys/stat.h", "sys/statfs.h", "sys/statvfs.h", "sys/swap.h", "sys/time.h", "sys/types.h",
           "sys/wait.h", "sys/xattr.h", "syslog.h", "time.h", "ttyent.h", "unistd.h", "utime.h", "utmp.h", "utmpx.h",
           "wchar.h", "wordexp.h")


class Argument:
    def __init__(self, role, ctype, name):
        self.role, self.ctype = role, ctype
        self.name, self.array = re.fullmatch(r"(\w+)(\[\d+\])?", name).groups("")

    def declaration(self):
        return self.ctype + ("" if self.ctype.endswith("*") else " ") + self.name + self.array

    def is_integer(self):
        return "*" not in self.ctype and not self.array


class After:
    """A FORGETS, MOVES, PARTS or UNMAPS row: the real call, and then what it means to us."""

    def __init__(self, kind, fields):
        self.kind = kind
        self.ctype, self.symbol, arguments = fields
        self.calls = {"MOVES": "shim_moved", "PARTS": "shim_parted"}.get(kind, "shim_forget")
        self.arguments = [Argument("VAL", *text.rsplit(None, 1)) for text in split_commas(arguments[1:-1])]
        self.is_call = False

    def text(self):
        parameters = ", ".join(argument.declaration() for argument in self.arguments)
        return "\n".join(
            real_function(self.ctype, self.symbol, parameters,
                          "shim_missing_pointer" if self.ctype.endswith("*") else "shim_missing") +
            ["SHIM_EXPORT %s%s(%s)" % (space(self.ctype), self.symbol, parameters), "{",
             "\t%sresult;" % space(self.ctype)] + self.passing() +
            ["", "\tresult = real_%s()(%s);" % (self.symbol, ", ".join(argument.name for argument in self.arguments))] +
            (self.unmapping() if self.kind == "UNMAPS" else self.forgetting()) + ["\treturn result;", "}"]) + "\n"

    def passing(self):
        """Through the gate, where the function is a system call of the table: the tracer would stop it, to tell us."""
        if not self.is_call:
            return []
        return ["#ifdef SNR_GATE_ADDRESS", "\tconst long args[SNR_NARGS] = {%s};" % ", ".join(
                    "(long)" + argument.name for argument in self.arguments), "\tlong answer;", "",
                "\tif (shim_gate_try(SNR_%s, __NR_%s, args, &answer))" % (self.symbol, self.symbol),
                "\t\treturn (%s)shim_result(answer);" % self.ctype, "#endif"]

    def forgetting(self):
        """waitid(2) says 0 for success, the others a process id."""
        return ["\tif (result %s 0)" % (">" if self.ctype == "pid_t" else "=="), "\t\t%s();" % self.calls]

    def unmapping(self):
        """Also where it failed: mprotect(2) may have done a part."""
        known = {"address", "size"} <= {argument.name for argument in self.arguments}
        return ["\tshim_disbelieve(%s);" % ("address, size" if known else "NULL, SIZE_MAX")]


class Window:
    """A WINDOW row."""

    kind = "WINDOW"

    def __init__(self, fields):
        self.ctype, self.symbol, self.group, arguments = fields
        texts = [text for text in split_commas(arguments[1:-1]) if text != "void"]
        self.arguments = [Argument("VAL", *text.rsplit(None, 1)) for text in texts]

    def text(self):
        parameters = ", ".join(argument.declaration() for argument in self.arguments) or "void"
        call = "real_%s()(%s);" % (self.symbol, ", ".join(argument.name for argument in self.arguments))
        missing = "shim_missing_pointer" if self.ctype.endswith("*") else "shim_missing"
        lines = real_function(self.ctype, self.symbol, parameters, missing)
        lines += ["static __attribute__((noinline)) %swithin_%s(%s)" % (space(self.ctype), self.symbol, parameters), "{",
                  "\tstruct shim_thread saved;"]
        if self.ctype == "void":
            lines += ["\tbool open = shim_window_open(&saved, SHIM_FILES_%s);" % self.group, "", "\t" + call]
        else:
            lines += ["\tbool open = shim_window_open(&saved, SHIM_FILES_%s);" % self.group,
                      "\t%sreturned = %s" % (space(self.ctype), call), ""]
        lines += ["\tif (open)", "\t\tshim_window_close(&saved);"]
        if self.ctype != "void":
            lines.append("\treturn returned;")
        lines += ["}", "", "SHIM_EXPORT %s%s(%s)" % (space(self.ctype), self.symbol, parameters), "{",
                  "\tif (shim_reads(SHIM_FILES_%s))" % self.group,
                  "\t\treturn within_%s(%s);" % (self.symbol, ", ".join(argument.name for argument in self.arguments)),
                  "\treturn " + call, "}"]
        return "\n".join(lines) + "\n"


class Row:
    """A LIBC or CALL row, bound to the SYS row that it acts as."""

    def __init__(self, ctype, symbol, acts_as, arguments, roles):
        self.ctype, self.symbol, self.acts_as = ctype, symbol, acts_as
        self.arguments, self.roles = arguments, roles
        names = [argument.role for argument in arguments]
        self.variadic = "OFLAGS" in names and names[-1] == "MODE"

    def fixed(self):
        return self.arguments[:-1] if self.variadic else self.arguments

    def parameters(self):
        text = ", ".join(argument.declaration() for argument in self.fixed())
        return text + (", ..." if self.variadic else "")

    def all_parameters(self):
        return ", ".join(argument.declaration() for argument in self.arguments)

    def values(self):
        return ", ".join(argument.name for argument in self.arguments)

    def paths(self):
        return [argument for argument in self.arguments if argument.role in PATH_ROLES]

    def of_roles(self, roles):
        return [argument for argument in self.arguments if argument.role in roles]

    def flags(self):
        """C text of the flag word, if there is one."""
        words, modes = self.of_roles(FLAG_ROLES), self.of_roles(("STREAMMODE",))
        if modes:
            return "shim_stream_flags(%s)" % modes[0].name
        return "(long)" + words[0].name if words else "0"

    def value_for(self, index):
        """C text of argument INDEX of the kernel's call."""
        role = self.roles[index]
        if role in FLAG_ROLES:
            return self.flags()
        group = PATH_ROLES if role in PATH_ROLES else (role,)
        nth = sum(1 for earlier in self.roles[:index] if earlier in group)
        mine = self.of_roles(group)
        if role == "VAL":
            if len(mine) != self.roles.count("VAL") or not mine[nth].is_integer():
                return "0"
        elif role == "DIRFD" and nth >= len(mine):
            return "AT_FDCWD"
        elif role == "MODE" and self.of_roles(("STREAMMODE",)):
            return "0666"  # fopen(3)
        elif role == "MODE" and self.of_roles(("FIFOMODE",)):
            return "(long)(S_IFIFO | %s)" % self.of_roles(("FIFOMODE",))[0].name
        return "(long)" + mine[nth].name if nth < len(mine) else "0"

    def planned(self):
        values = [self.value_for(index) for index in range(len(self.roles))]
        while len(values) > MAX_PLANNED and values[-1] == "0":
            values.pop()
        if len(values) > MAX_PLANNED:
            raise SystemExit("genwrap: %s: too many arguments for shim_plan" % self.symbol)
        return ", ".join(values + ["0"] * (MAX_PLANNED - len(values)))

    def kernel_value(self, index):
        """C text of argument INDEX of the kernel's call, for the kernel."""
        role = self.roles[index]
        group = PATH_ROLES if role in PATH_ROLES else (role,)
        nth = sum(1 for earlier in self.roles[:index] if earlier in group)
        mine = [argument for argument in self.of_roles(group) if argument.name != "ver"]
        if nth < len(mine):
            return "(long)" + mine[nth].name
        return "AT_FDCWD" if role == "DIRFD" else "0"

    def kernel_call(self):
        """The name and the arguments of the call that libc makes."""
        values = [self.kernel_value(index) for index in range(len(self.roles))]
        if self.acts_as not in TODAY:
            return self.acts_as, values
        name, moved = TODAY[self.acts_as]
        return name, [values[value] if isinstance(value, int) else value for value in moved]

    def path_index(self, nth):
        """Which argument of the kernel's call the NTH path of the wrapper is."""
        return [index for index, role in enumerate(self.roles) if role in PATH_ROLES][nth]


def split_commas(text):
    """Split at the commas outside of parentheses."""
    parts, depth, current = [], 0, ""
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and not depth:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return parts + [current.strip()] if current.strip() else parts


def read_rows(path):
    with open(path, encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    kinds = "SYS|LIBC|LIBC32|CALL|OPENS|BY_HAND|BY_HAND32|WINDOW|WINDOW32|SIGNALS|FAULTS|FORGETS|MOVES|PARTS|UNMAPS"
    for match in re.finditer(r"^(%s)\((.*)\)$" % kinds, re.sub(r"[ \t]+", " ", text), flags=re.M):
        yield match.group(1), split_commas(match.group(2))


def parse_argument(text, symbol, acts_as):
    words = text.split()
    role, name, ctype = words[0], words[-1], " ".join(words[1:-1])
    if not ctype:
        if role not in TYPES:
            raise SystemExit("genwrap: %s: no type for %s" % (symbol, text))
        ctype = "int" if role == "MODE" and acts_as in INT_MODE else TYPES[role]
    return Argument(role, ctype, name)


def parse_libc(fields, calls):
    ctype, symbol, acts_as, arguments = fields
    if acts_as not in calls:
        raise SystemExit("genwrap: %s acts as %s, which has no SYS row" % (symbol, acts_as))
    arguments = [parse_argument(text, symbol, acts_as) for text in split_commas(arguments[1:-1])]
    count = [sum(1 for role in roles if role in PATH_ROLES)
             for roles in ([argument.role for argument in arguments], calls[acts_as])]
    if count[0] != count[1] or not count[0]:
        raise SystemExit("genwrap: %s has %d paths, %s has %d" % (symbol, count[0], acts_as, count[1]))
    return Row(ctype, symbol, acts_as, arguments, calls[acts_as])


def is_simple(roles, effects):
    """Does the plan depend on one path and a flag word only? As in snr_plan_call (shared/rewrite.c)."""
    paths = [role for role in roles if role in PATH_ROLES]
    return (len(paths) == 1 and paths[0] != "SRC" and "HOW" not in roles and
            set(effects.replace("|", " ").split()) <= {"0", "CREATES", "EXCLUSIVE", "DIRECTORY", "CHANGES", "REGULAR"})


def read_table(path):
    """The SYS roles by name, the LIBC rows, the BY_HAND, SIGNALS and FAULTS symbols, the WINDOW, FORGETS, MOVES, PARTS and UNMAPS rows,
    the symbols of 32 bit only."""
    calls, rows, by_hand, others = {}, [], [], []
    simple, moves, narrow = set(), set(), set()
    for kind, fields in read_rows(path):
        if kind.endswith("32"):
            kind = kind[:-2]
            narrow.add(fields[0] if kind == "BY_HAND" else fields[1])
        if kind == "SYS":
            calls[fields[0]] = split_commas(fields[1][1:-1])
            if is_simple(calls[fields[0]], fields[2]):
                simple.add(fields[0])
            if "MOVES_" in fields[2]:
                moves.add(fields[0])
        elif kind in ("LIBC", "CALL", "OPENS"):
            rows.append(parse_libc(fields, calls))
            rows[-1].direct = kind == "CALL"
            rows[-1].opens = kind == "OPENS"
        elif kind == "WINDOW":
            others.append(Window(fields))
        elif kind in ("FORGETS", "MOVES", "PARTS", "UNMAPS"):
            others.append(After(kind, fields))
        else:
            by_hand.append(fields[0])
    for other in others:
        other.is_call = other.kind == "MOVES" and other.symbol in calls
    for row in rows:
        row.simple = row.acts_as in simple
        row.moves = row.acts_as in moves
        if row.direct:
            row.call_roles = calls[row.kernel_call()[0]]
            row.call_is_simple = row.kernel_call()[0] in simple
    if not calls or not rows:
        raise SystemExit("genwrap: no rows in " + path)
    return calls, rows, by_hand, others, narrow


def space(ctype):
    return ctype if ctype.endswith("*") else ctype + " "


def moved_function(row):
    """A path that was seen before, under a rule."""
    path = row.paths()[0].name
    return ["static __attribute__((noinline)) %smoved_%s(snr_memo_answer known, %s)" % (
                space(row.ctype), row.symbol, row.all_parameters()), "{",
            "\tchar text[SNR_PATH_MAX];", "",
            "\t%s = shim_move(shim_redirector()->image, known, %s, text);" % (path, path),
            "\treturn real_%s()(%s);" % (row.symbol, row.values()), "}"]


def ask_what_is_known(row):
    """The quick way: no plan for what was planned before."""
    dirfds = row.of_roles(("DIRFD", "DIRFD_AFTER"))
    return ["\tknown = shim_known(SNR_%s, %s, %s, %s);" % (
                row.acts_as, dirfds[0].name if dirfds else "AT_FDCWD", row.paths()[0].name, row.flags()),
            "\tif (known == SNR_MEMO_UNCHANGED)",
            "\t\treturn real_%s()(%s);" % (row.symbol, row.values()),
            "\tif (known)",
            "\t\treturn moved_%s(known, %s);" % (row.symbol, row.values())]


def index_of(roles, wanted):
    return next((str(index) for index, role in enumerate(roles) if role in wanted), "SNR_NARGS")


def direct_call(row):
    """What is constant of the call through the gate."""
    name = row.kernel_call()[0]
    return ["#ifdef SNR_GATE_ADDRESS",
            "static const struct shim_direct direct_%s = {" % row.symbol,
            "\t.op = SNR_%s," % name,
            "\t.number = __NR_%s," % name,
            "\t.path = %s," % index_of(row.call_roles, PATH_ROLES),
            "\t.flags = %s," % index_of(row.call_roles, FLAG_ROLES),
            "\t.memo = %s," % str(row.call_is_simple).lower(),
            "\t.cancels = %s," % str(row.acts_as in CANCELLATION_POINTS).lower(),
            "};", "#endif", ""]


def gate_function(row):
    """Engine hybrid: the call, or libc's function under the tracer."""
    return ["#ifdef SNR_GATE_ADDRESS",
            "static __attribute__((noinline)) %sgate_%s(%s)" % (
                space(row.ctype), row.symbol, row.all_parameters()), "{",
            "\tconst long args[SNR_NARGS] = {%s};" % ", ".join(row.kernel_call()[1]),
            "\tlong result = shim_gate_call(&direct_%s, args);" % row.symbol, "",
            "\tif (result != -ENOSYS)",
            "\t\treturn (%s)shim_result(result);" % row.ctype,
            "\treturn real_%s()(%s);" % (row.symbol, row.values()), "}", "#endif", ""]


def has_stand_in(row):
    return row.direct and not row.variadic


def stand_in(row):
    """A libc that lacks the function lacks no more than the call. Programs that ask whether it is there, by dlsym or a
    weak reference, find our wrapper."""
    return ["#ifdef SNR_GATE_ADDRESS",
            "static %sstand_in_%s(%s)" % (space(row.ctype), row.symbol, row.all_parameters()), "{",
            "\tconst long args[SNR_NARGS] = {%s};" % ", ".join(row.kernel_call()[1]), "",
            "\treturn (%s)shim_libc_call(direct_%s.number, args);" % (row.ctype, row.symbol), "}", "#else",
            "#define stand_in_%s shim_missing" % row.symbol, "#endif", ""]


def pass_gate(row):
    """What libc refuses itself is left to it."""
    condition = "shim_gate_is_open()"
    if row.arguments[0].name == "ver":
        condition += " && (unsigned)ver <= 1"
    if row.of_roles(("OFLAGS",)) and not row.variadic:
        condition += " && !shim_needs_mode(%s)" % row.of_roles(("OFLAGS",))[0].name
    return ["#ifdef SNR_GATE_ADDRESS", "\tif (%s)" % condition,
            "\t\treturn gate_%s(%s);" % (row.symbol, row.values()), "#endif"]


def call_and_return(row):
    call = "real_%s()(%s);" % (row.symbol, row.values())
    if not row.moves:
        return ["\treturn " + call]
    return ["\t{", "\t\t%sanswer = %s" % (space(row.ctype), call), "", "\t\tshim_moved();", "\t\treturn answer;",
            "\t}"]


def opening_function(row):
    """The same for what goes on with the descriptor."""
    return ["#ifdef SNR_GATE_ADDRESS",
            "static __attribute__((noinline)) %sgate_%s(%s)" % (
                space(row.ctype), row.symbol, row.all_parameters()), "{",
            "\t%sopened;" % space(row.ctype), "",
            "\tif (shim_gate_%s(%s, &opened))" % ("opendir" if row.ctype == "DIR *" else "fopen", row.values()),
            "\t\treturn opened;",
            "\treturn real_%s()(%s);" % (row.symbol, row.values()), "}", "#endif", ""]


def changed_function(row):
    """The rare way: a rule applies."""
    lines = ["static __attribute__((noinline)) %schanged_%s(struct shim_slot *slot, %s)" % (
        space(row.ctype), row.symbol, row.all_parameters()), "{"]
    for nth in range(len(row.paths())):
        lines.append("\tchar text%d[SNR_PATH_MAX];" % nth)
    lines += ["\tlong result;", ""]
    for nth, argument in enumerate(row.paths()):
        lines.append("\t%s = shim_take(slot, %d, %s, text%d);" % (
            argument.name, row.path_index(nth), argument.name, nth))
    lines += ["\tif (shim_leave(slot, &result))",
              "\t\treturn %s;" % ("NULL" if row.ctype.endswith("*") else "(%s)result" % row.ctype),
              *call_and_return(row), "}"]
    return lines


def wrapper_function(row):
    lines = ["SHIM_EXPORT %s%s(%s)" % (space(row.ctype), row.symbol, row.parameters()), "{"]
    if row.variadic:
        mode, flags = row.arguments[-1], row.of_roles(("OFLAGS",))[0]
        lines.append("\t%s = 0;" % mode.declaration())
    if row.simple:
        lines.append("\tsnr_memo_answer known;")
    lines += ["\tstruct shim_slot *slot;", ""]
    if row.variadic:
        lines += ["\tif (shim_needs_mode(%s)) {" % flags.name, "\t\tva_list list;", "",
                  "\t\tva_start(list, %s);" % flags.name,
                  "\t\t%s = va_arg(list, %s);" % (mode.name, mode.ctype), "\t\tva_end(list);", "\t}"]
    if row.direct or row.opens:
        lines += pass_gate(row)
    if row.simple:
        lines += ask_what_is_known(row)
    lines += ["\tslot = shim_plan(SNR_%s, %s);" % (row.acts_as, row.planned()),
              "\tif (slot)",
              "\t\treturn changed_%s(slot, %s);" % (row.symbol, row.values()),
              *call_and_return(row), "}"]
    return lines


def real_function(ctype, symbol, parameters, missing):
    """real_SYMBOL(), a pointer to what is behind the wrapper."""
    return ["typedef %s%s_call(%s);" % (space(ctype), symbol, parameters),
            "extern %s_call %s;" % (symbol, symbol), "",
            "static %s_call *real_%s(void)" % (symbol, symbol), "{",
            "\tstatic void *real;", "",
            '\treturn (%s_call *)shim_next(&real, "%s", %s);' % (symbol, symbol, missing), "}", ""]


def row_text(row):
    missing = "shim_missing_pointer" if row.ctype.endswith("*") else "shim_missing"
    lines = ["/* %s acts as %s(2) */" % (row.symbol, row.acts_as)]
    if row.direct:
        lines += direct_call(row)
    if has_stand_in(row):
        missing = "stand_in_" + row.symbol
        lines += stand_in(row)
    lines += real_function(row.ctype, row.symbol, row.parameters(), missing)
    if row.direct:
        lines += gate_function(row)
    elif row.opens:
        lines += opening_function(row)
    if row.simple:
        lines += moved_function(row) + [""]
    return "\n".join(lines + changed_function(row) + [""] + wrapper_function(row)) + "\n"


def number_function(calls):
    """The operation of a system call number, for syscall(2)."""
    lines = ["int shim_op_of_call(long number)", "{", "\tswitch (number) {"]
    for name in calls:
        lines += ["#ifdef __NR_" + name, "\tcase __NR_%s:" % name, "\t\treturn SNR_%s;" % name, "#endif"]
    return "\n".join(lines + ["\tdefault:", "\t\treturn -1;", "\t}", "}"]) + "\n"


def unmapping_function(others):
    """Is a system call number one of those after which memory may be gone? For syscall(2)."""
    lines = ["bool shim_unmaps(long number)", "{", "\tswitch (number) {"]
    for row in others:
        if row.kind == "UNMAPS":
            lines += ["#ifdef __NR_" + row.symbol, "\tcase __NR_%s:" % row.symbol, "\t\treturn true;", "#endif"]
    return "\n".join(lines + ["\tdefault:", "\t\treturn false;", "\t}", "}"]) + "\n"


def print_wrappers(table):
    calls, rows, _, others, _ = table
    print("/* Made by preload/genwrap.py from shared/pathops.def. Do not edit. */")
    print('#include "preload/gate.h"\n#include "preload/window.h"\n#include "shared/callnumbers.h"\n')
    for header in HEADERS:
        print("#include <%s>" % header)
    print("#include <stdarg.h>\n")
    print(number_function(calls))
    print(unmapping_function(others))
    print("\n".join([row_text(row) for row in rows] + [other.text() for other in others]), end="")


def symbols(table, bits):
    """What a shim shows. A name that libc lacks on that word size must not be there: programs ask for it and use it."""
    _, rows, by_hand, others, narrow = table
    names = [row.symbol for row in rows + others] + by_hand
    return [name for name in names if bits == 32 or name not in narrow]


def print_map(table, bits):
    print("/* Made by preload/genwrap.py from shared/pathops.def. Do not edit. */\n{\nglobal:")
    for symbol in symbols(table, bits):
        print("\t%s;" % symbol)
    print("local:\n\t*;\n};")


def print_symbols(table, bits):
    print("\n".join(symbols(table, bits)))


def main():
    modes = {"wrappers": (print_wrappers,)}
    modes.update(("map%d" % bits, (print_map, bits)) for bits in (32, 64))
    modes.update(("symbols%d" % bits, (print_symbols, bits)) for bits in (32, 64))
    if len(sys.argv) != 3 or sys.argv[1] not in modes:
        raise SystemExit(__doc__)
    function, *arguments = modes[sys.argv[1]]
    function(read_table(sys.argv[2]), *arguments)


if __name__ == "__main__":
    main()
