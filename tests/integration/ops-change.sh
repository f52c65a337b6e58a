#!/bin/bash
# SPDX-License-Identifier: MIT
# Every call that makes, changes, moves or removes a name, in every form of program. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-change
ops_forms=("")
ops_options=(-u)
ops_run ops-change
ops_options=()
ops_base=out ops_run ops-change
finish
