/* SPDX-License-Identifier: MIT
 * Starts a program by each way libc has, in the state that the second argument names, and prints
 * what became of it. preload-exec WAY[,STATE]... PROGRAM [ARG]... Run by
 * tests/integration/preload-exec.sh. It must never print what differs from run to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_execveat
#define SYS_execveat 322
#endif

static char **vector; /* PROGRAM and its arguments */
static char *nothing[] = {NULL};

static char command[4096];

/* ---- the ways: each either replaces the process or returns ---- */

static int way_execve(void)
{
	return execve(vector[0], vector, environ);
}

static int way_execv(void)
{
	return execv(vector[0], vector);
}

static int way_execvp(void)
{
	return execvp(vector[0], vector);
}

static int way_execl(void)
{
	return execl(vector[0], vector[0], vector[1], vector[1] ? vector[2] : NULL, (char *)NULL);
}

static int way_execlp(void)
{
	return execlp(vector[0], vector[0], vector[1], vector[1] ? vector[2] : NULL, (char *)NULL);
}

static int way_execle(void)
{
	return execle(vector[0], vector[0], vector[1], vector[1] ? vector[2] : NULL, (char *)NULL,
		      environ);
}

static int way_empty(void)
{
	return execve(vector[0], vector, nothing);
}

static int way_fexecve(void)
{
	return fexecve(open(vector[0], O_RDONLY), vector, environ);
}

static int way_raw_execve(void)
{
	return (int)syscall(SYS_execve, vector[0], vector, environ);
}

static int way_raw_execveat(void)
{
	return (int)syscall(SYS_execveat, AT_FDCWD, vector[0], vector, environ, 0);
}

#ifdef __GLIBC__
static int way_execvpe(void)
{
	return execvpe(vector[0], vector, environ);
}
#endif

/* ---- ways that run a child and wait for it ---- */

static int report(const char *what, int status)
{
	fflush(stdout);
	printf("%s: ", what);
	if (status == -1)
		printf("%s\n", strerror(errno));
	else if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("status %d\n", WEXITSTATUS(status));
	exit(0);
}

static int wait_for(const char *what, int error, pid_t pid)
{
	int status = -1;

	errno = error;
	if (!error && waitpid(pid, &status, 0) < 0)
		status = -1;
	return report(what, status);
}

static int way_spawn(void)
{
	pid_t pid;
	int error = posix_spawn(&pid, vector[0], NULL, NULL, vector, environ);

	return wait_for("posix_spawn", error, pid);
}

static int way_spawnp(void)
{
	pid_t pid;
	int error = posix_spawnp(&pid, vector[0], NULL, NULL, vector, nothing);

	return wait_for("posix_spawnp", error, pid);
}

/* Standard input from vector[1], in the directory of vector[2], where PROGRAM may be relative to
 * it. */
static int way_actions(void)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int error;

	posix_spawn_file_actions_init(&actions);
	error = posix_spawn_file_actions_addopen(&actions, 0, vector[1], O_RDONLY, 0);
#ifdef __GLIBC__
	if (!error)
		error = posix_spawn_file_actions_addchdir_np(&actions, vector[2]);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, 9, "file", O_RDONLY, 0);
#endif
	vector[1] = NULL;
	if (!error)
		error = posix_spawn(&pid, vector[0], &actions, NULL, vector, environ);
	return wait_for("posix_spawn with actions", error, pid);
}

static int way_system(void)
{
	return report("system", system(command));
}

static int way_popen(void)
{
	FILE *stream = popen(command, "r");
	char line[4096];

	if (!stream)
		return report("popen", -1);
	while (fgets(line, sizeof(line), stream))
		printf("read %s", line);
	return report("popen", pclose(stream));
}

static int way_popen_write(void)
{
	FILE *first = popen("cat", "w"), *second = popen(command, "w");
	int status;

	if (!first || !second)
		return report("popen to write", -1);
	fputs("written\n", first);
	status = pclose(second);
	/* The second child holds no end of the first pipe, or this would hang. */
	pclose(first);
	return report("popen to write", status);
}

static int way_vfork(void)
{
	volatile int error = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(vector[0], vector, environ);
		error = errno;
		_exit(99);
	}
	return wait_for("vfork", error, pid);
}

/* A child on our memory that closes everything first, as careful daemons do. */
static int way_vfork_closed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		for (int fd = 3; fd < 4096; fd++)
			close(fd);
		execv(vector[0], vector);
		_exit(99);
	}
	return wait_for("vfork with descriptors closed", pid < 0 ? errno : 0, pid);
}

static int way_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(vector[0], vector);
		_exit(99);
	}
	return wait_for("fork", pid < 0 ? errno : 0, pid);
}

static const struct {
	const char *name;
	int (*run)(void);
} ways[] = {
	{"execve", way_execve},
	{"execv", way_execv},
	{"execvp", way_execvp},
	{"execl", way_execl},
	{"execlp", way_execlp},
	{"execle", way_execle},
	{"empty", way_empty},
	{"fexecve", way_fexecve},
	{"raw-execve", way_raw_execve},
	{"raw-execveat", way_raw_execveat},
#ifdef __GLIBC__
	{"execvpe", way_execvpe},
#endif
	{"spawn", way_spawn},
	{"spawnp", way_spawnp},
	{"actions", way_actions},
	{"system", way_system},
	{"popen", way_popen},
	{"popen-write", way_popen_write},
	{"vfork", way_vfork},
	{"vfork-closed", way_vfork_closed},
	{"fork", way_fork},
};

/* ---- the states ---- */

static void close_all(void)
{
	for (int fd = 3; fd < 4096; fd++)
		close(fd);
}

static void close_all_at_exec(void)
{
	for (int fd = 3; fd < 4096; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void fill_descriptors(void)
{
	for (int fd = 3; fd < 1100; fd++)
		dup2(1, fd);
	for (int fd = 3; fd < 1100; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void big_environment(void)
{
	char name[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "VARIABLE_%d", i);
		setenv(name, "some value or other, to make it long enough", 1);
	}
}

static void enter(const char *state)
{
	if (strcmp(state, "cleared") == 0)
		clearenv();
	else if (strcmp(state, "null") == 0)
		environ = NULL;
	else if (strcmp(state, "unset") == 0)
		unsetenv("LD_PRELOAD");
	else if (strcmp(state, "other") == 0)
		setenv("LD_PRELOAD", "", 1);
	else if (strcmp(state, "closed") == 0)
		close_all();
	else if (strcmp(state, "cloexec") == 0)
		close_all_at_exec();
	else if (strcmp(state, "full") == 0)
		fill_descriptors();
	else if (strcmp(state, "big") == 0)
		big_environment();
}

int main(int argc, char **argv)
{
	char *state;

	if (argc < 3)
		return 2;
	vector = argv + 2;
	for (int i = 2; i < argc; i++)
		snprintf(command + strlen(command), sizeof(command) - strlen(command), "%s'%s'",
			 i > 2 ? " " : "", argv[i]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	strtok(argv[1], ",");
	while ((state = strtok(NULL, ",")))
		enter(state);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			printf("%s: %s\n", argv[1], strerror(errno));
			return 1;
		}
	}
	printf("%s: not here\n", argv[1]);
	return 0;
}
