/* SPDX-License-Identifier: MIT
 * What a learning run (shared/record.h) hears from the tracer: each call that names a file, once
 * its result is known. Used inside tracer/ only. Where nobody learns it must cost one comparison.
 */
#ifndef SNR_TRACER_RECORD_H
#define SNR_TRACER_RECORD_H

#include "shared/log.h"
#include "tracer/tracee.h"

/* At the seccomp stop: keep EVENT of TRACEE, whose call then runs to its exit stop. */
void record_expect(struct tracer *tracer, struct tracee *tracee, const struct snr_event *event);

/* The call of TRACEE gave RESULT: write what was kept. */
void record_finish(struct tracer *tracer, struct tracee *tracee, int64_t result);

/* The call is over, or will be made again: forget what was kept. */
void record_forget(struct tracee *tracee);

#endif
