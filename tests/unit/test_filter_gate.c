/* SPDX-License-Identifier: MIT
 * The filter of engine hybrid, simulated over every call number of each architecture, from the gate
 * and from other places. Run by make check. It must never install a filter.
 */
#include "shared/gate.h"
#include "tracer/arch/arch.h"
#include "tracer/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "tests/unit/bpf.h"

#ifdef SNR_GATE_ADDRESS

#define LAST_NUMBER 1200u /* well above the newest call */
#define X32_BIT     0x40000000u

/* Rules that need every call. */
static struct snr_image rules = {.nchildren = 1};

static void build(struct program *program, enum snr_engine engine)
{
	rules.engine = engine;
	program->size = filter_build(&rules, SECCOMP_RET_TRACE, program->code);
	assert_in_range(program->size, 1, FILTER_MAX);
}

static int op_of(uint32_t audit, uint32_t nr)
{
	const struct arch_abi *abi = &arch_abis[audit == arch_abis[0].audit ? 0 : 1];

	for (unsigned op = 0; op < SNR_NOPS; op++)
		if (filter_wants(&rules, (enum snr_op)op) && filter_number(abi, op) == (int)nr)
			return (int)op;
	return -1;
}

static uint32_t answer_at(const struct program *program, uint32_t arch, uint32_t nr, uint64_t ip,
			  uint64_t arg)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch, .instruction_pointer = ip};

	for (int i = 0; i < SNR_NARGS; i++)
		data.args[i] = arg;
	return simulate(program, &data).action;
}

static bool is_path_call(uint32_t audit, uint32_t nr)
{
	int op = op_of(audit, nr);

	return op >= 0 && snr_pathop_passes_gate(&snr_pathops[op]);
}

/* fchdir(2) names no file: the tracer sees it for the sake of the shim alone. */
static bool is_for_shim(uint32_t audit, uint32_t nr)
{
	return (int)nr ==
	       filter_number(&arch_abis[audit == arch_abis[0].audit ? 0 : 1], SNR_fchdir);
}

/* What comes from elsewhere is stopped as under engine trace, the gate of another ABI is none, and
 * at the gate exactly the calls pass that a shim may plan. */
static void the_gate_is_one_place_of_one_abi(void **state)
{
	static struct program hybrid, trace;
	static const uint64_t others[] = {
		0,
		SNR_GATE_IP - 2,
		SNR_GATE_IP - 1,
		SNR_GATE_IP + 1,
		SNR_GATE_IP + SNR_GATE_PAGE,
		SNR_GATE_IP | 1ull << 32,
		SNR_GATE_IP | 1ull << 47,
		SNR_GATE_IP << 32,
		~0ull,
	};

	build(&trace, SNR_ENGINE_TRACE);
	build(&hybrid, SNR_ENGINE_HYBRID);
	for (unsigned i = 0; i < arch_nabis; i++) {
		uint32_t audit = arch_abis[i].audit;

		for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++) {
			for (uint64_t arg = 0; arg < 2; arg++) {
				uint32_t stopped = answer_at(&hybrid, audit, nr, 0, arg);
				bool passes = audit == AUDIT_ARCH_X86_64 && is_path_call(audit, nr);

				for (size_t j = 0; j < sizeof(others) / sizeof(*others); j++)
					assert_int_equal(answer_at(&hybrid, audit, nr, others[j],
								   arg),
							 stopped);
				assert_int_equal(answer_at(&hybrid, audit, nr, SNR_GATE_IP, arg),
						 passes ? SECCOMP_RET_ALLOW : stopped);
				if (!is_for_shim(audit, nr)) {
					assert_int_equal(answer_at(&trace, audit, nr, 0, arg),
							 stopped);
					assert_int_equal(answer_at(&trace, audit, nr, SNR_GATE_IP,
								   arg),
							 stopped);
				}
			}
		}
	}
	assert_int_equal(answer_at(&hybrid, AUDIT_ARCH_X86_64, X32_BIT | SYS_open, SNR_GATE_IP, 0),
			 SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(answer_at(&hybrid, AUDIT_ARCH_ARM, 5, SNR_GATE_IP, 0),
			 SECCOMP_RET_KILL_PROCESS);
}

static uint32_t action_of(const struct program *program, int nr)
{
	return answer_at(program, AUDIT_ARCH_X86_64, (uint32_t)nr, SNR_GATE_IP, 1) &
	       SECCOMP_RET_ACTION_FULL;
}

/* By name, so that a change of the table that opens the gate too far is seen. */
static void the_tracer_keeps_account_of_some_calls(void **state)
{
	static const int passing[] = {SYS_open,     SYS_openat,     SYS_newfstatat, SYS_statx,
				      SYS_readlink, SYS_readlinkat, SYS_getcwd,     SYS_rename,
				      SYS_unlink,   SYS_faccessat,  SYS_chdir,      SYS_mkdir,
				      SYS_getdents, SYS_getdents64, SYS_fchdir};
	static const int kept[] = {SYS_execve,      SYS_execveat, SYS_chroot, SYS_pivot_root,
				   SYS_bind,        SYS_connect,  SYS_setns,  SYS_seccomp,
				   SYS_getsockname, SYS_clone3,   SYS_sendto};
	static struct program program;

	build(&program, SNR_ENGINE_HYBRID);
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		assert_int_equal(action_of(&program, passing[i]), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_int_equal(action_of(&program, kept[i]), SECCOMP_RET_TRACE);
}

static void the_gate_costs_other_calls_nothing(void **state)
{
	static struct program program, trace;

	build(&trace, SNR_ENGINE_TRACE);
	build(&program, SNR_ENGINE_HYBRID);
	for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++) {
		struct seccomp_data data = {.nr = (int)nr, .arch = AUDIT_ARCH_X86_64};

		struct outcome hybrid = simulate(&program, &data);

		if (!is_path_call(data.arch, nr))
			assert_int_equal(hybrid.looked_further,
					 simulate(&trace, &data).looked_further);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_is_one_place_of_one_abi),
		cmocka_unit_test(the_tracer_keeps_account_of_some_calls),
		cmocka_unit_test(the_gate_costs_other_calls_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	print_message("1..0 # SKIP this architecture has no gate\n");
	return 0;
}

#endif
