#!/bin/bash
# SPDX-License-Identifier: MIT
# Processes made by clone and clone3 with every kind of sharing, those that ask not to be traced too.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-clone$form
	if [ -x "$program" ]; then
		same -e trace "clone$form" "$program" /opt/acme/file
	elif [ "$form" != -musl ]; then
		skip "clone$form" 'not built here'
	fi
done
finish
