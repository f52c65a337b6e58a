/* SPDX-License-Identifier: MIT
 * Calls that fail since a `fault` rule wants it. Used inside tracer/ only.
 */
#ifndef SNR_TRACER_FAULT_H
#define SNR_TRACER_FAULT_H

#include "shared/fault.h"
#include "tracer/tracee.h"

/* Memory for the counts, if there are such rules. Returns 0 or -ENOMEM. */
int fault_init(struct tracer *tracer);

/* At the seccomp stop of a call that names files: true if it failed, and TRACEE was resumed. */
bool fault_named(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op);

/* At that of a call on descriptors, which is to stop for nothing else. Resumes TRACEE. */
void fault_on(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
	      enum snr_on on);

/* At the exit stop of one that was made and fails all the same. Returns 0 or -errno. */
int fault_leave(const struct tracee *tracee);

#endif
