/* SPDX-License-Identifier: MIT
 * Memory of a stopped tracee. Used inside tracer/ only. It must never write anywhere but where it
 * is told, and never below the stack pointer: callers hand in scratch slots or the program's own
 * output buffers.
 */
#ifndef SNR_TRACER_MEMORY_H
#define SNR_TRACER_MEMORY_H

#include "tracer/tracee.h"

/* Copy SIZE bytes from ADDRESS of TRACEE. Returns 0 or -EFAULT. */
long tracee_read(struct tracer *tracer, const struct tracee *tracee, uint64_t address, void *out,
		 size_t size);

/* Copy the string at ADDRESS with its NUL, SIZE bytes at most. Never looks at a page beyond the one
 * in which the string ends. Returns the length without the NUL, -EFAULT, or -ENAMETOOLONG where no
 * NUL was found. */
long tracee_read_string(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			char *out, size_t size);

/* Copy the first SIZE bytes of N strings at ADDRESS, or what there is of shorter ones, to OUT, N
 * times SIZE bytes. Returns 0 or -EFAULT. */
long tracee_read_heads(struct tracer *tracer, const struct tracee *tracee, const uint64_t *address,
		       size_t n, char *out, size_t size);

/* One of the pieces that tracee_write joins. */
struct tracee_piece {
	const void *data;
	size_t size;
};

/* Write N PIECES (8 at most) one behind the other to ADDRESS. Returns 0 or -EFAULT. */
long tracee_write(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		  const struct tracee_piece *pieces, unsigned n);

/* A snr_host that asks about tracer->current. */
void tracee_host_init(struct tracer *tracer);

/* Look at the file systems as the current tracee does: the path by which the tracer finds PATH of
 * the tracee, /proc/self and other roots replaced, in OUT, SIZE bytes. Returns 0 or
 * -ENAMETOOLONG. */
int tracee_view(const struct tracer *tracer, const char *path, char *out, size_t size);

/* Does the current tracee see another "/" than the rules were written for (chroot)? */
bool tracee_is_elsewhere(struct tracer *tracer);

#endif
