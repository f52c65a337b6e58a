#!/bin/bash
# SPDX-License-Identifier: MIT
# Every register but the result, the program's string and all below its stack pointer stay, on hit and on miss.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
}
rules <<'END'
bind /opt/acme $T/target
END
paths=(/opt/acme/file /opt/acme/none /opt/acme /etc/passwd /nowhere)
same -e trace 'registers, dynamic' "$PROGRAMS/trace-registers" "${paths[@]}"
same -e trace 'registers, static' "$PROGRAMS/trace-registers-static" "${paths[@]}"
finish
