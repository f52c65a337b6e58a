/* SPDX-License-Identifier: MIT
 * What an overlay wants done before a call of a tracee, or in its place: done here, since a stopped
 * tracee cannot. Used inside tracer/ only. It must never act with more rights than the tracee has.
 */
#include "tracer/overlay.h"

#include "tracer/creds.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void overlay_begin(struct tracer *tracer, struct overlay_actor *actor)
{
	pid_t tid = tracer->current->tid;
	uid_t uid = geteuid();

	actor->root[0] = '\0';
	if (tracer->roots_differ)
		snprintf(actor->root, sizeof(actor->root), "/proc/%d/root", tid);
	snprintf(actor->process, sizeof(actor->process), "/proc/%d", tid);
	creds_take(tracer);
	if (tracer->creds_differ)
		uid = tracer->creds_own_all ? 0 : tracer->creds_uid;
	actor->actor =
		(struct snr_actor){.root = actor->root, .process = actor->process, .uid = uid};
	actor->mask = umask(creds_umask(tracer));
}

void overlay_end(struct tracer *tracer, const struct overlay_actor *actor)
{
	umask(actor->mask);
	creds_return(tracer);
}

bool overlay_prepare(struct tracer *tracer, struct tracee *tracee)
{
	if (!tracee_scratch(tracer, tracee, SNR_MAX_PATHS * SNR_PATH_MAX))
		return false;
	scratch_release(tracee);
	return true;
}

bool overlay_act(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
		 struct snr_plan *plan)
{
	struct overlay_actor actor;

	if (plan->verdict != SNR_CHANGED)
		return true;
	if (!overlay_prepare(tracer, tracee))
		return false;
	overlay_begin(tracer, &actor);
	snr_overlay_act(&tracer->redirector, &tracer->scratch, &actor.actor, args, plan);
	overlay_end(tracer, &actor);
	return true;
}
