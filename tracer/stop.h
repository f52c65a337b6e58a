/* SPDX-License-Identifier: MIT
 * From a wait status to whoever handles it. Used inside tracer/ only. Nothing here may wait.
 */
#ifndef SNR_TRACER_STOP_H
#define SNR_TRACER_STOP_H

#include "tracer/tracee.h"

/* Thread TID reported STATUS to waitpid(2). */
void stop_dispatch(struct tracer *tracer, pid_t tid, int status);
/* TRACEE, known and stopped with STATUS, is handled and, but for group-stops, resumed. */
void stop_handle(struct tracer *tracer, struct tracee *tracee, int status);

/* TID, of no parent that we know, stopped or ended with STATUS: keep it until the parent's event
 * comes. */
void birth_orphan(struct tracer *tracer, pid_t tid, int status);
/* TRACEE has ended before its parent's event: what is left is that it was there. */
void birth_bury(struct tracer *tracer, struct tracee *tracee);
/* Let all orphans go as processes of their own: a parent was killed, maybe before its event. They
 * only lose the knowledge of what memory they share, and map their own. */
void birth_release(struct tracer *tracer);

#endif
