#!/bin/bash
# SPDX-License-Identifier: MIT
# Shared memory and semaphores under a rule for /dev/shm. See tests/ops.sh.
. tests/ops.sh

prepare() {
	mkdir -m 1777 shm
}
rules <<'END'
bind /dev/shm $T/shm
END
ops_run ops-shm
finish
