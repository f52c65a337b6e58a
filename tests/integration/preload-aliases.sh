#!/bin/bash
# SPDX-License-Identifier: MIT
# libc's functions under the names that only some programs have for them.
. tests/lib.sh

prepare() {
	mkdir -p target/sub
	echo hello >target/file
	echo 'none /opt tmpfs rw 0 0' >target/mtab
	echo one >target/sub/f1
	ln -s ../file target/sub/f2
	: >target/utmp
	: >target/wtmp
	echo 'acme:*:1::::::' >shadow
}
rules <<'END'
bind /opt/acme $T/target
bind /etc/shadow $T/shadow
END
# the times of the entries are zero, what they hold is compared
for form in '' -32; do
	if [ -x "$PROGRAMS/preload-aliases$form" ]; then
		same "aliases$form" "$PROGRAMS/preload-aliases$form"
	else
		skip "aliases$form" 'not built on this machine'
	fi
done
finish
