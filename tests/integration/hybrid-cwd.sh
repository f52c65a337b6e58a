#!/bin/bash
# SPDX-License-Identifier: MIT
# Engine hybrid: the shim remembers the working directory, which changes past its gate too, and may be shared with others
# or not shared with those who have the same memory.
. tests/lib.sh

prepare() {
	mkdir -p target plain/sub linked
	echo rule >target/x
	echo plain >plain/sub/x
	ln -s /opt/acme linked/sub
}
rules <<'END'
bind /opt/acme $T/target
END

for form in '' -32; do
	if [ -x "$PROGRAMS/hybrid-cwd$form" ]; then
		same -e trace "who moves$form" "$PROGRAMS/hybrid-cwd$form"
	else
		skip "hybrid-cwd$form" 'not built on this machine'
	fi
done
finish
