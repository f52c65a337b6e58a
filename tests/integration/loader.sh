#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs whose dynamic linker (PT_INTERP) exists only by redirection, as a vendor ships them with a libc of its own.
. tests/lib.sh

cc=${CC:-gcc}
$cc -o "$WORK/program" -Wl,--dynamic-linker=/opt/acme/lib/ld.so -x c - <<'END' || skip_all "$cc cannot link"
#include <stdio.h>
int main(int argc, char **argv)
{
	char line[80] = "nothing";
	FILE *file = fopen("/opt/acme/greeting", "r");

	if (file && fgets(line, sizeof(line), file))
		printf("%s %s", argc > 1 ? argv[1] : "", line);
	for (int i = 0; argc > 2 && i <= argc; i++)
		printf("argv[%d] %s\n", i, argv[i] ? argv[i] : "(none)");
	return file ? 0 : 1;
}
END
loader=$(readelf -l /bin/true | sed -n 's/.*interpreter: \(.*\)\]/\1/p')

prepare() {
	mkdir -p target/lib target/bin
	cp "$loader" target/lib/ld.so
	cp "$WORK/program" target/bin/program
	cp "$WORK/program" outside
	printf '#!/opt/acme/bin/program by-script\n' >target/bin/script
	chmod +x target/bin/script
	echo hello >target/greeting
}
rules <<'END'
bind /opt/acme $T/target
END

same -o 'a hello' 'a program and its loader under one rule' /opt/acme/bin/program a
same -o 'b hello' 'a program outside whose loader is under a rule' ./outside b
same -o 'by-script hello
argv[0] /opt/acme/bin/program
argv[1] by-script
argv[2] /opt/acme/bin/script
argv[3] (none)' 'a script run by such a program' /opt/acme/bin/script
same -u -o 'c hello' 'started by a shell' sh -c 'cd /opt/acme/bin && ./program c'
same -o 'd hello' 'started by python' python3 -c 'import subprocess; subprocess.run(["/opt/acme/bin/program", "d"], check=True)'
# --argv0 came with glibc 2.33
if ld_help=$("$loader" --help) && grep -q -e --argv0 <<<"$ld_help"; then
	named="argv[0] a name of its own
argv[1] g
argv[2] two  words
argv[3] (none)"
	same -o "g hello
$named" 'its argv[0]' bash -c 'exec -a "a name of its own" /opt/acme/bin/program g "two  words"'
	same -o "g hello
$named" 'the argv[0] of one outside' bash -c 'exec -a "a name of its own" ./outside g "two  words"'
	same 'no argv at all' python3 -c 'import ctypes
ctypes.CDLL(None).execve(b"/opt/acme/bin/program", None, None)'
fi
# python's descriptors close on exec
by_descriptor='import os; os.execve(os.open("/opt/acme/bin/program", os.O_PATH), ["x", "e"], os.environ)'
same -o 'e hello' 'executed by a descriptor that closes' python3 -c "$by_descriptor"
same -o 'f hello' 'one outside, by a descriptor that closes' python3 -c \
	'import os; os.execve(os.open("outside", os.O_PATH), ["x", "f"], os.environ)'
finish
