#!/bin/bash
# SPDX-License-Identifier: MIT
# Relative paths after every change of the working directory: what was known of a name in one must not be believed in
# another.
. tests/lib.sh

prepare() {
	local dir
	mkdir -p target/deep plain/sub/deep linked two
	echo rule >target/x
	echo rule deep >target/deep/x
	echo plain >plain/sub/x
	echo plain x >plain/x
	ln -s /opt/acme/tree linked/sub
	for dir in a b c d e f; do
		cp -r plain linked two/
		mv two/plain "two/plain-$dir"
		mv two/linked "two/linked-$dir"
	done
	: >two/file
}
rules <<'END'
bind /opt/acme/tree $T/target
END

# The order of a directory is the disk's: the same in both runs, but not on every machine.
for form in '' -32; do
	if [ ! -x "$PROGRAMS/preload-cwd$form" ]; then
		skip "preload-cwd$form" 'not built on this machine'
		continue
	fi
	same "relative names$form" sh -c '"$1" | sort' sh "$PROGRAMS/preload-cwd$form"
	same "a thread with its own$form" "$PROGRAMS/preload-parted$form"
done
finish
