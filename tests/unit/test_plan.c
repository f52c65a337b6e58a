/* SPDX-License-Identifier: MIT
 * Tests of launcher/plan.c: which engine runs the program, for every wish and every machine.
 * `make unit` runs it. It must never look at the machine it runs on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "launcher/plan.h"

#define AUTO    SNR_ENGINE_AUTO
#define PRELOAD SNR_ENGINE_PRELOAD
#define TRACE   SNR_ENGINE_TRACE
#define HYBRID  SNR_ENGINE_HYBRID

enum outcome { FAILS, UNTOUCHED, PRELOADED, DEGRADED, TRACED, MIXED };

/* The wish, the machine, and what must come of it. */
static const struct row {
	enum snr_engine engine, require;
	bool rules, can_trace, has_shim;
	enum outcome outcome;
	const char *text; /* must be in what is said */
} rows[] = {
	{AUTO, AUTO, true, true, true, MIXED, ""},
	{AUTO, AUTO, true, true, false, TRACED, ""},
	{AUTO, AUTO, true, false, true, DEGRADED, "Yama says no; set scope 0"},
	{AUTO, AUTO, true, false, false, FAILS, "/lib/shim.so"},
	{AUTO, PRELOAD, true, false, true, DEGRADED, "not redirected"},
	{AUTO, PRELOAD, true, true, true, MIXED, ""},
	{AUTO, TRACE, true, true, true, MIXED, ""},
	{AUTO, TRACE, true, true, false, TRACED, ""},
	{AUTO, TRACE, true, false, true, FAILS, "required and cannot be had here: Yama"},
	{AUTO, HYBRID, true, true, true, MIXED, ""},
	{AUTO, HYBRID, true, false, true, FAILS, "hybrid cannot be had here: Yama"},
	{AUTO, HYBRID, true, true, false, FAILS, "/lib/shim.so"},
	{TRACE, HYBRID, true, true, true, FAILS, "-e asks for trace"},
	{PRELOAD, HYBRID, true, true, true, FAILS, "-e asks for preload"},
	{PRELOAD, AUTO, true, true, true, PRELOADED, ""},
	{PRELOAD, AUTO, true, false, true, PRELOADED, ""},
	{PRELOAD, AUTO, true, true, false, FAILS, "/lib/shim.so"},
	{PRELOAD, PRELOAD, true, true, true, PRELOADED, ""},
	{PRELOAD, TRACE, true, true, true, FAILS, "-e asks for preload"},
	{TRACE, AUTO, true, true, true, TRACED, ""},
	{TRACE, AUTO, true, false, true, FAILS, "cannot be had here: Yama"},
	{TRACE, PRELOAD, true, true, true, TRACED, ""},
	{HYBRID, AUTO, true, true, true, MIXED, ""},
	{HYBRID, TRACE, true, true, true, MIXED, ""},
	{HYBRID, HYBRID, true, true, true, MIXED, ""},
	{HYBRID, AUTO, true, false, true, FAILS, "cannot be had here: Yama"},
	{HYBRID, AUTO, true, true, false, FAILS, "/lib/shim.so"},
	{AUTO, AUTO, false, true, true, UNTOUCHED, ""},
	{TRACE, TRACE, false, false, false, UNTOUCHED, ""},
	{PRELOAD, AUTO, false, false, false, UNTOUCHED, ""},
	{HYBRID, AUTO, false, true, true, UNTOUCHED, ""},
};

static enum outcome outcome_of(const struct plan *plan)
{
	if (plan->way == PLAN_FAIL)
		return FAILS;
	if (plan->way == PLAN_UNTOUCHED)
		return UNTOUCHED;
	if (plan->engine == SNR_ENGINE_TRACE)
		return TRACED;
	if (plan->engine == SNR_ENGINE_HYBRID)
		return MIXED;
	return plan->degraded ? DEGRADED : PRELOADED;
}

static struct plan_input input_of(const struct row *row)
{
	return (struct plan_input){
		.engine = row->engine,
		.engine_from = "-e",
		.require = row->require,
		.require_from = "--require",
		.nrules = row->rules,
		.probe = row->can_trace ? 0 : -EPERM,
		.why = "Yama says no; set scope 0",
		.has_shim = row->has_shim,
		.shim = "/lib/shim.so",
	};
}

static void test_table(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct plan_input input = input_of(&rows[i]);
		struct plan plan;

		plan_decide(&input, &plan);
		if (outcome_of(&plan) != rows[i].outcome || !strstr(plan.text, rows[i].text))
			fail_msg("row %zu: outcome %d, \"%s\"", i, outcome_of(&plan), plan.text);
		if (rows[i].outcome == FAILS)
			assert_true(plan.subject[0] && strchr(plan.text, ';'));
		/* What is not probed must not decide. */
		if (!plan_needs_probe(&input)) {
			struct plan other;
			input.probe = input.probe ? 0 : -EPERM;
			plan_decide(&input, &other);
			assert_int_equal(outcome_of(&other), outcome_of(&plan));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
