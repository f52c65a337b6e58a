#!/bin/bash
# SPDX-License-Identifier: MIT
# io_uring opens files past every redirector: where rules apply it is not there, unless it is asked for.
. tests/lib.sh
needs perl

mkdir -p "$T/target"
# shellcheck disable=SC2016 # perl's variable
ask=(perl -e 'syscall(425, 1, 0); print $! + 0')
native=$("${ask[@]}")
for engine in "${ENGINES[@]}"; do
	run=("$SNAPREDIR" -e "$engine" -m "/opt/acme=$T/target")
	check "denied [$engine]" test "$("${run[@]}" -- "${ask[@]}")" = 38 # ENOSYS
	check "allowed [$engine]" test "$("${run[@]}" --io-uring=allow -- "${ask[@]}")" = "$native"
	check "without rules [$engine]" test "$("$SNAPREDIR" -e "$engine" -- "${ask[@]}")" = "$native"
done
finish
