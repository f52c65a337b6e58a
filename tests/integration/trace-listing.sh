#!/bin/bash
# SPDX-License-Identifier: MIT
# The paths of rules in the listings of their directories, by raw calls and small buffers, under the tracer.
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
	for ((i = 0; i < 120; i++)); do
		# shellcheck disable=SC2016
		printf 'bind $T/v/many/rule-%d-with-a-name-of-some-length $T/target\n' $i
	done
} | rules
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-listing$form
	if [ -x "$program" ]; then
		same -e trace "listing$form" "$program" v/some v/many v/empty v v/some/deep v/some/deep/er v/some/dir
	elif [ "$form" != -musl ]; then
		skip "listing$form" 'not built here'
	fi
done
same -e trace 'ls, find' sh -c 'ls -a v/some v/empty; find v | sort | head -200'
finish
