/* SPDX-License-Identifier: MIT
 * What /proc tells of other processes beneath the same rules: where they are, what they execute and
 * have open. Run by tests/integration/ops-others.sh. It must leave no process behind.
 */
#include "tests/programs/ops.h"
#include <sys/wait.h>

static void read_link(int dirfd, const char *said_as, const char *name)
{
	char text[PATH_MAX];
	long n = WAY(readlinkat(dirfd, name, text, sizeof(text)), SYS_readlinkat, dirfd, name, text,
		     sizeof(text));

	if (n < 0)
		printf("readlink %s: %s\n", said_as, ops_error(errno));
	else
		printf("readlink %s: %.*s\n", said_as, (int)n, text);
}

/* The other one: in a directory under the rules, with a file of them open as 50. */
static pid_t start_other(int hold)
{
	pid_t pid = fork();

	if (pid == 0) {
		char byte;

		if (chdir(in("inner")) < 0 || dup2(open("f", O_RDONLY), 50) < 0)
			_exit(1);
		execl(in("bin/prog"), "prog", "wait", (char *)NULL);
		_exit(read(hold, &byte, 1) < 0);
	}
	return pid;
}

static void look_at(pid_t pid)
{
	static const char *const names[] = {"cwd",           "exe",         "root",
					    "fd/50",         "task/%d/cwd", "task/%d/exe",
					    "task/%d/fd/50", "fd/51",       "cwd/f",
					    "cwd/..",        NULL};
	char base[32], part[64], name[128];
	int dirfd;

	snprintf(base, sizeof(base), "/proc/%d", pid);
	dirfd = open(base, O_PATH | O_DIRECTORY);
	for (unsigned i = 0; names[i]; i++) {
		snprintf(part, sizeof(part), names[i], pid);
		snprintf(name, sizeof(name), "%s/%s", base, part);
		read_link(AT_FDCWD, names[i], name);
		read_link(dirfd, names[i], part);
	}
	opened("open", "its cwd/f", openat(dirfd, "cwd/f", O_RDONLY));
	opened("open", "its cwd/../file", openat(dirfd, "cwd/../file", O_RDONLY));
	opened("open", "its root/opt/acme/inner/f",
	       openat(dirfd, "root/opt/acme/inner/f", O_RDONLY));
	opened("open", "its fd/50", openat(dirfd, "fd/50", O_RDONLY));
	if (fchdir(dirfd) == 0)
		read_link(AT_FDCWD, "cwd, from its directory", "cwd");
	close(dirfd);
}

int main(int argc, char **argv)
{
	int hold[2], ready[2];
	char byte;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], "wait")) {
		/* descriptor 60: tells that we are there; 61: ends with our parent */
		if (write(60, "r", 1) != 1)
			return 1;
		return read(61, &byte, 1) < 0;
	}
	ops_start(argc, argv);
	if (pipe(hold) < 0 || pipe(ready) < 0)
		return 1;
	fcntl(hold[1], F_SETFD, FD_CLOEXEC);
	dup2(ready[1], 60);
	dup2(hold[0], 61);
	close(ready[1]);
	pid = start_other(61);
	close(60);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		puts("the other one is not there");
	look_at(pid);
	close(hold[1]);
	waitpid(pid, NULL, 0);
	return 0;
}
