/* SPDX-License-Identifier: MIT
 * Tests of tracer/probe.c: what is said where programs cannot be traced, for every cause. Run by
 * `make unit`. It must never look at the machine it runs on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tracer/probe.h"

/* Yama's scopes (Documentation/admin-guide/LSM/Yama.rst): 0 and 1 let a parent trace its child, so
 * a refusal comes from somebody else; 2 asks for CAP_SYS_PTRACE; 3 refuses all. */
static const struct row {
	struct probe_facts facts;
	const char *cause, *change;
} rows[] = {
	{{PROBE_PTRACE, -EPERM, '0', true}, "seccomp profile", "classic or devmode"},
	{{PROBE_PTRACE, -EPERM, '1', true}, "seccomp profile", "classic or devmode"},
	{{PROBE_PTRACE, -ENOSYS, 0, true}, "not implemented", "a profile that allows ptrace"},
	{{PROBE_PTRACE, -EPERM, '0', false}, "security module", "its log"},
	{{PROBE_PTRACE, -EACCES, '1', false}, "ermission denied", "its log"},
	{{PROBE_PTRACE, -EPERM, 0, false}, "security module", "its log"},
	{{PROBE_PTRACE, -EPERM, '2', false}, "ptrace_scope is 2", "sysctl kernel.yama"},
	{{PROBE_PTRACE, -EPERM, '2', true}, "without CAP_SYS_PTRACE", "sysctl kernel.yama"},
	{{PROBE_PTRACE, -EPERM, '3', false}, "ptrace_scope is 3", "start of the machine"},
	{{PROBE_SECCOMP, -EPERM, '2', true}, "seccomp profile", "allows seccomp(2)"},
	{{PROBE_SECCOMP, -ENOSYS, 0, false}, "not implemented", "CONFIG_SECCOMP_FILTER"},
	{{PROBE_SECCOMP, -EOPNOTSUPP, 0, false}, "not supported", "Linux 4.8"},
	{{PROBE_MEMORY, -EPERM, '1', true}, "PTRACE_PEEKDATA", "one of them"},
	{{PROBE_CHILD, -EAGAIN, '1', false}, "no child", "ulimit -u"},
	{{PROBE_CHILD, -ENOMEM, 0, false}, "no child", "memory"},
};

static void every_cause_is_named(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char why[512];

		probe_explain(&rows[i].facts, why, sizeof(why));
		if (!strstr(why, rows[i].cause) || !strstr(why, rows[i].change))
			fail_msg("row %zu: %s", i, why);
		assert_null(strchr(why, '\n'));
		assert_true(strlen(why) < sizeof(why) - 1);
	}
}

static void a_short_buffer_is_enough(void **state)
{
	char why[16];

	probe_explain(&rows[0].facts, why, sizeof(why));
	assert_int_equal(strlen(why), sizeof(why) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_is_named),
		cmocka_unit_test(a_short_buffer_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
