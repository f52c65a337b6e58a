#!/bin/bash
# SPDX-License-Identifier: MIT
# Every call that takes or gives the name of an AF_UNIX socket. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
# the shim has no wrappers for these yet
ops_options=(-e trace)
ops_run ops-socket
ops_forms=("")
ops_options=(-u -e trace)
ops_run ops-socket
finish
