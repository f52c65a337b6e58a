/* SPDX-License-Identifier: MIT
 * The filter, simulated over every call number of each architecture: against the table, and against
 * what libseccomp makes of the same wishes. Run by make check. It must never install a filter.
 */
#include "tracer/arch/arch.h"
#include "tracer/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/bpf.h"

#define LAST_NUMBER 1200u /* well above the newest call */
#define X32_BIT     0x40000000u

/* Rules that need every call. */
static struct snr_image rules = {.nchildren = 1};

static uint32_t answer(const struct program *program, uint32_t arch, uint32_t nr, uint64_t arg0)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {arg0}};

	return simulate(program, &data).action;
}

static void build(struct program *program)
{
	program->size = filter_build(&rules, SECCOMP_RET_TRACE, program->code);
	assert_in_range(program->size, 1, FILTER_MAX);
}

/* The stop of CODE in an ABI. */
static uint32_t stop_of(unsigned abi, unsigned code)
{
	return SECCOMP_RET_TRACE | filter_data(abi, (unsigned)filter_number(&arch_abis[abi], code));
}

/* Number of NAME by libseccomp. */
static int number(uint32_t audit, const char *name)
{
	return seccomp_syscall_resolve_name_arch(audit, name);
}

static const struct arch_abi *abi_of(uint32_t audit)
{
	return audit == arch_abis[0].audit ? &arch_abis[0] : &arch_abis[1];
}

static int op_of(uint32_t audit, uint32_t nr)
{
	for (unsigned op = 0; op < SNR_NOPS; op++)
		if (filter_wants(&rules, (enum snr_op)op) &&
		    filter_number(abi_of(audit), op) == (int)nr)
			return (int)op;
	return -1;
}

/* What must come out for the call NR with a first argument of 0. */
static uint32_t expected(const struct arch_abi *abi, uint32_t nr)
{
	int op = op_of(abi->audit, nr);

	if (op >= 0 && filter_pointer((enum snr_op)op) >= 0)
		return SECCOMP_RET_ALLOW; /* all arguments are 0 */
	if (op >= 0)
		return stop_of(abi->index, (unsigned)op);
	if ((int)nr == number(abi->audit, "io_uring_setup"))
		return SECCOMP_RET_ERRNO | ENOSYS;
	if ((int)nr == number(abi->audit, "clone3"))
		return stop_of(abi->index, FILTER_CLONE3);
	if ((int)nr == number(abi->audit, "seccomp"))
		return stop_of(abi->index, FILTER_SECCOMP);
	if ((int)nr == number(abi->audit, "ptrace")) /* PTRACE_TRACEME */
		return stop_of(abi->index, FILTER_PTRACE);
	if ((int)nr == number(abi->audit, "setns"))
		return stop_of(abi->index, FILTER_SETNS);
	return SECCOMP_RET_ALLOW;
}

static void every_number_gets_what_the_table_says(void **state)
{
	static struct program program;

	build(&program);
	for (unsigned i = 0; i < arch_nabis; i++)
		for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++)
			assert_int_equal(answer(&program, arch_abis[i].audit, nr, 0),
					 expected(&arch_abis[i], nr));
}

static void io_uring_is_let_through_if_that_is_wished(void **state)
{
	static struct program program;

	rules.flags = SNR_IMAGE_IO_URING;
	build(&program);
	rules.flags = 0;
	for (unsigned i = 0; i < arch_nabis; i++)
		assert_int_equal(answer(&program, arch_abis[i].audit,
					(uint32_t)number(arch_abis[i].audit, "io_uring_setup"), 0),
				 SECCOMP_RET_ALLOW);
}

static void numbers_are_the_kernels(void **state)
{
	static struct program program;

	build(&program);
#ifdef __x86_64__
	assert_int_equal(filter_number(&arch_abis[0], SNR_openat), SYS_openat);
	assert_int_equal(filter_number(&arch_abis[0], SNR_newfstatat), SYS_newfstatat);
	assert_int_equal(filter_number(&arch_abis[0], SNR_umount), -1);
	assert_int_equal(filter_number(&arch_abis[0], SNR_fchmodat2), 452);
	assert_int_equal(filter_number(&arch_abis[1], SNR_open), 5);
	assert_int_equal(filter_number(&arch_abis[1], SNR_newfstatat), -1);
	assert_int_equal(filter_number(&arch_abis[1], SNR_bind), 361);
	assert_int_equal(filter_number(&arch_abis[1], SNR_file_setattr), 469);
	/* 5 is open for i386 and fstat for x86-64. */
	assert_int_equal(answer(&program, AUDIT_ARCH_X86_64, 5, 0), SECCOMP_RET_ALLOW);
#endif
}

/* Wherever libseccomp has a number of its own, the headers say the same. */
static void libseccomp_knows_the_same_numbers(void **state)
{
	unsigned known = 0;

	for (unsigned i = 0; i < arch_nabis; i++) {
		for (unsigned op = 0; op < SNR_NOPS; op++) {
			int nr = number(arch_abis[i].audit, snr_pathops[op].name);

			if (nr >= 0)
				assert_int_equal(filter_number(&arch_abis[i], op), nr);
			known += nr >= 0;
		}
	}
	assert_true(known > SNR_NOPS);
}

/* A row that has no number anywhere is a misspelt name. */
static void every_row_exists_somewhere(void **state)
{
	for (unsigned op = 0; op < SNR_NOPS; op++)
		if (filter_number(&arch_abis[0], op) < 0 &&
		    filter_number(&arch_abis[arch_nabis - 1], op) < 0)
			fail_msg("no architecture has %s", snr_pathops[op].name);
}

static void x32_is_not_there(void **state)
{
	static struct program program;
	const uint32_t nosys = SECCOMP_RET_ERRNO | ENOSYS;

	build(&program);
	for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++)
		assert_int_equal(answer(&program, AUDIT_ARCH_X86_64, X32_BIT | nr, 0), nosys);
	assert_int_equal(answer(&program, AUDIT_ARCH_X86_64, 0x7fffffff, 0), nosys);
	assert_int_equal(answer(&program, AUDIT_ARCH_X86_64, 0x80000000, 0), nosys);
	assert_int_equal(answer(&program, AUDIT_ARCH_X86_64, 0xffffffff, 0), nosys);
	/* i386 numbers have no such bit: the kernel says ENOSYS itself. */
	assert_int_equal(answer(&program, AUDIT_ARCH_I386, X32_BIT | 5, 0), SECCOMP_RET_ALLOW);
}

static void other_architectures_do_not_run(void **state)
{
	static const uint32_t others[] = {AUDIT_ARCH_ARM, AUDIT_ARCH_S390X, AUDIT_ARCH_RISCV64, 0};
	static struct program program;

	build(&program);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++)
			assert_int_equal(answer(&program, others[i], nr, 0),
					 SECCOMP_RET_KILL_PROCESS);
}

static void flags_and_options_decide(void **state)
{
	static struct program program;

	build(&program);
	for (unsigned i = 0; i < arch_nabis; i++) {
		const struct arch_abi *abi = &arch_abis[i];
		uint32_t clone = (uint32_t)number(abi->audit, "clone");
		uint32_t unshare = (uint32_t)number(abi->audit, "unshare");
		uint32_t prctl = (uint32_t)number(abi->audit, "prctl");
		uint32_t ptrace = (uint32_t)number(abi->audit, "ptrace");

		assert_int_equal(answer(&program, abi->audit, clone, CLONE_VM | CLONE_THREAD),
				 SECCOMP_RET_ALLOW);
		assert_int_equal(answer(&program, abi->audit, clone, CLONE_VM | CLONE_UNTRACED),
				 stop_of(i, FILTER_CLONE));
		assert_int_equal(answer(&program, abi->audit, unshare, CLONE_NEWUTS),
				 SECCOMP_RET_ALLOW);
		assert_int_equal(answer(&program, abi->audit, unshare, CLONE_FS),
				 stop_of(i, FILTER_UNSHARE));
		assert_int_equal(answer(&program, abi->audit, unshare, CLONE_NEWNS | CLONE_FS),
				 stop_of(i, FILTER_UNSHARE));
		for (unsigned option = 0; option < 100; option++)
			assert_int_equal(answer(&program, abi->audit, prctl, option),
					 option == PR_SET_DUMPABLE || option == PR_GET_DUMPABLE ||
							 option == PR_SET_SECCOMP
						 ? stop_of(i, FILTER_PRCTL)
						 : SECCOMP_RET_ALLOW);
		for (unsigned request = 0; request < 0x4220; request++)
			assert_int_equal(answer(&program, abi->audit, ptrace, request),
					 request == PTRACE_TRACEME || request == PTRACE_ATTACH ||
							 request == PTRACE_SEIZE
						 ? stop_of(i, FILTER_PTRACE)
						 : SECCOMP_RET_ALLOW);
	}
}

/* The requests of chattr(1), and no other one; of 32-bit programs on 64 bit, too. */
static void requests_decide_where_something_is_read_only(void **state)
{
	static struct program program;
	static const uint32_t requests[] = {SNR_CHANGING_REQUESTS};

	rules.kinds = SNR_KIND_BIT(SNR_READONLY);
	build(&program);
	rules.kinds = 0;
	for (unsigned i = 0; i < arch_nabis; i++) {
		struct seccomp_data data = {.nr = number(arch_abis[i].audit, "ioctl"),
					    .arch = arch_abis[i].audit,
					    .args = {FS_IOC_SETFLAGS, FS_IOC_GETFLAGS}};

		assert_int_equal(simulate(&program, &data).action, SECCOMP_RET_ALLOW);
		for (size_t j = 0; j < sizeof(requests) / sizeof(*requests); j++) {
			data.args[1] = requests[j];
			assert_int_equal(simulate(&program, &data).action, stop_of(i, SNR_ioctl));
		}
	}
}

/* send(2) is sendto(2) without an address: it must not stop. */
static void pointers_decide(void **state)
{
	static struct program program;
	static const uint64_t pointers[] = {1, 0x1000, 0x100000000, 0x7fff00000000, ~0ull};

	build(&program);
	for (unsigned i = 0; i < arch_nabis; i++) {
		for (unsigned op = 0; op < SNR_NOPS; op++) {
			struct seccomp_data data = {.arch = arch_abis[i].audit};
			int arg = filter_pointer((enum snr_op)op);

			data.nr = filter_number(&arch_abis[i], op);
			if (arg < 0 || data.nr < 0)
				continue;
			for (int j = 0; j < SNR_NARGS; j++)
				data.args[j] = j == arg ? 0 : ~0ull;
			assert_int_equal(simulate(&program, &data).action, SECCOMP_RET_ALLOW);
			for (size_t j = 0; j < sizeof(pointers) / sizeof(*pointers); j++) {
				data.args[arg] = pointers[j];
				assert_int_equal(simulate(&program, &data).action, stop_of(i, op));
			}
		}
	}
}

static bool is_constant(uint32_t audit, uint32_t nr)
{
	int op = op_of(audit, nr);

	return (int)nr != number(audit, "clone") && (int)nr != number(audit, "unshare") &&
	       (int)nr != number(audit, "prctl") && (int)nr != number(audit, "ptrace") &&
	       (op < 0 || filter_pointer((enum snr_op)op) < 0);
}

/* kernel/seccomp.c, seccomp_is_const_allow: such calls go into a bitmap and cost next to nothing.
 */
static void allowed_calls_are_constant(void **state)
{
	static struct program program;
	int most = 0;

	build(&program);
	for (unsigned i = 0; i < arch_nabis; i++) {
		for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++) {
			struct seccomp_data data = {.nr = (int)nr, .arch = arch_abis[i].audit};
			struct outcome outcome = simulate(&program, &data);

			if (is_constant(data.arch, nr))
				assert_false(outcome.looked_further);
			if (outcome.steps > most)
				most = outcome.steps;
		}
	}
	assert_in_range(most, 1, 20);
	assert_in_range(program.size, 1, 400); /* the kernel compiles it at every start */
}

/* libseccomp speaks of calls by the number, or pseudo number, that the native table has for the
 * name. Names it does not know it cannot say. */
static void add_rule(scmp_filter_ctx ctx, const char *name, uint32_t action)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr != __NR_SCMP_ERROR)
		assert_int_equal(seccomp_rule_add(ctx, action, nr, 0), 0);
}

static void add_pointer_rule(scmp_filter_ctx ctx, const char *name, unsigned arg, uint32_t action)
{
	int nr = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp not_null = {.arg = arg, .op = SCMP_CMP_NE, .datum_a = 0, .datum_b = 0};

	if (nr != __NR_SCMP_ERROR)
		assert_int_equal(seccomp_rule_add_array(ctx, action, nr, 1, &not_null), 0);
}

static void add_rules(scmp_filter_ctx ctx, unsigned abi)
{
	for (unsigned op = 0; op < SNR_NOPS; op++) {
		uint32_t action = stop_of(abi, op);
		int pointer = filter_pointer((enum snr_op)op);

		if (!filter_wants(&rules, (enum snr_op)op))
			continue;
		if (pointer >= 0)
			add_pointer_rule(ctx, snr_pathops[op].name, (unsigned)pointer, action);
		else
			add_rule(ctx, snr_pathops[op].name, action);
	}
	add_rule(ctx, "io_uring_setup", SCMP_ACT_ERRNO(ENOSYS));
	add_rule(ctx, "clone3", stop_of(abi, FILTER_CLONE3));
	add_rule(ctx, "seccomp", stop_of(abi, FILTER_SECCOMP));
	add_rule(ctx, "setns", stop_of(abi, FILTER_SETNS));
	assert_int_equal(seccomp_rule_add(ctx, stop_of(abi, FILTER_CLONE),
					  seccomp_syscall_resolve_name("clone"), 1,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_UNTRACED,
						  CLONE_UNTRACED)),
			 0);
	assert_int_equal(seccomp_rule_add(ctx, stop_of(abi, FILTER_PTRACE),
					  seccomp_syscall_resolve_name("ptrace"), 1,
					  SCMP_A0(SCMP_CMP_EQ, PTRACE_TRACEME, 0)),
			 0);
}

/* libseccomp's program for one architecture: it cannot say two different things of one name on
 * two. */
static void build_with_libseccomp(const struct arch_abi *abi, struct program *program)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n;

	assert_non_null(ctx);
	assert_true(fd >= 0);
	if (seccomp_arch_native() != abi->audit) {
		assert_int_equal(seccomp_arch_add(ctx, abi->audit), 0);
		assert_int_equal(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
	}
	add_rules(ctx, abi->index);
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	n = pread(fd, program->code, sizeof(program->code), 0);
	assert_true(n > 0);
	program->size = (int)((size_t)n / sizeof(*program->code));
	close(fd);
	seccomp_release(ctx);
}

/* Has libseccomp no name for NR, or does it mix it up with socketcall, which on i386 carries the
 * socket calls too? */
static bool is_beyond_libseccomp(uint32_t audit, uint32_t nr)
{
	char *name = seccomp_syscall_resolve_num_arch(audit, (int)nr);
	int op = op_of(audit, nr);
	bool beyond = !name || (audit == AUDIT_ARCH_I386 &&
				(!strcmp(name, "socketcall") ||
				 (op >= 0 && snr_pathops[op].role[1] >= SNR_ROLE_SOCKADDR) ||
				 (op >= 0 && filter_pointer((enum snr_op)op) >= 0)));

	free(name);
	return beyond;
}

static void libseccomp_says_the_same(void **state)
{
	static struct program ours, theirs;

	build(&ours);
	for (unsigned i = 0; i < arch_nabis; i++) {
		uint32_t audit = arch_abis[i].audit;

		build_with_libseccomp(&arch_abis[i], &theirs);
		for (uint32_t nr = 0; nr <= LAST_NUMBER; nr++) {
			if (is_beyond_libseccomp(audit, nr))
				continue;
			assert_int_equal(answer(&ours, audit, nr, 0),
					 answer(&theirs, audit, nr, 0));
			assert_int_equal(answer(&ours, audit, nr, CLONE_UNTRACED),
					 answer(&theirs, audit, nr, CLONE_UNTRACED));
		}
	}
}

/* Listings change only where a rule's path shows up in one. */
static void rules_decide(void **state)
{
	static struct program program;

	build(&program);
	assert_int_equal(answer(&program, arch_abis[0].audit, SYS_getdents64, 0),
			 stop_of(0, SNR_getdents64));
	rules.nchildren = 0;
	build(&program);
	rules.nchildren = 1;
	assert_int_equal(answer(&program, arch_abis[0].audit, SYS_getdents64, 0),
			 SECCOMP_RET_ALLOW);
}

static void data_goes_there_and_back(void **state)
{
	for (unsigned abi = 0; abi < arch_nabis; abi++) {
		for (unsigned code = 0; code < FILTER_NCODES; code++) {
			int nr = filter_number(&arch_abis[abi], code);
			uint16_t data = filter_data(abi, (unsigned)nr);

			if (nr < 0)
				continue;
			assert_in_range(nr, 0, FILTER_STRICT - 1);
			assert_int_equal(filter_abi_of(data), abi);
			assert_int_equal(filter_code_of(data), code);
		}
		assert_int_equal(filter_code_of(filter_data(abi, FILTER_STRICT)), FILTER_STRICT);
	}
	assert_int_equal(filter_code_of(0), -1);
	assert_int_equal(filter_code_of(0x7fff), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_gets_what_the_table_says),
		cmocka_unit_test(io_uring_is_let_through_if_that_is_wished),
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(libseccomp_knows_the_same_numbers),
		cmocka_unit_test(every_row_exists_somewhere),
		cmocka_unit_test(x32_is_not_there),
		cmocka_unit_test(other_architectures_do_not_run),
		cmocka_unit_test(flags_and_options_decide),
		cmocka_unit_test(requests_decide_where_something_is_read_only),
		cmocka_unit_test(pointers_decide),
		cmocka_unit_test(allowed_calls_are_constant),
		cmocka_unit_test(libseccomp_says_the_same),
		cmocka_unit_test(rules_decide),
		cmocka_unit_test(data_goes_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
