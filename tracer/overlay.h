/* SPDX-License-Identifier: MIT
 * What an overlay wants done before a call of a tracee, or in its place. Used by enter.c only.
 */
#ifndef SNR_TRACER_OVERLAY_H
#define SNR_TRACER_OVERLAY_H

#include "tracer/tracee.h"

/* Act on PLAN for the call ARGS with the tracee's rights, umask and view of the file systems.
 * False: TRACEE was resumed, and comes back with the same call. */
bool overlay_act(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
		 struct snr_plan *plan);

#endif
