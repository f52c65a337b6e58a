#!/bin/bash
# SPDX-License-Identifier: MIT
# Bad pointers and names at their limits; threads, signal handlers and vfork children at once.
. tests/lib.sh

prepare() {
	mkdir -p target/bin
	echo hello >target/file
	ln -s file target/link
	cp /bin/cat /bin/true target/bin/
}
rules <<'END'
bind /opt/acme $T/target
END

for form in '' -32; do
	if [ ! -x "$PROGRAMS/preload-wild$form" ]; then
		skip "preload-wild$form" 'not built on this machine'
		continue
	fi
	same "bad pointers and long names$form" "$PROGRAMS/preload-wild$form"
	# shellcheck disable=SC2034 # measure uses it
	filter='/^hello$/d'
	same "threads, signals and children$form" "$PROGRAMS/preload-hammer$form" /opt/acme
	filter=
done
finish
