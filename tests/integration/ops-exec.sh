#!/bin/bash
# SPDX-License-Identifier: MIT
# Every call that executes a file, on programs, scripts and what is neither. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
	mkdir -p target/bin
	cp "$path" target/bin/prog
	cp "$path" target/bin/copy
	cp "$path" inner/prog
	ln -s prog target/bin/link
	ln -s nowhere target/bin/dangling
	printf '#!/opt/acme/bin/prog an argument with blanks  \n' >target/bin/script
	printf '#! /opt/acme/bin/script\n' >target/bin/nested
	printf '#!bin/prog\n' >target/bin/relative
	printf '#!/opt/acme/bin/missing\n' >target/bin/noshell
	printf '#!/opt/acme/bin/loop\n' >target/bin/loop
	printf 'echo text $0 $1\n' >target/bin/text
	: >target/bin/empty
	chmod -f 755 target/bin/*
	ln -s /opt/acme/bin/script target/bin/back
	cp "$path" target/bin/noexec
	chmod 644 target/bin/noexec
}
ops_run ops-exec
ops_forms=("")
ops_options=(-u)
ops_run ops-exec
finish
