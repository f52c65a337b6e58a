/* SPDX-License-Identifier: MIT
 * Who answers for threads that were handed over to another tracer. Used inside tracer/ only. It
 * must never keep the tracer waiting.
 */
#ifndef SNR_TRACER_SERVE_H
#define SNR_TRACER_SERVE_H

#include "tracer/bare.h"
#include "tracer/tracee.h"

/* Start the process that answers, if there is none. Returns 0 or -errno. */
int serve_start(struct tracer *tracer);

/* The seccomp LISTENER, which is taken over in any case, is served from now on, until the last
 * thread that asks it has gone. BARE, if not NULL, says who has no shim: bare.h. Returns 0 or
 * -errno. */
int serve_listener(struct tracer *tracer, int listener, const struct bare *bare);

/* Somebody was not handed over after all: it leaves if there is nobody else. */
void serve_spare(struct tracer *tracer);

/* Was PID, which has ended, that process? Another one is started if anybody needs it. */
bool serve_ended(struct tracer *tracer, pid_t pid);

#endif
