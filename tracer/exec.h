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

#define EXEC_WINDOW 4096

/* The last file that was looked at, its head kept, and the last piece that was read behind that: a
 * plan asks for one program header after the other, and for one tag of ld.so's. */
struct exec_file {
	char path[SNR_PATH_MAX];
	char head[EXEC_WINDOW];
	long size; /* of head, or -errno */
	char window[EXEC_WINDOW];
	uint64_t window_at;
	long window_size;
	int fd; /* -1: none is open */
};

/* An execution is planned by TRACER, FILE is where it keeps what it has read: until the end. */
void exec_file_begin(struct tracer *tracer, struct exec_file *file);
void exec_file_end(struct tracer *tracer);
/* snr_read_file, between the two. */
long exec_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size);

#endif
