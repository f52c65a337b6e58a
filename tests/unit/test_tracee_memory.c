/* SPDX-License-Identifier: MIT
 * Memory and registers of a real tracee: a child of the test's own, stopped at a system call. Run
 * by make check. It must leave no process behind.
 */
#include "tracer/filter.h"
#include "tracer/memory.h"
#include "tracer/tracer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 4096u

/* Three pages, the same in parent and child; the last one is out of reach in the child. */
static char *pages;

struct fixture {
	struct tracer tracer;
	struct tracee *tracee;
	pid_t pid;
};

/* A stop at getppid, with a code of our own in its data. */
static void child(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | FILTER_TAG | 3),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	mprotect(pages + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(pages, PAGE, PROT_READ);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	raise(SIGSTOP);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	_exit(syscall(SYS_getppid, 11L, 12L, 13L, 14L, 15L, 16L) == 4711 ? 42 : 1);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int status;

	assert_non_null(fixture);
	*state = fixture;
	fixture->tracer.memory_fd = -1;
	assert_int_equal(tracee_table_init(&fixture->tracer), 0);
	fixture->pid = fork();
	if (fixture->pid == 0)
		child();
	assert_int_equal(waitpid(fixture->pid, &status, WUNTRACED), fixture->pid);
	assert_int_equal(arch_ptrace(PTRACE_SEIZE, fixture->pid, 0,
				     PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
					     PTRACE_O_TRACESYSGOOD),
			 0);
	kill(fixture->pid, SIGCONT);
	while (waitpid(fixture->pid, &status, __WALL) == fixture->pid && WIFSTOPPED(status) &&
	       status >> 16 != PTRACE_EVENT_SECCOMP)
		arch_ptrace(PTRACE_CONT, fixture->pid, 0, 0);
	assert_int_equal(status >> 16, PTRACE_EVENT_SECCOMP);
	fixture->tracee = tracee_new(&fixture->tracer, fixture->pid, fixture->pid);
	fixture->tracer.current = fixture->tracee;
	fixture->tracer.signature = 0x1234567;
	tracee_host_init(&fixture->tracer);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	kill(fixture->pid, SIGKILL);
	while (waitpid(fixture->pid, NULL, __WALL) == fixture->pid)
		;
	tracee_table_free(&fixture->tracer);
	free(fixture);
	return 0;
}

static long read_string(struct fixture *fixture, const char *at, char *out, size_t size)
{
	return tracee_read_string(&fixture->tracer, fixture->tracee, (uintptr_t)at, out, size);
}

static void check_strings(struct fixture *fixture)
{
	char out[SNR_PATH_MAX];

	assert_int_equal(read_string(fixture, pages, out, sizeof(out)), 5);
	assert_string_equal(out, "/path");
	/* Across the border of two pages, and at the end of the last readable one. */
	assert_int_equal(read_string(fixture, pages + PAGE - 4, out, sizeof(out)), 8);
	assert_string_equal(out, "/crosses");
	assert_int_equal(read_string(fixture, pages + 2 * PAGE - 5, out, sizeof(out)), 4);
	assert_string_equal(out, "/end");
	assert_int_equal(read_string(fixture, pages + 100, out, sizeof(out)), 3000);
	/* The buffer ends before the string does. */
	assert_int_equal(read_string(fixture, pages + 100, out, 3000), -ENAMETOOLONG);
	assert_int_equal(read_string(fixture, pages + 100, out, 3001), 3000);
	assert_int_equal(read_string(fixture, NULL, out, sizeof(out)), -EFAULT);
	assert_int_equal(read_string(fixture, (const char *)~0ul, out, sizeof(out)), -EFAULT);
}

static void strings_are_read_to_their_end(void **state)
{
	struct fixture *fixture = *state;
	char out[SNR_PATH_MAX];

	check_strings(fixture);
	assert_false(fixture->tracer.memory_by_ptrace);
	/* Nothing that the program itself may not read. */
	assert_int_equal(read_string(fixture, pages + 2 * PAGE, out, sizeof(out)), -EFAULT);
	assert_int_equal(read_string(fixture, pages + 2 * PAGE - 3, out, sizeof(out)), 2);
}

static void strings_are_read_without_process_vm_readv(void **state)
{
	struct fixture *fixture = *state;

	fixture->tracer.memory_by_ptrace = true;
	check_strings(fixture);
}

static void check_writing(struct fixture *fixture)
{
	const struct tracee_piece pieces[] = {{"abc", 3}, {"defgh", 5}, {"", 1}};
	char out[16];
	uint64_t at = (uintptr_t)pages + PAGE + 101;

	assert_int_equal(tracee_write(&fixture->tracer, fixture->tracee, at, pieces, 3), 0);
	assert_int_equal(tracee_read(&fixture->tracer, fixture->tracee, at - 1, out, 10), 0);
	assert_memory_equal(out, "\0abcdefgh", 10);
	assert_int_equal(tracee_write(&fixture->tracer, fixture->tracee, 8, pieces, 3), -EFAULT);
	assert_int_equal(tracee_read(&fixture->tracer, fixture->tracee, 8, out, 10), -EFAULT);
}

static void pieces_are_written_side_by_side(void **state)
{
	struct fixture *fixture = *state;
	const struct tracee_piece piece = {"x", 1};

	check_writing(fixture);
	/* What is read-only for the program stays so. */
	assert_int_equal(tracee_write(&fixture->tracer, fixture->tracee, (uintptr_t)pages, &piece,
				      1),
			 -EFAULT);
	fixture->tracer.memory_by_ptrace = true;
	check_writing(fixture);
}

static void both_ways_of_reading_a_call_agree(void **state)
{
	struct fixture *fixture = *state;
	struct arch_call call = {0}, older = {0};

	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	assert_int_equal(arch_read_call_by_registers(fixture->pid, &older), 0);
	assert_int_equal(call.nr, SYS_getppid);
	assert_int_equal(call.data, FILTER_TAG | 3);
	for (int i = 0; i < ARCH_NARGS; i++)
		assert_int_equal(call.arg[i], 11 + i);
	assert_memory_equal(&call.arg, &older.arg, sizeof(call.arg));
	assert_int_equal(call.nr, older.nr);
	assert_int_equal(call.data, older.data);
	assert_ptr_equal(call.abi, older.abi);
}

static void arguments_are_set_one_by_one(void **state)
{
	struct fixture *fixture = *state;
	struct arch_call call;

	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	for (int i = 0; i < ARCH_NARGS; i++) {
		uint64_t value;

		assert_int_equal(arch_set_arg(fixture->pid, call.abi, i, 1000u + (unsigned)i), 0);
		assert_int_equal(arch_get_arg(fixture->pid, call.abi, i, &value), 0);
		assert_int_equal(value, 1000 + i);
	}
	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	for (int i = 0; i < ARCH_NARGS; i++)
		assert_int_equal(call.arg[i], 1000 + i);
}

static void a_call_is_answered_in_one_stop(void **state)
{
	struct fixture *fixture = *state;
	int status;

	assert_int_equal(arch_finish_call(fixture->pid, 4711), 0);
	arch_ptrace(PTRACE_CONT, fixture->pid, 0, 0);
	assert_int_equal(waitpid(fixture->pid, &status, __WALL), fixture->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* The next stop, which must be one at a call's exit or another at a seccomp filter's. */
static void go_to(struct fixture *fixture, int wanted)
{
	int status;

	assert_int_equal(waitpid(fixture->pid, &status, __WALL), fixture->pid);
	assert_int_equal(status >> 8, wanted);
}

static void memory_is_mapped_and_the_call_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct tracee *tracee = fixture->tracee;
	struct arch_call call;
	uint64_t address, other;

	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	tracee->abi = call.abi;
	assert_int_equal(scratch_take(&fixture->tracer, tracee, 100), 0);
	assert_int_equal(scratch_map(tracee, 100), 0);
	go_to(fixture, SIGTRAP | 0x80);
	assert_int_equal(scratch_mapped(tracee), 0);
	tracee->due = TRACEE_NOTHING;
	tracee_resume(tracee, 0);
	go_to(fixture, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	assert_int_equal(call.nr, SYS_getppid);
	assert_int_equal(call.arg[5], 16);

	address = scratch_take(&fixture->tracer, tracee, 100);
	assert_int_not_equal(address, 0);
	scratch_release(tracee);
	assert_int_equal(scratch_take(&fixture->tracer, tracee, 100), address);
	tracee->slot.chunk = NULL; /* as if another thread held it */
	other = scratch_take(&fixture->tracer, tracee, 100);
	assert_true(other != 0 && other != address);
	assert_int_equal(scratch_take(&fixture->tracer, tracee, 1u << 20), 0);
}

/* The program has put something of its own where our memory was. */
static void a_slot_that_is_not_ours_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct tracee *tracee = fixture->tracee;
	const struct tracee_piece piece = {"program", 8};
	struct arch_call call;
	uint64_t address;

	assert_int_equal(arch_read_call(fixture->pid, &call), 0);
	tracee->abi = call.abi;
	assert_int_equal(scratch_map(tracee, 100), 0);
	go_to(fixture, SIGTRAP | 0x80);
	assert_int_equal(scratch_mapped(tracee), 0);
	address = scratch_take(&fixture->tracer, tracee, 100);
	scratch_release(tracee);
	assert_int_equal(tracee_write(&fixture->tracer, tracee, address - 16, &piece, 1), 0);
	assert_int_equal(scratch_take(&fixture->tracer, tracee, 100), 0);
}

static void the_host_sees_what_the_tracee_sees(void **state)
{
	struct fixture *fixture = *state;
	const struct snr_host *host = &fixture->tracer.redirector.host;
	char text[SNR_PATH_MAX], number[16], own[SNR_PATH_MAX];
	long n = host->read_link(host->context, "/proc/self", text, sizeof(text));

	snprintf(number, sizeof(number), "%d", fixture->pid);
	assert_int_equal(n, strlen(number));
	assert_memory_equal(text, number, (size_t)n);
	snprintf(own, sizeof(own), "/proc/%d/fd/7", fixture->pid);
	assert_int_equal(tracee_view(&fixture->tracer, "/proc/self/fd/7", text, sizeof(text)), 0);
	assert_string_equal(text, own);
	snprintf(own, sizeof(own), "/proc/%d/task/%d/cwd", fixture->pid, fixture->pid);
	assert_int_equal(tracee_view(&fixture->tracer, "/proc/thread-self/cwd", text, sizeof(text)),
			 0);
	assert_string_equal(text, own);
	assert_int_equal(tracee_view(&fixture->tracer, "/proc/selfish", text, sizeof(text)), 0);
	assert_string_equal(text, "/proc/selfish");
	assert_int_equal(tracee_view(&fixture->tracer, "/long", text, 5), -ENAMETOOLONG);
	assert_int_equal(host->directory(host->context, 1000, text, sizeof(text)), -EBADF);
	assert_non_null(getcwd(own, sizeof(own)));
	assert_int_equal(host->directory(host->context, -100, text, sizeof(text)), strlen(own));
	assert_string_equal(text, own);
	assert_int_equal(host->directory(host->context, -100, text, strlen(own)), -ENAMETOOLONG);
	assert_int_equal(host->search(host->context, "/"), 0);
	assert_int_equal(host->search(host->context, "/proc/self/status"), -ENOTDIR);
	assert_int_equal(host->search(host->context, "/proc/self/nothing"), -ENOENT);
}

static void the_probe_leaves_nothing_behind(void **state)
{
	char why[512] = "x";

	assert_int_equal(tracer_probe(why, sizeof(why)), 0);
	assert_string_equal(why, "");
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int can_trace(void)
{
	char why[512];
	int r = tracer_probe(why, sizeof(why));

	if (r)
		printf("1..0 # SKIP %s\n", why);
	return r == 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(strings_are_read_to_their_end),
		TEST(strings_are_read_without_process_vm_readv),
		TEST(pieces_are_written_side_by_side),
		TEST(both_ways_of_reading_a_call_agree),
		TEST(arguments_are_set_one_by_one),
		TEST(a_call_is_answered_in_one_stop),
		TEST(memory_is_mapped_and_the_call_made_again),
		TEST(a_slot_that_is_not_ours_is_left_alone),
		TEST(the_host_sees_what_the_tracee_sees),
		cmocka_unit_test(the_probe_leaves_nothing_behind),
	};

	if (!can_trace())
		return 0;
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return 1;
	strcpy(pages, "/path");
	memset(pages + 100, 'n', 3000);
	memcpy(pages + PAGE - 4, "/crosses", 9);
	strcpy(pages + 2 * PAGE - 5, "/end");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
