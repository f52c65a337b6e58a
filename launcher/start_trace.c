/* SPDX-License-Identifier: MIT
 * From a decision to the running program under the tracer: the side process, the filter, exec. Part
 * of start.h; only main.c calls it. It must never run the program before the tracer holds it.
 */
#include "launcher/start.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/quiet.h"
#include "launcher/run.h"
#include "tracer/tracer.h"

extern char **environ;

static int read_int(int fd, int *number)
{
	ssize_t got;

	do
		got = read(fd, number, sizeof(*number));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*number) ? 0 : -EIO;
}

static int write_int(int fd, int number)
{
	ssize_t wrote;

	do
		wrote = send(fd, &number, sizeof(number), MSG_NOSIGNAL);
	while (wrote < 0 && errno == EINTR);
	return wrote == (ssize_t)sizeof(number) ? 0 : -EIO;
}

/* The side process: says who it is, waits until it may attach, serves. */
static _Noreturn void be_tracer(int talk, pid_t program, const struct image *image, int log_fd)
{
	struct tracer_setup setup = {image->mapped, program, log_fd, talk, image->fd};
	int go;

	signal(SIGCHLD, SIG_DFL);
	if (write_int(talk, getpid()) < 0 || read_int(talk, &go) < 0)
		_exit(1);
	_exit(tracer_main(&setup));
}

/* Where orphans become children of this very process: it is the first of its namespace, as in a
 * container, or was made a subreaper (prctl(2)) by whoever started us. */
static bool adopts_orphans(void)
{
	int reaper = 0;

	return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &reaper) == 0 && reaper);
}

/* A child that ends without a signal, and that wait(2) does not know of unless asked for every
 * kind (__WALL): an orphan would be given SIGCHLD by the kernel. Returns as fork(2). */
static pid_t fork_unseen(void)
{
	return (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
}

/* A child that was forked by one that ended at once, so that it is nobody's child here. Returns as
 * fork(2), but 1 to this process; where it could not be forked, TALK gets the reason. */
static pid_t fork_orphan(int talk)
{
	pid_t middle = fork();

	if (middle == 0) {
		pid_t side = fork();
		if (side == 0)
			return 0;
		if (side < 0)
			write_int(talk, -errno);
		_exit(0);
	}
	/* Until it has gone; with its signal ignored it leaves no status. */
	while (middle > 0 && waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	return middle < 0 ? -1 : 1;
}

/* Fork the side process, which the program shall not find among its children, into a session of
 * its own: what is sent to the program's process group is not for it. Returns 0 or -errno. */
static int fork_tracer(const int talk[2], const struct image *image, int log_fd)
{
	pid_t program = getpid();
	pid_t side = adopts_orphans() ? fork_unseen() : fork_orphan(talk[1]);

	if (side < 0)
		return -errno;
	if (side == 0) {
		setsid();
		close(talk[0]);
		be_tracer(talk[1], program, image, log_fd);
	}
	return 0;
}

/* Start the tracer and wait until it holds this process. Returns 0 or -errno. */
static int attach_tracer(const struct image *image, int log_fd)
{
	int talk[2], error, answer = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		return -errno;
	error = fork_tracer(talk, image, log_fd);
	close(talk[1]);
	if (!error)
		error = read_int(talk[0], &answer);
	if (!error && answer < 0)
		error = answer;
	if (!error) {
		/* Yama lets only a process of our choice attach; without Yama this is EINVAL. */
		prctl(PR_SET_PTRACER, answer, 0, 0, 0);
		error = write_int(talk[0], 0);
	}
	if (!error)
		error = read_int(talk[0], &answer);
	close(talk[0]);
	return error ? error : -answer;
}

_Noreturn void start_trace(const struct image *image, const struct journal *journal,
			   char *const program[])
{
	struct quiet quiet;
	int error;

	quiet_begin(&quiet);
	error = attach_tracer(image, journal_tracer_fd(journal));
	quiet_end(&quiet);
	if (error < 0)
		die(STATUS_FAILED, "tracer",
		    "could not take hold of the program: %s; try again, or use -e preload",
		    strerror(-error));
	error = tracer_filter_install(image->mapped);
	if (error < 0)
		die(STATUS_FAILED, "tracer",
		    "the kernel refuses the filter of system calls: %s; use -e preload",
		    strerror(-error));
	run_program(run_untouched, NULL, program, environ);
}
