/* SPDX-License-Identifier: MIT
 * Overlays: what must be done before a call that changes something, and what is done in its place:
 * copying up, whiteouts, removal, renaming. The plan says that something is to be done
 * (snr_overlay_plan, pure); shim and tracer have it done, by direct system calls with the program's
 * own rights. It must never change the lower layer, nor leave half a file on the upper one.
 */
#ifndef SNR_OVERLAY_ACT_H
#define SNR_OVERLAY_ACT_H

#include "shared/overlay.h"
#include "shared/rewrite.h"

/* Decide what PLAN needs for CALL, whose N paths led to RESOLVED: fills plan->overlay. HOW as for
 * snr_pathop_lookup. Changes nothing. */
void snr_overlay_plan(const struct snr_image *image, const struct snr_call *call,
		      const uint64_t how[3], const struct snr_resolved *resolved, int n,
		      struct snr_plan *plan);

/* Who acts. */
struct snr_actor {
	const char *root;    /* what goes before every path, as the program's "/" is called; "" */
	const char *process; /* where /proc tells of it, "/proc/thread-self" */
	uint32_t uid;        /* by whom the kernel judges its calls on files; 0 also for who may
			      change what is not its own (CAP_FOWNER) */
};

/* Do what plan->overlay says, for the CALL that was planned with SCRATCH. Afterwards the verdict is
 * CHANGED, with the texts that the kernel is to get now; or FINISHED, with the result. The process
 * must have the program's rights and its umask while it acts. */
void snr_overlay_act(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		     const struct snr_actor *actor, const struct snr_call *call,
		     struct snr_plan *plan);

#endif
