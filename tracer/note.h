/* SPDX-License-Identifier: MIT
 * The tracer's log lines. Used inside tracer/ only. The level is tested before anything is
 * formatted or read again.
 */
#ifndef SNR_TRACER_NOTE_H
#define SNR_TRACER_NOTE_H

#include "shared/exec.h"
#include "tracer/socket.h"

/* -v: what was redirected; -vv: what was not, too. ARGS is the call of which PLAN came. */
void note_plan(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
	       const struct snr_plan *plan);
void note_exec(struct tracer *tracer, const struct tracee *tracee, enum snr_op op, const char *path,
	       const struct snr_exec_plan *plan);
/* Before the call is let go, for whoever learns. ARGS are those of the call OP. */
void note_exec_expected(struct tracer *tracer, struct tracee *tracee, const uint64_t *args,
			enum snr_op op, const char *path, const struct snr_exec_plan *plan);
/* CALL was made to fail, for what is called tracer->name. */
void note_fault(struct tracer *tracer, const struct tracee *tracee, const char *call,
		const struct snr_fault_answer *answer);
/* A socket's NAME, and what became of it. */
void note_name(struct tracer *tracer, struct tracee *tracee, enum snr_op op,
	       const struct socket_name *name, const struct socket_change *change);
/* TRACEE wants to trace TARGET, which we trace (itself: it wants to be traced by its parent).
 * Logged at any level. */
void note_second_tracer(struct tracer *tracer, const struct tracee *tracee, pid_t target);
/* TRACEE has another tracer from now on. Logged at any level. */
void note_handed(struct tracer *tracer, const struct tracee *tracee);
/* TRACEE, which was handed over, hears EPERM: CALL cannot be redirected, or PATH cannot be
 * executed, WHY. Logged at any level. */
void note_bare(struct tracer *tracer, const struct tracee *tracee, const char *call);
void note_unseen(struct tracer *tracer, const struct tracee *tracee, const char *path,
		 const char *why);
/* A tracee is killed: WHAT went wrong, ERR is -errno. Logged at any level. */
void note_failure(struct tracer *tracer, const struct tracee *tracee, const char *what, int err);

#endif
