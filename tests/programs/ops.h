/* SPDX-License-Identifier: MIT
 * Common to the ops-*.c programs: every call is made through libc, through syscall(2) or by the
 * instruction itself, and says what came of it. Only those programs include it. It must print
 * nothing that differs from run to run.
 */
#ifndef TESTS_OPS_H
#define TESTS_OPS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

enum { OPS_LIBC, OPS_SYSCALL, OPS_DIRECT };
static int ops_way;          /* how a call is made */
static const char *ops_base; /* the directory under test */

/* Room for any struct that a call fills in, of any word size. */
union ops_room {
	char bytes[4096];
	long long aligned;
};

static inline long ops_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long result;

	if (ops_way != OPS_DIRECT)
		return syscall(nr, a, b, c, d, e, f);
	result = snr_rawcall(nr, a, b, c, d, e, f);
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* A kernel call with one to six arguments; WAY: the libc expression, or else that. */
#define OPS_CALL6(nr, a, b, c, d, e, f, ...)                                                       \
	ops_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define OPS_CALL(...)  OPS_CALL6(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define WAY(libc, ...) (errno = 0, ops_way == OPS_LIBC ? (long)(libc) : OPS_CALL(__VA_ARGS__))

/* BASE/NAME; eight at a time. */
static inline const char *in(const char *name)
{
	static char text[8][PATH_MAX];
	static unsigned turn;
	char *out = text[turn++ % 8];

	snprintf(out, PATH_MAX, "%s/%s", ops_base, name);
	return out;
}

static inline const char *ops_error(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

/* "CALL NAME: what came of it", for a call that gives no more than success. */
static inline long said(const char *call, const char *name, long result)
{
	printf("%s %s: %s\n", call, name, result < 0 ? ops_error(errno) : "ok");
	return result;
}

/* What a descriptor or a name stands for. */
static inline void ops_show_stat(const struct stat *st)
{
	static const char kinds[] = "?pc?d?b?-?l?s???";

	printf("%c%04o", kinds[(st->st_mode >> 12) & 15], st->st_mode & 07777);
	if (!S_ISDIR(st->st_mode))
		printf(" links %lu", (unsigned long)st->st_nlink);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		printf(" size %lld", (long long)st->st_size);
}

/* "CALL NAME: what was opened", and closes it. */
static inline void opened(const char *call, const char *name, long fd)
{
	struct stat st;

	printf("%s %s: ", call, name);
	if (fd < 0)
		printf("%s\n", ops_error(errno));
	else if (fstat((int)fd, &st) < 0)
		printf("fstat %s\n", ops_error(errno));
	else {
		ops_show_stat(&st);
		putchar('\n');
	}
	if (fd >= 0)
		close((int)fd);
}

/* PROGRAM libc|syscall|direct BASE [MORE]...: the rest of the arguments. */
static inline char **ops_start(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || !strchr("lsd", argv[1][0])) {
		fprintf(stderr, "usage: %s libc|syscall|direct DIRECTORY\n", argv[0]);
		exit(2);
	}
	ops_way = argv[1][0] == 'l' ? OPS_LIBC : argv[1][0] == 's' ? OPS_SYSCALL : OPS_DIRECT;
	ops_base = argv[2];
	umask(022);
	return argv + 3;
}

#endif
