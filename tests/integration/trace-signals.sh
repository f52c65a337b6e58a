#!/bin/bash
# SPDX-License-Identifier: MIT
# Signals around path calls, restarted and interrupted ones, ignored ones, stops and deaths.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
	mkfifo target/fifo
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-signals$form
	only=()
	case $form in -static | -musl) only=(-e trace) ;; esac
	if [ -x "$program" ]; then
		same ${only[@]+"${only[@]}"} "signals$form" "$program" /opt/acme/file /opt/acme/fifo
	elif [ "$form" != -musl ]; then
		skip "signals$form" 'not built here'
	fi
done
finish
