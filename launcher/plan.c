/* SPDX-License-Identifier: MIT
 * Which engine runs the program, and why. Pure: everything it needs to know is handed in.
 * Only main.c and the tests call it. It must never look at the machine itself.
 */
#include "launcher/plan.h"

#include <stdarg.h>
#include <stdio.h>

static void refuse(struct plan *plan, const char *from, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse(struct plan *plan, const char *from, const char *format, ...)
{
	va_list list;

	plan->way = PLAN_FAIL;
	snprintf(plan->subject, sizeof(plan->subject), "%s", from ? from : "engine");
	va_start(list, format);
	vsnprintf(plan->text, sizeof(plan->text), format, list);
	va_end(list);
}

/* How much an engine sees, as --require compares them. */
static int rank(enum snr_engine engine)
{
	switch (engine) {
	case SNR_ENGINE_HYBRID:
		return 3;
	case SNR_ENGINE_TRACE:
		return 2;
	case SNR_ENGINE_PRELOAD:
		return 1;
	default:
		return 0;
	}
}

static const char *name_of(enum snr_engine engine)
{
	switch (engine) {
	case SNR_ENGINE_HYBRID:
		return "hybrid";
	case SNR_ENGINE_TRACE:
		return "trace";
	default:
		return "preload";
	}
}

static bool is_idle(const struct plan_input *input)
{
	return !input->nrules && !input->learns;
}

bool plan_needs_probe(const struct plan_input *input)
{
	if (is_idle(input) || input->engine == SNR_ENGINE_PRELOAD)
		return false;
	return input->engine == SNR_ENGINE_AUTO || rank(input->engine) >= rank(input->require);
}

/* What no machine can change. True: PLAN is made. */
static bool refuse_wish(const struct plan_input *input, struct plan *plan)
{
	if (input->engine == SNR_ENGINE_AUTO || rank(input->engine) >= rank(input->require))
		return false;
	refuse(plan, input->require_from,
	       "engine %s is required, but %s asks for %s, which %s; drop one of the two",
	       name_of(input->require), input->engine_from ? input->engine_from : "somebody",
	       name_of(input->engine),
	       input->engine == SNR_ENGINE_PRELOAD ? "sees less" : "is slower");
	return true;
}

static void decide_preload(const struct plan_input *input, struct plan *plan)
{
	if (!input->has_shim) {
		refuse(plan, input->engine_from,
		       "engine preload needs the library %s, which is not there, or not of "
		       "this version; install the one that belongs to this launcher",
		       input->shim);
		return;
	}
	plan->way = PLAN_RUN;
	plan->engine = SNR_ENGINE_PRELOAD;
}

static void decide_hybrid(const struct plan_input *input, const char *from, struct plan *plan)
{
	if (input->probe) {
		refuse(plan, from, "engine hybrid cannot be had here: %s", input->why);
	} else if (!input->has_shim) {
		refuse(plan, from,
		       "engine hybrid needs the library %s, which is not there, or not of "
		       "this version; install the one that belongs to this launcher, or use -e "
		       "trace",
		       input->shim);
	} else {
		plan->way = PLAN_RUN;
		plan->engine = SNR_ENGINE_HYBRID;
	}
}

static void degrade(const struct plan_input *input, struct plan *plan)
{
	decide_preload(input, plan);
	if (plan->way == PLAN_FAIL)
		return;
	plan->degraded = true;
	snprintf(plan->text, sizeof(plan->text),
		 "preload, since programs cannot be traced here: %s; static programs and "
		 "direct system calls are not redirected (-e preload accepts that, "
		 "--require trace refuses it)",
		 input->why);
}

void plan_decide(const struct plan_input *input, struct plan *plan)
{
	*plan = (struct plan){.way = PLAN_UNTOUCHED};
	if (refuse_wish(input, plan) || is_idle(input))
		return;
	if (input->engine == SNR_ENGINE_PRELOAD) {
		decide_preload(input, plan);
	} else if (input->engine == SNR_ENGINE_HYBRID) {
		decide_hybrid(input, input->engine_from, plan);
	} else if (input->require == SNR_ENGINE_HYBRID) {
		decide_hybrid(input, input->require_from, plan);
	} else if (input->probe == 0) {
		/* Without a shim the tracer sees as much, and stops more. */
		plan->way = PLAN_RUN;
		plan->engine = input->engine == SNR_ENGINE_TRACE || !input->has_shim
				       ? SNR_ENGINE_TRACE
				       : SNR_ENGINE_HYBRID;
	} else if (input->engine == SNR_ENGINE_TRACE) {
		refuse(plan, input->engine_from, "engine trace cannot be had here: %s", input->why);
	} else if (input->require == SNR_ENGINE_TRACE) {
		refuse(plan, input->require_from,
		       "engine trace is required and cannot be had here: %s", input->why);
	} else {
		degrade(input, plan);
	}
	/* What the shim does through its gate the tracer would not hear of. */
	if (input->learns && plan->engine == SNR_ENGINE_HYBRID)
		plan->engine = SNR_ENGINE_TRACE;
}
