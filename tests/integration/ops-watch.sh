#!/bin/bash
# SPDX-License-Identifier: MIT
# Watches, the mount API, and the calls of an administrator. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
	# a block device of a number for local use, behind which there is none
	mknod target/disk b 240 7 2>/dev/null || : >target/disk
}
ops_run ops-watch
ops_forms=("")
ops_options=(-u)
ops_run ops-watch
finish
