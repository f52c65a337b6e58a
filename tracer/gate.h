/* SPDX-License-Identifier: MIT
 * Engine hybrid, the tracer's side of shared/gate.h: the board, and when a gate has to be closed.
 * Used inside tracer/ only. It must never write to memory of a tracee that is not the gate's.
 */
#ifndef SNR_TRACER_GATE_H
#define SNR_TRACER_GATE_H

#include "tracer/tracee.h"

/* Make the board, and take IMAGE_FD over to where the shims will look for it: *FIRST and the number
 * behind it, which must stay open and lie away from LOG_FD. Where there is no memory or descriptor
 * for it no program has a gate, and all go on under the tracer. */
void gate_make(struct tracer *tracer, int image_fd, int log_fd, int *first);

/* TRACEE is about to install a filter of its own. */
void gate_close(struct tracer *tracer, struct tracee *tracee);
/* Has TRACEE's address space the words of a gate? */
bool gate_is_there(struct tracer *tracer, struct tracee *tracee);
/* At the exit stop of a call that may have changed TRACEE's cwd, past its gate. */
void gate_tell_move(struct tracer *tracer, struct tracee *tracee);
/* TRACEE has a cwd that is not that of others with its memory ... */
void gate_add_guest(struct tracer *tracer, struct tracee *tracee);
/* ... until it leaves this memory: call this before it does. */
void gate_drop_guest(struct tracer *tracer, struct tracee *tracee);
/* CHILD, whose memory is a copy of PARENT's, has no guests. */
void gate_begin(struct tracer *tracer, struct tracee *child, const struct tracee *parent);
/* A program moves its root: from now on the shims' questions and the tracer's differ. */
void gate_close_all(struct tracer *tracer);

#endif
