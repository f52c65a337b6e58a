/* SPDX-License-Identifier: MIT
 * Signals at their delivery. Used inside tracer/ only.
 */
#ifndef SNR_TRACER_SIGNAL_H
#define SNR_TRACER_SIGNAL_H

#include "tracer/tracee.h"

/* At the signal-delivery-stop of SIG: where TRACEE ignores it, the call that it interrupted shall
 * go on as if nothing had come. */
void signal_delivered(struct tracer *tracer, struct tracee *tracee, int sig);
/* At a system call's stop: is it the entry of such a call? Then TRACEE has been resumed. */
bool signal_syscall_stop(struct tracer *tracer, struct tracee *tracee);

#endif
