/* SPDX-License-Identifier: MIT
 * Nanoseconds of one system call: calls OP PATH there|missing [PROCESSES]. Run by tests/bench/run
 * natively and in each other way, dynamic and static. It must do nothing but that call in its
 * windows, and must fail where the answer is not the one that the third word promises.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD_NS     20000000u /* what one process does between two looks at the clock */
#define CROWD_ROUNDS 12

struct call {
	const char *path;
	bool there;
	bool wrong;
	int fd;
};

static void judge(struct call *call, bool done)
{
	call->wrong |= done != call->there || (!done && errno != ENOENT);
}

static void do_stat(void *context)
{
	struct call *call = context;
	struct stat st;

	judge(call, stat(call->path, &st) == 0);
}

static void do_open(void *context)
{
	struct call *call = context;
	int fd = open(call->path, O_RDONLY);

	judge(call, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void do_access(void *context)
{
	struct call *call = context;

	judge(call, access(call->path, R_OK) == 0);
}

static void do_readlink(void *context)
{
	struct call *call = context;
	char text[PATH_MAX];

	judge(call, readlink(call->path, text, sizeof(text)) > 0);
}

static void do_getpid(void *context)
{
	struct call *call = context;

	judge(call, syscall(SYS_getpid) > 0);
}

/* The floor of every filter: one that lets all calls pass. */
static bool install_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
			&program);
}

static void do_filtered_getpid(void *context)
{
	do_getpid(context);
}

static void do_read(void *context)
{
	struct call *call = context;
	char byte;

	judge(call, read(call->fd, &byte, 1) == 1);
}

/* N processes make CALLS calls each: nanoseconds of the clock for each of them all. */
static double crowd_window(void (*body)(void *), struct call *call, int n, unsigned calls)
{
	uint64_t start = bench_now();
	int status;

	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			for (unsigned c = 0; c < calls; c++)
				body(call);
			_exit(call->wrong);
		}
	}
	while (wait(&status) > 0)
		call->wrong |= status != 0;
	return (double)(bench_now() - start) / ((double)calls * n);
}

static double measure_crowd(void (*body)(void *), struct call *call, int n)
{
	double one = bench_measure(body, call), window[CROWD_ROUNDS];

	for (int i = 0; i < CROWD_ROUNDS; i++)
		window[i] = crowd_window(body, call, n, (unsigned)(CROWD_NS / one) + 1);
	qsort(window, CROWD_ROUNDS, sizeof(window[0]), bench_compare);
	return window[CROWD_ROUNDS / 10];
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*body)(void *);
	} operations[] = {
		{"stat", do_stat},     {"open", do_open},
		{"access", do_access}, {"readlink", do_readlink},
		{"getpid", do_getpid}, {"filtered-getpid", do_filtered_getpid},
		{"read", do_read},
	};
	struct call call = {.path = argc > 2 ? argv[2] : "", .fd = -1};
	int n = argc > 4 ? atoi(argv[4]) : 0;
	double ns;

	for (size_t i = 0; argc > 3 && i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(argv[1], operations[i].name) != 0)
			continue;
		call.there = strcmp(argv[3], "there") == 0;
		if (operations[i].body == do_read)
			call.fd = open(call.path, O_RDONLY);
		if (operations[i].body == do_filtered_getpid)
			call.wrong = !install_filter();
		ns = n ? measure_crowd(operations[i].body, &call, n)
		       : bench_measure(operations[i].body, &call);
		printf("%.1f\n", ns);
		return call.wrong;
	}
	fprintf(stderr, "usage: calls stat|open|access|readlink|getpid|filtered-getpid|read PATH "
			"there|missing [PROCESSES]\n");
	return 2;
}
