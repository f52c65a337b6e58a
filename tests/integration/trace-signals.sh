#!/bin/bash
# SPDX-License-Identifier: MIT
# Signals around path calls, restarted and interrupted ones, stops and deaths, under the tracer.
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
	if [ -x "$program" ]; then
		same -e trace "signals$form" "$program" /opt/acme/file /opt/acme/fifo
	elif [ "$form" != -musl ]; then
		skip "signals$form" 'not built here'
	fi
done
finish
