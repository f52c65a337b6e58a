#!/bin/bash
# SPDX-License-Identifier: MIT
# Random operations over real bind mounts and under each engine: logs and trees must be the same.
# The first seeds, as many as the time allows; with SNAPREDIR_SOAK=1 (make soak) longer runs on fresh
# ones at each call. See tests/differential/README.md.
set -eu
SNAPREDIR_BUILD=${SNAPREDIR_BUILD:-$PWD/build}
export SNAPREDIR_BUILD
tests/differential/build.sh "$SNAPREDIR_BUILD"
seeds=1-64 ops=1500 seconds=110 turns=7
if [ "${SNAPREDIR_SOAK:-0}" = 1 ]; then
	first=$(($(date +%s) * 10))
	seeds=$first-$((first + 999999)) ops=10000 seconds=1800 turns=0
fi
exec tests/differential/run --tap --seeds "$seeds" --ops "$ops" --engine preload,trace,hybrid --static \
	--form dynamic,32 --user --strict --by-turns "$turns" --budget "${SNAPREDIR_DIFFERENTIAL_SECONDS:-$seconds}" --stop-after 3
