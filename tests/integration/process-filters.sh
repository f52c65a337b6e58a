#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with sandboxes of their own: supervisors of system calls, brokers behind SIGSYS, calls that fail or kill.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -static -32; do
	program=$PROGRAMS/process-filters$form
	if [ ! -x "$program" ]; then
		skip "filters of the program's own$form" 'not built here'
		continue
	fi
	if [ "$form" = -static ]; then
		same -e trace "filters of the program's own$form" "$program" /opt/acme/file
		same -e trace -u "filters of the program's own$form" "$program" /opt/acme/file
	else
		same "filters of the program's own$form" "$program" /opt/acme/file
		same -u "filters of the program's own$form" "$program" /opt/acme/file
	fi
done
finish
