/* SPDX-License-Identifier: MIT
 * Listings: the paths of rules among the names of their directories. Used inside tracer/ only.
 * A directory in which no rule lies must cost nothing but finding that out.
 */
#ifndef SNR_TRACER_LIST_H
#define SNR_TRACER_LIST_H

#include "tracer/tracee.h"

/* At the seccomp stop of getdents or getdents64. */
void list_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		enum snr_op op);
/* At its exit stop, where TRACEE->due is TRACEE_LISTED. Returns 0 or -errno. */
int list_leave(struct tracer *tracer, struct tracee *tracee);
/* TRACEE goes away in between. */
void list_forget(struct tracee *tracee);

#endif
