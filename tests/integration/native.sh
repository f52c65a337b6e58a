#!/bin/bash
# SPDX-License-Identifier: MIT
# native: a program and its children run without rules, with the environment that the launcher was started with.
# shellcheck disable=SC2016 # rules and programs hold $T
. tests/lib.sh

prepare() {
	mkdir target bin real
	echo inside >target/file
	cat >bin/helper <<-'END'
		#!/bin/sh
		cat /opt/acme/file 2>/dev/null || echo outside
		sh -c 'cat /opt/acme/file 2>/dev/null' || echo 'a child: outside'
		echo "$0 $*: ${ACME-none} ${ADDED-none}"
		env | grep -E '^(LD_PRELOAD|LD_AUDIT|GLIBC_TUNABLES|SNAPREDIR)'
	END
	chmod +x bin/helper
	cp bin/helper bin/other
	ln -s helper bin/link
	ln bin/helper real/helper
	cp "$PROGRAMS/paths-static" bin/static
}
rules <<'END'
bind /opt/acme $T/target
bind /opt/acme/bin $T/bin
native $T/bin/helper
native /opt/acme/bin/help*
native $T/bin/static
END
export ACME=first
wanted='outside
a child: outside'

# gives ENGINE NAME WANTED PROGRAM [ARG]...
gives() {
	local engine=$1 name=$2 text=$3
	shift 3
	rm -rf "$WORK/run"
	mkdir -p "$T"
	(cd "$T" && prepare)
	(cd "$T" && timeout -k 5 60 "$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- "$@" >"$WORK/out" 2>"$WORK/err")
	if diff -u --label wanted --label got - "$WORK/out" <<<"$text" >"$WORK/why"; then
		ok "$name [$engine]"
	else
		cat "$WORK/err" >>"$WORK/why"
		not_ok "$name [$engine]" <"$WORK/why"
	fi
}

for engine in "${ENGINES[@]}"; do
	gives $engine 'the program itself' "$wanted
$T/bin/helper a b: first none" "$T/bin/helper" a b
	gives $engine 'a child' "$wanted
$T/bin/helper a: first none
inside" sh -c 'export ACME=second ADDED=third; "$T/bin/helper" a; cat /opt/acme/file'
	gives $engine 'by its name under a rule' "$wanted
$T/bin/helper: first none
inside" sh -c 'ACME=second /opt/acme/bin/helper | sed "s/: /&/;s/ :/:/"; cat /opt/acme/file'
	gives $engine 'by PATH, relative, by a link' "$wanted
$T/bin/helper: first none
$wanted
bin/helper: first none
$wanted
bin/link: first none" sh -c 'for way in "env PATH=$T/bin:$PATH helper" bin/helper bin/link; do $way | sed "s/ :/:/"; done'
	gives $engine 'not by another name' "inside
inside" sh -c 'bin/other | head -2'
	gives $engine 'its children only' "$wanted
bin/helper: first none
inside
inside" sh -c 'bin/helper | sed "s/ :/:/"; bin/other | head -2'
	gives $engine 'from Python, in every way' "$wanted
bin/helper system: first none
$wanted
bin/helper popen: first none
$wanted
bin/helper spawn: first none
$wanted
bin/helper run: first none
inside" python3 -c '
import os, subprocess, sys
os.environ["ACME"] = "second"
os.system("bin/helper system")
sys.stdout.write(os.popen("bin/helper popen").read())
sys.stdout.flush()
os.waitpid(os.posix_spawn("bin/helper", ["bin/helper", "spawn"], {"ADDED": "third"}), 0)
subprocess.run(["bin/helper", "run"], env={}, close_fds=True)
sys.stdout.write(open("/opt/acme/file").read())'
	gives $engine 'what has not got a shim' "inside" sh -c 'bin/static stat /opt/acme/file >/dev/null 2>&1; cat /opt/acme/file'
done
# threads, and exec by one of them, in native programs: nothing of it is for the tracer
rules <<'END'
bind /opt/acme $T/target
native /usr/bin/python3*
native $T/bin/*
END
threads='
import os, threading
def run():
    try:
        open("/opt/acme/file")
    except FileNotFoundError:
        print("outside", flush=True)
    os.system("cat /opt/acme/file 2>/dev/null || echo outside")
thread = threading.Thread(target=run)
thread.start()
thread.join()
other = threading.Thread(target=lambda: os.execv("bin/helper", ["bin/helper"]))
other.start()
other.join()'
for engine in "${ENGINES[@]}"; do
	gives $engine 'threads' "outside
outside
$wanted
bin/helper : first none" "$(readlink -f /usr/bin/python3)" -c "$threads"
done
check '--check' "$SNAPREDIR" --check -r "$WORK/rules"
finish
