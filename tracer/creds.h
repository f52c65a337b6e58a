/* SPDX-License-Identifier: MIT
 * Looking at files with the rights of a tracee, where the tracer has more (root's tracer, and a
 * program that became somebody else). Used by host.c and exec.c only. Calls must come in pairs,
 * which may lie within each other.
 */
#ifndef SNR_TRACER_CREDS_H
#define SNR_TRACER_CREDS_H

#include "tracer/tracee.h"

/* Take on the file system user, group and groups of tracer->current. Asked of /proc once a stop,
 * and only where the tracer is root. */
void creds_take(struct tracer *tracer);
void creds_return(struct tracer *tracer);

/* The umask of tracer->current (proc(5), Linux 4.7); before, that of most. */
mode_t creds_umask(const struct tracer *tracer);

#endif
