#!/bin/bash
# SPDX-License-Identifier: MIT
# The paths of rules in the listings of their directories, through libc (readdir, scandir, glob, positions), by raw
# calls with small buffers, and what programs make of them.
. tests/lib.sh

prepare() {
	local i
	mkdir -p target/sub v/some v/many v/empty
	echo text >target/file
	echo text >v/some/real
	mkdir v/some/there
	for ((i = 0; i < 100; i++)); do
		echo "$i" >"v/many/real-$i"
	done
}
{
	# shellcheck disable=SC2016 # the rules know $T
	printf 'bind $T/v/%s $T/target\n' some/dir some/there empty/only some/deep/er/dir target-of-none
	# shellcheck disable=SC2016
	printf 'bind $T/v/%s $T/target/file\n' some/file some/.hidden
	for ((i = 0; i < 40; i++)); do
		# shellcheck disable=SC2016
		printf 'bind $T/v/many/rule-%d-with-a-name-of-some-length $T/target\n' $i
	done
} | rules
places=(v/some v/many v/empty v v/some/deep v/some/deep/er v/some/dir v/none)
for form in '' -32; do
	if [ -x "$PROGRAMS/preload-listing$form" ]; then
		same "libc's ways$form" "$PROGRAMS/preload-listing$form" "${places[@]}"
	else
		skip "preload-listing$form" 'not built on this machine'
	fi
done
for form in '' -32 -static -musl; do
	program=$PROGRAMS/trace-listing$form only=()
	case $form in -static | -musl) only=(-e trace) ;; esac
	if [ -x "$program" ]; then
		same "${only[@]}" "raw calls$form" "$program" "${places[@]}"
	elif [ "$form" != -musl ]; then
		skip "raw calls$form" 'not built on this machine'
	fi
done
same 'ls' ls -a v/some v/empty v/some/deep
same 'find' sh -c 'find v -printf "%p %y\n" | sort'
# shellcheck disable=SC2016 # an inner shell's
same 'the globs of a shell' sh -c 'cd v && echo * some/* some/.h* empty/* */dir/sub; set some/deep/*/*; echo $#'
if [ -x /usr/bin/python3 ]; then
	same 'python' /usr/bin/python3 -c '
import glob, os
for path in "v/some", "v/empty", "v", "v/some/deep":
    print(sorted((e.name, e.is_dir(), e.is_file()) for e in os.scandir(path)), sorted(os.listdir(path)))
print(sorted(glob.glob("v/**", recursive=True))[:300])
print(sum(1 for _ in os.walk("v")))'
fi
same 'recursive copies' sh -c 'cp -r v/empty copy; ls -R copy; tar -cf t.tar v/empty; tar -tf t.tar | sort; rm t.tar'
finish
