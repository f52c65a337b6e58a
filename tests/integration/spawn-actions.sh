#!/bin/bash
# SPDX-License-Identifier: MIT
# posix_spawn with file actions: the child opens, moves and searches as over a mount.
. tests/ops.sh

prepare() {
	ops_world
	mkdir -p target/bin
	cp "$path" target/bin/prog
	printf '#!/opt/acme/bin/prog an argument\n' >target/bin/script
	printf '#!/opt/acme/bin/missing\n' >target/bin/noshell
	printf 'echo text $0 $1\n' >target/bin/text
	chmod 755 target/bin/*
	: >target/bin/noexec
	cp "$path" target/inner/covered
	ln -s loop inner/loop
}
for form in '' -32; do
	path=$PROGRAMS/spawn-actions$form
	if [ ! -x "$path" ]; then
		skip "spawn-actions$form" 'not built on this machine'
		continue
	fi
	same "file actions$form" "$path"
	same -u "file actions$form" "$path"
done
if [ -x "$PROGRAMS/spawn-actions-static" ]; then
	path=$PROGRAMS/spawn-actions-static
	same -e trace "file actions, static" "$path"
fi
finish
