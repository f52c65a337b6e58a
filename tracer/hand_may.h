/* SPDX-License-Identifier: MIT
 * Who can be handed over, and to whom. Used by hand.c only.
 */
#ifndef SNR_TRACER_HAND_MAY_H
#define SNR_TRACER_HAND_MAY_H

#include "tracer/tracee.h"

/* What becomes of its calls. */
enum hand_future {
	HAND_REFUSED,
	HAND_SHIM,   /* it has one */
	HAND_BARE,   /* bare.c plans them */
	HAND_NATIVE, /* no rule is for it */
};

/* What becomes of the calls of TRACEE if it is handed over now. *IP is then where calls can be made
 * in it. WAITER, who asks for that, or NULL. */
enum hand_future hand_future(struct tracer *tracer, const struct tracee *tracee,
			     const struct tracee *waiter, uint64_t *ip);
/* Is what WAITER asks for likely to be granted? */
bool hand_may_ask(const struct tracee *tracee, const struct tracee *waiter);
/* Will TRACEE stop if it is told to? Who waits for a vfork child (state D of proc(5)) does not
 * before that has executed something or is gone, which may be what waits for us: WAITER, or what is
 * stopped by it. */
bool hand_can_stop(const struct tracee *tracee, const struct tracee *waiter);

#endif
