#!/bin/bash
# SPDX-License-Identifier: MIT
# Watches, the mount API, and the calls of an administrator. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-watch
ops_forms=("")
ops_options=(-u)
ops_run ops-watch
finish
