#!/bin/bash
# SPDX-License-Identifier: MIT
# int 0x80 from 64-bit and 32-bit code, and x32's numbers, under the tracer: nothing else sees them.
. tests/ops.sh

prepare() {
	ops_world
	printf '#!/bin/sh\necho started; exit 3\n' >target/script
	chmod 755 target/script
}
case $(uname -m) in
x86_64 | i?86) ;;
*) skip_all 'int 0x80 is of x86' ;;
esac
for form in '' -static -32 -32-static; do
	program=$PROGRAMS/ops-int80$form
	if [ ! -x "$program" ]; then
		skip "int 0x80$form" 'not built on this machine'
	elif [ -z "${form##-32*}" ] || "$program" probe >/dev/null 2>&1; then
		same -e trace "int 0x80$form" "$program"
	else
		skip "int 0x80$form" 'the kernel was built without the calls of i386'
	fi
done
finish
