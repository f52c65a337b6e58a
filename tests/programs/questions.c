/* SPDX-License-Identifier: MIT
 * Asks the kernel about many paths, through libc or by the instruction itself, and prints what each
 * is: its device and inode, or the error. Paths come from standard input, one a line; which call
 * asks depends on the number of the line alone. Run by tests/integration/agree.py. It must print
 * the same for the same file, whoever redirects it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/rawcall/rawcall.h"

static bool direct;

static long call(long number, long a, const char *b, long c, long d, long e)
{
	long result = snr_rawcall6(number, a, b, c, d, e, 0);

	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

static long ask_statx(const char *path, struct statx *stx)
{
	if (direct)
		return call(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, (long)stx);
	return statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, stx);
}

static long ask_open(const char *path, struct statx *stx)
{
	long fd = direct ? call(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0, 0)
			 : open(path, O_PATH | O_CLOEXEC);
	long result = fd < 0 ? -1 : statx((int)fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, stx);

	if (fd >= 0)
		close((int)fd);
	return result;
}

static long ask_stat(const char *path, struct statx *stx)
{
	struct stat st;
	long result;

#ifdef SYS_newfstatat
	if (direct)
		result = call(SYS_newfstatat, AT_FDCWD, path, (long)&st, 0, 0);
	else
#endif
		result = stat(path, &st);
	stx->stx_ino = st.st_ino;
	return result;
}

static long ask_access(const char *path, struct statx *stx)
{
	stx->stx_ino = 0;
	return direct ? call(SYS_faccessat, AT_FDCWD, path, F_OK, 0, 0) : access(path, F_OK);
}

int main(int argc, char **argv)
{
	static long (*const ask[])(const char *, struct statx *) = {ask_stat, ask_statx, ask_open,
								    ask_access};
	char path[4096 + 2];

	direct = argc > 1 && !strcmp(argv[1], "direct");
	for (unsigned n = 0; fgets(path, sizeof(path), stdin); n++) {
		struct statx stx = {0};

		path[strcspn(path, "\n")] = '\0';
		if (ask[n % 4](path, &stx) < 0)
			printf("%s\n", strerrorname_np(errno));
		else
			printf("%llu\n", (unsigned long long)stx.stx_ino);
	}
	return 0;
}
