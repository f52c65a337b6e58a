#!/bin/bash
# SPDX-License-Identifier: MIT
# Every call that takes or gives the name of an AF_UNIX socket. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-socket
ops_forms=("")
ops_options=(-u)
ops_run ops-socket
finish
