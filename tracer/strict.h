/* SPDX-License-Identifier: MIT
 * SECCOMP_MODE_STRICT beneath our filter. Used inside tracer/ only.
 */
#ifndef SNR_TRACER_STRICT_H
#define SNR_TRACER_STRICT_H

#include "tracer/tracee.h"

/* At the seccomp stop of a CALL that asks for SECCOMP_MODE_STRICT, prctl(2) or seccomp(2): let it
 * install a filter of the same effect. False: that is not possible, the kernel may answer. Else
 * TRACEE has been resumed. */
bool strict_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call);

#endif
