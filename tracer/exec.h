/* SPDX-License-Identifier: MIT
 * Executing for somebody who is not stopped, and what the new environment has to know of the file.
 * Used inside tracer/ only. It must never execute anything.
 */
#ifndef SNR_TRACER_EXEC_H
#define SNR_TRACER_EXEC_H

#include "tracer/tracee.h"

/* Where strings and vectors go in the memory of the tracee. */
struct exec_place {
	uint64_t address;
	size_t size;
};

/* Plan CALL, an OP that executes, of a process with engine preload ahead: what has to be there is
 * written to PLACE, and ARGS, the call's, become what they have to be. Returns 1 where they have, 0
 * where the call is right as it is, or -errno that it shall fail with. */
int exec_rewrite(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op, const struct exec_place *place, uint64_t args[ARCH_NARGS]);

/* snr_read_file, while an execution is planned. */
long exec_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size);

#endif
