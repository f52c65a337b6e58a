#!/bin/bash
# SPDX-License-Identifier: MIT
# openat2(2) with every way to confine a walk, over the borders of rules. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
	ln -s inner/f target/toinner
	ln -s /inner/f target/abs
	ln -s ../file inner/up
	ln -s /file inner/abs
	ln -s /opt/acme/file inner/out
	ln -s loop inner/loop
	ln -s none inner/dangling
	ln -s /proc/self/cwd inner/self
}
ops_run ops-openat2
ops_forms=("")
ops_options=(-u)
ops_run ops-openat2
finish
