/* SPDX-License-Identifier: MIT
 * Who lets the calls of threads pass that were handed over to another tracer. Used inside tracer/
 * only. It must never keep the tracer waiting.
 */
#ifndef SNR_TRACER_SERVE_H
#define SNR_TRACER_SERVE_H

/* The seccomp LISTENER is served from now on, by a process that is started for the first one, and
 * which *SERVER, -1 at first, leads to. LISTENER is closed. Returns 0 or -errno. */
int serve_listener(int *server, int listener);

#endif
