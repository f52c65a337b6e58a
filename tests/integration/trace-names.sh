#!/bin/bash
# SPDX-License-Identifier: MIT
# getcwd and readlink by raw calls with buffers of every size, strings at page ends, wild pointers, long names.
. tests/lib.sh

prepare() {
	mkdir -p target/sub
	ln -s /opt/acme/sub target/link
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-names$form
	if [ -x "$program" ]; then
		same -e trace "names$form" "$program" /opt/acme/sub /opt/acme/link
		same -e trace -u "names$form" "$program" /opt/acme/sub /opt/acme/link
	elif [ "$form" != -musl ]; then
		skip "names$form" 'not built here'
	fi
done
finish
