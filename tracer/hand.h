/* SPDX-License-Identifier: MIT
 * Threads that another tracer wants are handed over to it (docs/adr/0013). Used inside
 * tracer/ only. It must never hand over what nobody would redirect then.
 */
#ifndef SNR_TRACER_HAND_H
#define SNR_TRACER_HAND_H

#include "tracer/tracee.h"

/* Begin to hand TRACEE over, for WAITER, which stands at the seccomp stop of its ptrace(2), or for
 * TRACEE itself, 0. Returns false where that is not possible: nothing has happened then. Otherwise
 * WAITER must not be resumed: it will be when all is done. */
bool hand_begin(struct tracer *tracer, struct tracee *tracee, struct tracee *waiter);

/* TRACEE asks to be traced by its parent, which waits for its exec and shares its memory with it
 * (vfork). False: that is not possible. Otherwise it is handed over at its exec. */
bool hand_promise(struct tracer *tracer, struct tracee *tracee);
/* At the seccomp stop of that. Resumes it. */
void hand_at_exec(struct tracer *tracer, struct tracee *tracee);

/* A stop of TRACEE, which has a hand. Returns false where it is an ordinary stop. */
bool hand_stop(struct tracer *tracer, struct tracee *tracee, int status);

/* TRACEE has gone: whoever waits for it goes on. */
void hand_forget(struct tracer *tracer, struct tracee *tracee);

#endif
