#!/bin/bash
# SPDX-License-Identifier: MIT
# Threads in bursts, with a cwd of their own, forking and vforking, 2,000 of them at once, and
# hundreds that wait in calls.
. tests/lib.sh

prepare() {
	mkdir target other
	echo text >target/file
	mkfifo target/fifo
	echo other >other/file
}
rules <<'END'
bind /opt/acme $T/target
bind /opt/other $T/other
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-threads$form
	only=()
	case $form in -static | -musl) only=(-e trace) ;; esac
	if [ -x "$program" ]; then
		same ${only[@]+"${only[@]}"} "threads$form" "$program" /opt/acme/file /opt/other /opt/acme/fifo
	elif [ "$form" != -musl ]; then
		skip "threads$form" 'not built here'
	fi
done
finish
