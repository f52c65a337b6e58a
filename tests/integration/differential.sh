#!/bin/bash
# SPDX-License-Identifier: MIT
# Random operations over real bind mounts and under each engine: logs and trees must be the same.
# A fixed set of seeds; with SNAPREDIR_SOAK=1 (make soak) fresh ones at each call. See
# tests/differential/README.md.
set -eu
SNAPREDIR_BUILD=${SNAPREDIR_BUILD:-$PWD/build}
export SNAPREDIR_BUILD
tests/differential/build.sh "$SNAPREDIR_BUILD"
first=1 number=16
if [ "${SNAPREDIR_SOAK:-0}" = 1 ]; then
	first=$(($(date +%s) * 10)) number=1000000
fi
# After chroot a cwd that stays outside the new root is not followed (docs/adr/0001).
exec tests/differential/run --tap --without chroot --seeds "$first-$((first + number - 1))" --ops 1500 --form dynamic,static,32 --user \
	--strict --budget "${SNAPREDIR_DIFFERENTIAL_SECONDS:-75}" --stop-after 3
