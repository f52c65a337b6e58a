/* SPDX-License-Identifier: MIT
 * What /proc/PID/status is read by: fields wherever they are, values of any length. Run by make
 * check. It must never look at a process that is not its own.
 */
#include "tracer/proc.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUPS 20000 /* more than 100 KB of text, in front of the signals */

static void numbers_are_read(void **state)
{
	assert_int_equal(proc_number(getpid(), "Tgid"), getpid());
	assert_int_equal(proc_number(getpid(), "PPid"), getppid());
	assert_int_equal(proc_number(getpid(), "Threads"), 1);
}

static void what_is_not_there_is_said(void **state)
{
	char pid[16], none[4] = "old";
	const struct proc_field both[] = {{"Pid", pid, sizeof(pid)}, {"igCgt", none, sizeof(none)}};

	assert_int_equal(proc_number(getpid(), "Gid:"), -ENOENT);
	assert_int_equal(proc_number(0x7ffffff0, "Tgid"), -ENOENT);
	assert_int_equal(proc_status(getpid(), both, 2), -ENOENT);
	assert_int_equal(atoi(pid), getpid());
	assert_string_equal(none, "");
}

static void values_are_cut_off(void **state)
{
	char uid[4];
	const struct proc_field field = {"SigQ", uid, sizeof(uid)};

	assert_int_equal(proc_status(getpid(), &field, 1), 0);
	assert_true(strlen(uid) == 3);
}

/* A user of very many groups. */
static void what_lies_far_behind_is_found(void **state)
{
	char ignored[24], groups[32];
	const struct proc_field fields[] = {{"SigIgn", ignored, sizeof(ignored)},
					    {"Groups", groups, sizeof(groups)}};
	static gid_t all[GROUPS];
	int ready[2], done[2], status = 0;
	char byte = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip(); /* setgroups(2) */
	for (unsigned i = 0; i < GROUPS; i++)
		all[i] = 100000 + i;
	assert_int_equal(pipe(ready) | pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		if (setgroups(GROUPS, all) || write(ready[1], &byte, 1) != 1 ||
		    read(done[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(proc_status(pid, fields, 2), 0);
	assert_int_equal(write(done[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(strtoull(ignored, NULL, 16) & 1ull << (SIGUSR1 - 1));
	assert_memory_equal(groups, "100000 100001 100002", 20);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(done[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(values_are_cut_off),
		cmocka_unit_test(what_lies_far_behind_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
