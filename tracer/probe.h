/* SPDX-License-Identifier: MIT
 * Why programs cannot be traced here, in words. Used by probe.c and its test. It must never look at
 * the machine itself.
 */
#ifndef SNR_TRACER_PROBE_H
#define SNR_TRACER_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum probe_step {
	PROBE_CHILD,   /* a child to try it on */
	PROBE_PTRACE,  /* PTRACE_SEIZE of it */
	PROBE_SECCOMP, /* a filter with a stop, and that stop */
	PROBE_MEMORY,  /* its memory */
};

struct probe_facts {
	enum probe_step failed;
	int err;       /* -errno of that */
	char yama;     /* kernel.yama.ptrace_scope, '0' to '3'; anything else: none */
	bool filtered; /* a seccomp filter applies to us */
};

/* One sentence in WHY, at most SIZE bytes: the cause, and what would change it. */
void probe_explain(const struct probe_facts *facts, char *why, size_t size);

#endif
