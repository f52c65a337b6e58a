#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with filters of their own, without dumps or memory, with mappings over everything, of two ABIs.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-sandbox$form
	if [ -x "$program" ]; then
		same -e trace "sandbox$form" "$program" /opt/acme/file
		same -e trace -u "sandbox$form" "$program" /opt/acme/file
	elif [ "$form" != -musl ]; then
		skip "sandbox$form" 'not built here'
	fi
done
finish
