#!/bin/bash
# SPDX-License-Identifier: MIT
# Names that come back: cwd, canonical names, links of /proc, listings, walks, patterns. See tests/ops.sh.
. tests/ops.sh

prepare() {
	ops_world
}
ops_run ops-names nftw
ops_forms=("")
same -e trace 'fts and wordexp' "$PROGRAMS/ops-names" libc /opt/acme fts wordexp
ops_options=(-u)
ops_run ops-names nftw
ops_options=()
ops_base=out ops_run ops-names
finish
