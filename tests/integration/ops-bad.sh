#!/bin/bash
# SPDX-License-Identifier: MIT
# Wild pointers, endless strings, paths and names at their limits, descriptors that are none. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-bad
finish
