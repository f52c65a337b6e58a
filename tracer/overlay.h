/* SPDX-License-Identifier: MIT
 * What an overlay wants done before a call of a tracee, or in its place. Used by enter.c and
 * socket_names.c only.
 */
#ifndef SNR_TRACER_OVERLAY_H
#define SNR_TRACER_OVERLAY_H

#include "shared/overlay_act.h"
#include "tracer/tracee.h"

#include <sys/types.h>

/* Act on PLAN for the call ARGS with the tracee's rights, umask and view of the file systems.
 * False: TRACEE was resumed, and comes back with the same call. */
bool overlay_act(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
		 struct snr_plan *plan);

/* The same step by step. What was done once must not be planned again: have memory for the answer
 * before. False: TRACEE was resumed, and comes back with the same call. */
bool overlay_prepare(struct tracer *tracer, struct tracee *tracee);

/* Between the two calls we have the rights and the umask of tracer->current. */
struct overlay_actor {
	struct snr_actor actor;
	char root[32], process[32];
	mode_t mask;
};
void overlay_begin(struct tracer *tracer, struct overlay_actor *actor);
void overlay_end(struct tracer *tracer, const struct overlay_actor *actor);

#endif
