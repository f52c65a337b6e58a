#!/bin/bash
# SPDX-License-Identifier: MIT
# Build the exerciser and its reporter, dynamic and static, into DIR/differential.
# Usage: build.sh DIR. Called by tests/integration/differential.sh and by hand. Builds only what is
# older than its source.
set -eu
here=$(dirname "$0")
out=${1:?usage: build.sh BUILD_DIRECTORY}/differential
flags='-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror'
mkdir -p "$out"

build() { # TARGET LINKFLAG SOURCE...
	target=$1 link=$2
	shift 2
	for source in "$@" "$here/exerciser.h"; do
		[ "$target" -nt "$source" ] && continue
		# Word splitting is wanted: several flags.
		# shellcheck disable=SC2086
		${CC:-gcc} $flags $link -o "$target.$$" "$@"
		mv "$target.$$" "$target"
		return
	done
}

build "$out/exerciser" -Wl,-z,now "$here"/exerciser.c "$here"/ops_*.c
build "$out/exerciser-static" -static "$here"/exerciser.c "$here"/ops_*.c
build "$out/reporter" -s "$here"/reporter.c
build "$out/reporter-static" '-static -s' "$here"/reporter.c
# Left out where there is no compiler for it.
if echo 'int main(void){return 0;}' | ${CC:-gcc} -m32 -x c -o "$out/try.$$" - 2>/dev/null; then
	build "$out/exerciser-32" '-m32 -D_FILE_OFFSET_BITS=64' "$here"/exerciser.c "$here"/ops_*.c
	build "$out/reporter-32" '-m32 -s' "$here"/reporter.c
fi
rm -f "$out/try.$$"
