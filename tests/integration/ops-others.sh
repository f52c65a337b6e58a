#!/bin/bash
# SPDX-License-Identifier: MIT
# What /proc tells of other processes beneath the same rules. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
	mkdir -p target/bin
	cp "$path" target/bin/prog
}
ops_run ops-others
ops_forms=("")
ops_options=(-u)
ops_run ops-others
finish
