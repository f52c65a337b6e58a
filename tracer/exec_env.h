/* SPDX-License-Identifier: MIT
 * Engine hybrid, and who was handed over: the environment of a new program, so that the shim is in
 * those that can load it and in no others. Used by exec.c only. It must never change a variable
 * that is not ours.
 */
#ifndef SNR_TRACER_EXEC_ENV_H
#define SNR_TRACER_EXEC_ENV_H

#include "tracer/tracee.h"

#include <stddef.h>

/* What the new vector holds. */
struct exec_env_entry {
	uint64_t value; /* address of a string of the tracee's, or offset in BYTES */
	bool own;
};

struct exec_env {
	struct exec_env_entry *entry; /* NULL: the program's own vector is right as it is */
	size_t n;                     /* without the NULL at the end */
	char *bytes;
	size_t size;
};

/* What the vector at ENVP has to become for a program that PLAN tells the kind of. Whatever cannot
 * be read is the kernel's to refuse. Returns 0 or -ENOMEM; then and later exec_env_free. */
int exec_env_make(struct tracer *tracer, const struct tracee *tracee, uint64_t envp,
		  const struct snr_exec_plan *plan, struct exec_env *env);
void exec_env_free(struct exec_env *env);

/* The shim that the program of PLAN can load without a gate, or NULL. */
const char *exec_env_shim(const struct tracer *tracer, const struct snr_exec_plan *plan);

/* Pointers up to the NULL behind ADDRESS, the first SKIP of them left out, in *OUT, which is
 * malloc'd. Returns how many, -EFAULT, -ENOMEM, or -E2BIG where there are more than exec(2) takes.
 */
long exec_read_vector(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		      size_t skip, uint64_t **out);

#endif
