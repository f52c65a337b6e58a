#!/bin/bash
# SPDX-License-Identifier: MIT
# The shim as a file: what it wants from libc, what it gives to programs, and that it gets out of the way.
. tests/lib.sh
needs objdump readelf python3

generate() {
	python3 preload/genwrap.py "$1" "${2-shared/pathops.def}"
}

for shim in "$SNAPREDIR_BUILD"/lib/*/libsnapredir.so; do
	kind=$(basename "$(dirname "$shim")")
	objdump -T "$shim" >"$WORK/symbols"

	# Whatever glibc a program brings: 2.17 has all that is asked for.
	grep -F '*UND*' "$WORK/symbols" | grep -oE 'GLIBC_[0-9.]+' | sort -uV >"$WORK/versions"
	check "$kind: nothing newer than glibc 2.17" \
		test "$( (cat "$WORK/versions" && echo GLIBC_2.17) | sort -uV | tail -1)" = GLIBC_2.17
	readelf -dW "$shim" >"$WORK/dynamic"
	check "$kind: needs libc and its loader only" \
		test -z "$(sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' "$WORK/dynamic" | grep -vE '^(libc\.so\.6|ld-linux.*)$')"
	check "$kind: no relocations in code" test -z "$(grep TEXTREL "$WORK/dynamic")"

	# Just the names of the table.
	case $kind in
	i386*) bits=32 libc=/lib32/libc.so.6 ;;
	*) bits=64 libc=$(ldd /bin/sh | awk '/libc.so/ { print $3 }') ;;
	esac
	generate symbols$bits | sort >"$WORK/wanted"
	awk '$4 == ".text" || $5 == ".text" || $0 ~ / \.text\t/ { print $NF }' "$WORK/symbols" | sort >"$WORK/given"
	check "$kind: exports the symbols of the table and nothing else" diff "$WORK/wanted" "$WORK/given"

	# A program that asks for a name by dlsym or a weak reference would use ours. Those of newer libcs than this one's
	# are shown all the same, for programs that need them.
	{
		objdump -T "$libc" | awk '{ print $NF }'
		printf '%s\n' openat2 pidfd_spawn pidfd_spawnp
	} | sort -u >"$WORK/known"
	check "$kind: shows no name that libc lacks" test -z "$(comm -23 "$WORK/given" "$WORK/known")"

	# A call that no rule concerns is a jump: the real function sees its real caller.
	objdump -d --no-show-raw-insn "$shim" >"$WORK/code"
	case $kind in
	x86_64*) jump='jmp +\*%r' ;;
	i386*) jump='jmp +\*%e' ;;
	*) jump='br\s+x' ;;
	esac
	for symbol in dlopen dlmopen syscall stat mkdir opendir readlink; do
		if grep -qe -O0 "$SNAPREDIR_BUILD/flags"; then
			skip "$kind: $symbol jumps on" 'built without optimization'
			continue
		fi
		check "$kind: $symbol jumps on" \
			sh -c 'sed -n "/<$1>:$/,/^$/p" "$2" | grep -qE "$3"' - $symbol "$WORK/code" "$jump"
	done
done

# Its companion in LD_AUDIT: alone in a name space that has no libc.
for audit in "$SNAPREDIR_BUILD"/lib/*/libsnapredir-audit.so; do
	kind=$(basename "$(dirname "$audit")")
	objdump -T "$audit" >"$WORK/symbols"
	readelf -dW "$audit" >"$WORK/dynamic"
	check "$kind: the companion needs nothing" \
		sh -c '! grep -E "NEEDED|TEXTREL" "$1" && ! grep -F "*UND*" "$2"' - "$WORK/dynamic" "$WORK/symbols"
	check "$kind: the companion is asked for libraries only" \
		test "$(awk '/ \.text\t/ { print $NF }' "$WORK/symbols" | sort | xargs)" = 'la_objsearch la_version'
done

# The generator: what it does not understand stops the build.
refuses() { # NAME ROW MESSAGE
	printf 'SYS(open, (FPATH, OFLAGS, MODE), CREATES)\nSYS(mkdir, (LPATH, MODE), 0)\n%s\n' "$2" >"$WORK/table"
	if generate wrappers "$WORK/table" >/dev/null 2>"$WORK/why"; then
		echo 'accepted' >>"$WORK/why"
		not_ok "$1" <"$WORK/why"
	elif ! grep -qF "$3" "$WORK/why"; then
		not_ok "$1" <"$WORK/why"
	else
		ok "$1"
	fi
}
refuses 'a row that acts as no call' 'LIBC(int, f, nothing, (PATH path))' 'acts as nothing, which has no SYS row'
refuses 'a row without a path' 'LIBC(int, f, mkdir, (MODE mode))' 'f has 0 paths, mkdir has 1'
refuses 'an argument without a type' 'LIBC(int, f, mkdir, (VAL x, PATH path))' 'no type for VAL x'
refuses 'an empty table' '' 'no rows'
finish
