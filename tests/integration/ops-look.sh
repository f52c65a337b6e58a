#!/bin/bash
# SPDX-License-Identifier: MIT
# Every call that looks at a name, in every form of program that this machine can build. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-look
# once more from other starting points
ops_forms=("")
ops_options=(-u)
ops_run ops-look
ops_options=()
ops_base=out ops_run ops-look
ops_base=/opt/acme/sub/../../acme/inner/.. ops_run ops-look
finish
