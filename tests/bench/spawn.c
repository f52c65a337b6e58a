/* SPDX-License-Identifier: MIT
 * Nanoseconds until a program was started and has ended: spawn fork|vfork|posix_spawn PROGRAM
 * [ARG]... Run by tests/bench/run. It must fail where the program does.
 */
#include "tests/bench/bench.h"

#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char **command;
static bool failed;

static void end(pid_t pid)
{
	int status;

	failed |= pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

static void by_fork(void *context)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(command[0], command);
		_exit(127);
	}
	end(pid);
}

static void by_vfork(void *context)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(command[0], command);
		_exit(127);
	}
	end(pid);
}

static void by_posix_spawn(void *context)
{
	pid_t pid;

	if (posix_spawn(&pid, command[0], NULL, NULL, command, environ) != 0)
		pid = -1;
	end(pid);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*body)(void *);
	} ways[] = {{"fork", by_fork}, {"vfork", by_vfork}, {"posix_spawn", by_posix_spawn}};

	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			command = argv + 2;
			printf("%.1f\n", bench_measure(ways[i].body, NULL));
			return failed;
		}
	}
	fprintf(stderr, "usage: spawn fork|vfork|posix_spawn PROGRAM [ARG]...\n");
	return 2;
}
