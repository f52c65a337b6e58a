/* SPDX-License-Identifier: MIT
 * What an overlay wants done before a call of a tracee, or in its place: done here, since a stopped
 * tracee cannot. Used inside tracer/ only. It must never act with more rights than the tracee has.
 */
#include "tracer/overlay.h"

#include "shared/overlay_act.h"
#include "tracer/creds.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool overlay_act(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
		 struct snr_plan *plan)
{
	char root[32] = "";
	struct snr_actor actor = {.root = root};
	mode_t mask;

	if (plan->verdict != SNR_CHANGED)
		return true;
	/* What was done once must not be planned again: have memory for the answer before. */
	if (!tracee_scratch(tracer, tracee, SNR_MAX_PATHS * SNR_PATH_MAX))
		return false;
	scratch_release(tracee);
	if (tracer->roots_differ)
		snprintf(root, sizeof(root), "/proc/%d/root", tracee->tid);
	creds_take(tracer);
	actor.uid = tracer->creds_differ ? tracer->creds_uid : geteuid();
	mask = umask(creds_umask(tracer));
	snr_overlay_act(&tracer->redirector, &tracer->scratch, &actor, args, plan);
	umask(mask);
	creds_return(tracer);
	return true;
}
