/* SPDX-License-Identifier: MIT
 * Processes of ours beside the program: forked so that the program, which this very process will
 * become, does not find them among its children. The launcher's files call it. It must never leave
 * a zombie.
 */
#include "launcher/side.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int side_read(int fd, int *number)
{
	ssize_t got;

	do
		got = read(fd, number, sizeof(*number));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*number) ? 0 : -EIO;
}

int side_write(int fd, int number)
{
	ssize_t wrote;

	do
		wrote = send(fd, &number, sizeof(number), MSG_NOSIGNAL);
	while (wrote < 0 && errno == EINTR);
	return wrote == (ssize_t)sizeof(number) ? 0 : -EIO;
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
 * fork(2), but 1 to this process; where it could not be forked, TALK gets the reason. The one
 * between borrows our memory, for a second copy of which each start would pay. */
static pid_t fork_orphan(int talk)
{
	pid_t middle = vfork();

	if (middle == 0) {
		pid_t side = fork_unseen();
		if (side == 0)
			return 0;
		if (side < 0)
			side_write(talk, -errno);
		_exit(0);
	}
	/* Until it has gone; with its signal ignored it leaves no status. */
	while (middle > 0 && waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	return middle < 0 ? -1 : 1;
}

int side_fork(int talk)
{
	pid_t side = adopts_orphans() ? fork_unseen() : fork_orphan(talk);

	if (side < 0)
		return -errno;
	if (side == 0)
		setsid();
	return side > 0;
}
