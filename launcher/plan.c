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

bool plan_needs_probe(const struct plan_input *input)
{
	return input->nrules && input->require != SNR_ENGINE_HYBRID &&
	       (input->engine == SNR_ENGINE_AUTO || input->engine == SNR_ENGINE_TRACE);
}

/* What no machine can change. True: PLAN is made. */
static bool refuse_wish(const struct plan_input *input, struct plan *plan)
{
	if (input->engine == SNR_ENGINE_HYBRID)
		refuse(plan, input->engine_from,
		       "engine hybrid is not supported by this version; trace sees as much, name "
		       "that or auto");
	else if (input->require == SNR_ENGINE_HYBRID)
		refuse(plan, input->require_from,
		       "engine hybrid is not supported by this version; trace sees as much, "
		       "require that");
	else if (input->require == SNR_ENGINE_TRACE && input->engine == SNR_ENGINE_PRELOAD)
		refuse(plan, input->require_from,
		       "engine trace is required, but %s asks for preload, which sees less; drop "
		       "one of the two",
		       input->engine_from ? input->engine_from : "somebody");
	else
		return false;
	return true;
}

static void decide_preload(const struct plan_input *input, struct plan *plan)
{
	if (!input->has_shim) {
		refuse(plan, input->engine_from,
		       "engine preload needs the library %s, which cannot be read; install it "
		       "there",
		       input->shim);
		return;
	}
	plan->way = PLAN_RUN;
	plan->engine = SNR_ENGINE_PRELOAD;
}

void plan_decide(const struct plan_input *input, struct plan *plan)
{
	*plan = (struct plan){.way = PLAN_UNTOUCHED};
	if (refuse_wish(input, plan) || !input->nrules)
		return;
	if (input->engine == SNR_ENGINE_PRELOAD) {
		decide_preload(input, plan);
	} else if (input->probe == 0) {
		plan->way = PLAN_RUN;
		plan->engine = SNR_ENGINE_TRACE;
	} else if (input->engine == SNR_ENGINE_TRACE) {
		refuse(plan, input->engine_from, "engine trace cannot be had here: %s", input->why);
	} else if (input->require == SNR_ENGINE_TRACE) {
		refuse(plan, input->require_from,
		       "engine trace is required and cannot be had here: %s", input->why);
	} else {
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
}
