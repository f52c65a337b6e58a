#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does shared/pathops.def know every call that names a file? What libc's headers, libc's own objects, the kernel's
headers and libseccomp know must be in the table or, with a reason, in tests/data/omissions.txt. Speaks TAP.
It must never keep a list of calls of its own: only of words by which a parameter or a function shows what it is."""

import collections
import os
import re
import shutil
import subprocess
import sys

TABLE = "shared/pathops.def"
OMISSIONS = "tests/data/omissions.txt"
CC = os.environ.get("CC", "gcc")

# Names of char pointer parameters in libc's headers, all of them. A name that is in neither set fails the test, since
# nobody has yet looked at what it means.
PATHS = set("""__dir __dirname __file __filename __fname __from __from_pathname __name __new __old __path __pathname
    __pattern __special __special_file __template __to __to_pathname __tty __words __wtmp_file __wtmpx_file
    __utmp_file __cat_name __command __locale __fromcode __tocode __s[20] __user __host __service __hostname""".split())
TEXTS = set("""__accept __action __ahost __arg __argv __argz __asc __assertion __before __buf __buffer __bufloc __bufp
    __cmd __codeset __cp __dbname __delim __dest __domain __domainname __domainp __dst __endptr __entry __envp __envz
    __envz2 __errbuf __f __fmt __format __fs_name __fstype __function __group __haystack __hostp __ident __ifname
    __inbuf __key __label __line __lineptr __list __locuser __mode __modes __msg_ptr __msgid __msgid1 __msgid2
    __needle __netgroup __nptr __opt __optionp __outbuf __pass __pfx __prompt __property __proto __ptr __reject
    __remuser __resolved __response __rhost __s __s1 __s2 __save_ptr __serv __shortopts __src __statebuf __str
    __String __string __string1 __string2 __stringp __tag __text __tokens __userp __ut_host __ut_line __ut_name __value
    __valuep __vec __version __with ___argv""".split())
# Types by which a parameter takes or gives the name of a socket.
SOCKETS = re.compile(r"struct sockaddr\b|__SOCKADDR_ARG|__CONST_SOCKADDR_ARG|struct m?msghdr\b")
# What libc's own objects call when they look a file up, as its archive names it.
OPENERS = re.compile(r"""^_*(libc_)?(
    _?open(at)?(64)?(_nocancel)? | _IO_new_fopen | fopen(64)? | _?IO_file_f?open | _IO_fopen | opendir(at)? |
    l?stat(64)?(_time64)? | statx | fstatat(64)?(_time64)? | f?access(at)? | readlink(at)? | (f?execve|execvpex?) |
    spawnix? | posix_spawnp? | unlink(at)? | rmdir | rename | mkdir | chdir | connect | bind | sendto | getcwd |
    gen_tempname(_len)? | shm_get_name | nss_files_fopen | nss_files_data_open |
    nss_\w+_lookup2? | (set|get|end|put)ut(ent|id|line)?(_r)? | updwtmp |
    nl_find_locale | gconv_open | open_catalog | dl_open | tzfile_read | dcigettext | new_popen )$""", re.X)


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stdout


class Tap:
    def __init__(self):
        self.count = 0

    def check(self, name, wrong):
        """WRONG: lines that say what is wrong; none is success."""
        self.count += 1
        print("%sok %d - %s" % ("not " if wrong else "", self.count, name))
        for line in wrong:
            print("# " + line)

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why))


def read_table():
    with open(TABLE, encoding="ascii") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    calls = re.findall(r"^SYS\((\w+),", text, flags=re.M)
    functions = re.findall(r"^(?:LIBC(?:32)?|CALL|OPENS|MOVES|PARTS|WINDOW(?:32)?)\([^,]*, *(\w+),", text, flags=re.M) + \
        re.findall(r"^BY_HAND(?:32)?\((\w+),", text, flags=re.M)
    return calls, functions


def read_omissions():
    """Names by kind ("call" or "libc"), each with its reason."""
    omitted = {"call": collections.OrderedDict(), "libc": collections.OrderedDict()}
    wrong, kind, reason = [], None, None
    with open(OMISSIONS, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith("\t"):
                kind, _, reason = line.strip().partition(": ")
                if kind not in omitted or not reason:
                    wrong.append("%s:%d: neither `call: REASON` nor `libc: REASON`" % (OMISSIONS, number))
                    kind = "libc"
                continue
            for name in line.split():
                if name in omitted[kind]:
                    wrong.append("%s:%d: %s is there twice" % (OMISSIONS, number, name))
                omitted[kind][name] = reason
    return omitted, wrong


def libc_headers():
    """The headers of libc that a program may include, as it would name them."""
    listed = run("dpkg", "-L", "libc6-dev").split() if shutil.which("dpkg") else []
    names = []
    for path in listed:
        found = re.fullmatch(r"/usr/include/(?:[^/]*-linux-gnu[^/]*/)?(.*\.h)", path)
        if found and not found.group(1).startswith("bits/"):
            names.append(found.group(1))
    return names


def without_attributes(text):
    parts, position = [], 0
    for match in re.finditer(r"\b(?:__attribute__|__nonnull)\s*\(", text):
        if match.start() < position:
            continue
        end, depth = match.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        parts.append(text[position:match.start()])
        position = end
    return "".join(parts) + text[position:]


def prototypes(flags):
    """Symbol -> its parameters, of everything libc's headers declare; fortified and renamed ones too."""
    source = "".join("#include <%s>\n" % name for name in libc_headers())
    command = [CC, "-E", "-P", "-w", "-O2", "-D_GNU_SOURCE", "-D_FORTIFY_SOURCE=2", "-x", "c"] + flags + ["-"]
    text = without_attributes(re.sub(r"\s+", " ", run(*command, text=source)))
    found = collections.defaultdict(set)
    for match in re.finditer(r"\b(\w+) ?\(((?:[^();{}]|\([^()]*\))*)\) ?(?:__asm__ ?\(([^()]*)\))? ?;", text):
        name, parameters, renamed = match.groups()
        if renamed:
            name = "".join(re.findall(r'"([^"]*)"', renamed))
        found[name].add(parameters)
    return found


def exported(library):
    symbols = set()
    for line in run("nm", "-D", "--defined-only", library).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TWi":
            symbols.add(words[2].split("@")[0])
    return symbols


def split_parameters(text):
    return re.split(r",(?![^()]*\))", text)


def by_prototype(symbols, declared):
    """Symbols whose parameters take or give a path or a socket's name; and parameters nobody has looked at."""
    taking, unknown = {}, []
    for symbol in sorted(symbols & set(declared)):
        for parameter in (one for text in declared[symbol] for one in split_parameters(text)):
            if SOCKETS.search(parameter):
                taking[symbol] = parameter.strip()
            # char * and const char *, not a vector of them, not unsigned char, not a function
            if not re.match(r" ?(const )?char ?(\*|__\w+ ?\[)", parameter) or "(" in parameter:
                continue
            name = re.sub(r"\[__restrict\]|\[\d*\]", "", parameter).split("*")[-1].split()
            name = [word for word in name if word not in ("const", "__restrict", "char")]
            if not name:
                continue
            if name[0] in PATHS:
                taking[symbol] = parameter.strip()
            elif name[0] not in TEXTS:
                unknown.append("%s(%s): is %s a path? Add it to PATHS or TEXTS of this test" % (
                    symbol, parameter.strip(), name[0]))
    return taking, unknown


def by_object(archive, symbols):
    """Symbols of those objects of libc's archive that themselves look files up."""
    defines, uses = collections.defaultdict(set), collections.defaultdict(set)
    for line in run("nm", "-A", archive).splitlines():
        match = re.match(r".*?:([^:]+\.o):\s*[0-9a-f]*\s+(\w) (\S+)", line)
        if match:
            (uses if match.group(2) == "U" else defines)[match.group(1)].add(match.group(3))
    found = {}
    for name, needed in uses.items():
        openers = sorted(symbol for symbol in needed if OPENERS.match(symbol))
        if openers:
            found.update((symbol, "%s calls %s" % (name, openers[0])) for symbol in defines[name] & symbols)
    return found


def plain(symbol):
    """The name behind another form of it: __open64_2 -> open, __fxstatat64 -> fstatat, getpwuid_r -> getpwuid."""
    name = re.sub(r"_chk$|_2$|_time64$|_nocancel$|_r$", "", symbol)
    name = re.sub(r"^(__libc_|_IO_(file_|proc_)?|___?|__isoc\w+_)", "", name)
    name = re.sub(r"^(f|l)?x(stat|mknod)", r"\1\2", name)
    return re.sub(r"64$", "", re.sub(r"64(_|$)", r"\1", name))


def by_name(symbols, known):
    """Symbols whose plain name is that of one that is KNOWN to look a file up."""
    names = {plain(name): name for name in known}
    return {symbol: "looks like %s" % names[plain(symbol)] for symbol in symbols if plain(symbol) in names}


def check_libc(tap, word_size, library, archive, flags, calls, table, omitted):
    if not os.path.exists(library):
        tap.skip("libc, %s" % word_size, "%s is not installed" % library)
        return
    symbols, declared = exported(library), prototypes(flags)
    if len(declared) < 1000:
        tap.skip("libc, %s" % word_size, "its headers are not installed as the package libc6-dev")
        return
    taking, unknown = by_prototype(symbols, declared)
    tap.check("libc, %s: every parameter of its headers is understood" % word_size, unknown)
    found = dict(by_object(archive, symbols)) if os.path.exists(archive) else {}
    found.update(taking)
    known = {name for name in found if not name.startswith("_")} | set(table) | set(calls)
    found.update({name: why for name, why in by_name(symbols, known).items() if name not in found})
    missing = ["%s (%s)" % (symbol, found[symbol]) for symbol in sorted(found) if symbol not in table and
               symbol not in omitted]
    tap.check("libc, %s: %d functions that name a file are in the table or omitted with a reason" % (
        word_size, len(found)), missing)


def header_calls():
    """Every system call number's name in the kernel's headers of this machine."""
    names = set()
    for flags in ([], ["-m32"], ["-mx32"]):
        text = run(CC, "-E", "-dM", "-x", "c", *flags, "-", text="#include <asm/unistd.h>\n")
        names |= set(re.findall(r"^#define __NR_(\w+) ", text, flags=re.M))
    text = run(CC, "-E", "-dM", "-x", "c", "-", text="#include <asm-generic/unistd.h>\n")
    names |= set(re.findall(r"^#define __NR_(\w+) ", text, flags=re.M))
    return {name for name in names if name not in ("syscalls", "arch_specific_syscall", "lookup_dcookie_time64") and
            not name.startswith("3264_")}


SECCOMP = """#include <seccomp.h>
#include <stdio.h>
int main(void)
{
	static const unsigned arches[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
	for (unsigned a = 0; a < sizeof(arches) / sizeof(*arches); a++)
		for (int nr = -10200; nr < 1000; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(arches[a], nr);
			if (name)
				puts(name);
		}
	return 0;
}
"""


def seccomp_calls():
    """Every call that libseccomp has a name for, or None where it cannot be asked."""
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "completeness-%d" % os.getpid())
    try:
        done = subprocess.run([CC, "-x", "c", "-o", path, "-", "-lseccomp"], input=SECCOMP, text=True,
                              capture_output=True, check=False)
        return set(run(path).split()) if done.returncode == 0 else None
    finally:
        if os.path.exists(path):
            os.unlink(path)


def check_calls(tap, table, omitted):
    known = header_calls()
    if not known:
        tap.skip("the kernel's calls", "its headers are not installed")
        return
    more = seccomp_calls()
    if more is None:
        tap.skip("the calls that libseccomp knows", "libseccomp's headers are not installed")
    seen = known | (more or set())
    wrong = ["%s: does it take a path? Add a SYS row to %s or the name to %s" % (name, TABLE, OMISSIONS)
             for name in sorted(seen) if name not in table and name not in omitted]
    tap.check("the kernel's calls: %d are in the table or omitted with a reason" % len(seen), wrong)


def stale(table, omitted):
    return ["%s is in the table and in %s" % (name, OMISSIONS) for name in omitted if name in table]


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    tap = Tap()
    calls, functions = read_table()
    omitted, wrong = read_omissions()
    tap.check("%s can be read" % OMISSIONS, wrong)
    check_calls(tap, calls, omitted["call"])
    arch = os.uname().machine
    check_libc(tap, "64 bit", "/lib/%s-linux-gnu/libc.so.6" % arch, "/usr/lib/%s-linux-gnu/libc.a" % arch, [],
               calls, functions, omitted["libc"])
    if arch == "x86_64":
        check_libc(tap, "32 bit", "/usr/lib32/libc.so.6", "/usr/lib32/libc.a", ["-m32"], calls, functions,
                   omitted["libc"])
    tap.check("nothing is both in the table and omitted",
              stale(calls, omitted["call"]) + stale(functions, omitted["libc"]))
    tap.check("no row is there twice", ["%s has two rows" % name for name, count in collections.Counter(
        calls).items() if count > 1] + ["%s has two rows" % name for name, count in collections.Counter(
            functions).items() if count > 1])
    print("1..%d" % tap.count)


if __name__ == "__main__":
    sys.exit(main())
