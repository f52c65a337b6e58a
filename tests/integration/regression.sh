#!/bin/bash
# SPDX-License-Identifier: MIT
# Scripts of operations that once gave another result than over bind mounts, each named by what was
# wrong: tests/regression/*.ops, replayed under each engine.
set -eu
SNAPREDIR_BUILD=${SNAPREDIR_BUILD:-$PWD/build}
export SNAPREDIR_BUILD
scripts=()
for script in tests/regression/*.ops; do
	[ -e "$script" ] && scripts+=(--script "$script")
done
if [ ${#scripts[@]} -eq 0 ]; then
	echo '1..0 # SKIP no script in tests/regression'
	exit 0
fi
tests/differential/build.sh "$SNAPREDIR_BUILD"
exec tests/differential/run --tap --static --user --strict --no-shrink --stop-after 1000 "${scripts[@]}"
