/* SPDX-License-Identifier: MIT
 * Nanoseconds of one system call: calls OP [PATH]. Run by tests/bench/run natively and under each
 * engine, dynamic and static. It must do nothing but that call in its windows.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void do_stat(void *path)
{
	struct stat st;

	stat(path, &st);
}

static void do_open(void *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0)
		close(fd);
}

static void do_access(void *path)
{
	access(path, R_OK);
}

static void do_readlink(void *path)
{
	char text[PATH_MAX];

	if (readlink(path, text, sizeof(text)) < 0)
		text[0] = '\0';
}

static void do_getpid(void *path)
{
	syscall(SYS_getpid);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*body)(void *);
	} operations[] = {
		{"stat", do_stat},         {"open", do_open},     {"access", do_access},
		{"readlink", do_readlink}, {"getpid", do_getpid},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(argv[1], operations[i].name) == 0) {
			printf("%.1f\n", bench_measure(operations[i].body, argv[argc > 2 ? 2 : 1]));
			return 0;
		}
	}
	fprintf(stderr, "usage: calls stat|open|access|readlink|getpid PATH\n");
	return 2;
}
