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
/* A program moves its root: from now on the shims' questions and the tracer's differ. */
void gate_close_all(struct tracer *tracer);

#endif
