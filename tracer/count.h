/* SPDX-License-Identifier: MIT
 * --stats in the tracer. Used inside tracer/ only. It must cost nothing where nobody asked.
 */
#ifndef SNR_TRACER_COUNT_H
#define SNR_TRACER_COUNT_H

#include "tracer/tracee.h"

#include "shared/rewrite.h"

/* TRACEE has stopped with STATUS of waitpid(2). */
void count_stop(struct tracer *tracer, struct tracee *tracee, int status);

/* An operation of TRACEE was planned: RULE has CHANGED it, or it fails with RESULT. */
void count_call(struct tracer *tracer, const struct tracee *tracee, uint32_t rule, bool changed,
		long result);

/* TRACEE runs another program, which has no gate yet. */
void count_program(struct tracer *tracer, const struct tracee *tracee);

#endif
