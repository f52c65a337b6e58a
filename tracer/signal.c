/* SPDX-License-Identifier: MIT
 * Signals that an untraced process would not have heard of. Used inside tracer/ only. It must never
 * keep a signal from a program, and cost those that it hears next to nothing.
 */
#include "tracer/signal.h"

#include "tracer/filter.h"
#include "tracer/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* proc(5), SigIgn and SigCgt of /proc/TID/status: bit N - 1 for signal N. */
static int read_mask(const char *text, const char *name, uint64_t *mask)
{
	const char *at = strstr(text, name);

	if (!at)
		return -EPROTO;
	*mask = strtoull(at + strlen(name), NULL, 16);
	return 0;
}

static bool is_ignored_by_default(int sig)
{
	return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static bool is_ignored(pid_t tid, int sig)
{
	uint64_t ignored, caught, bit = 1ull << (sig - 1);
	char path[40], text[4096];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
	if (read_mask(text, "\nSigIgn:\t", &ignored) || read_mask(text, "\nSigCgt:\t", &caught))
		return false;
	return (ignored & bit) || (is_ignored_by_default(sig) && !(caught & bit));
}

/* The calls that end with EINTR if anything wakes them and that the kernel does not make again by
 * itself (signal(7)), and where each keeps its timeout. Sockets with timeouts of their own are of
 * that kind, too: what is left of theirs cannot be known. */
enum timeout { FOREVER, MILLISECONDS, TIMESPEC, TIMESPEC64 };
static const struct waiting {
	unsigned code;
	int arg;
	enum timeout timeout;
} waiting[] = {
	{FILTER_EPOLL_WAIT, 3, MILLISECONDS},
	{FILTER_EPOLL_PWAIT, 3, MILLISECONDS},
	{FILTER_EPOLL_PWAIT2, 3, TIMESPEC64},
	{FILTER_SIGTIMEDWAIT, 2, TIMESPEC},
	{FILTER_SIGTIMEDWAIT64, 2, TIMESPEC64},
	{FILTER_SEMOP, 0, FOREVER},
	{FILTER_SEMTIMEDOP, 3, TIMESPEC},
	{FILTER_SEMTIMEDOP64, 3, TIMESPEC64},
	{FILTER_IPC, 5, TIMESPEC},
};

static const struct waiting *find_waiting(const struct arch_abi *abi, uint64_t nr)
{
	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (filter_number(abi, waiting[i].code) == (int)nr)
			return &waiting[i];
	return NULL;
}

static int64_t read_timespec(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			     bool wide)
{
	int64_t time[2] = {0, 0};
	int32_t narrow[2];

	if (wide) {
		if (tracee_read(tracer, tracee, address, time, sizeof(time)))
			return 0;
	} else {
		if (tracee_read(tracer, tracee, address, narrow, sizeof(narrow)))
			return 0;
		time[0] = narrow[0];
		time[1] = narrow[1];
	}
	return time[0] > INT32_MAX ? -1 : time[0] * 1000 + time[1] / 1000000;
}

/* In milliseconds, -1: for ever. */
static int64_t read_timeout(struct tracer *tracer, const struct tracee *tracee,
			    const struct waiting *call)
{
	uint64_t value;

	/* ipc(2): the low half of the first argument says which of its calls. */
	if (call->code == FILTER_IPC && arch_get_arg(tracee->tid, tracee->abi, 0, &value))
		return 0;
	if (call->timeout == FOREVER || (call->code == FILTER_IPC && (value & 0xffff) == SEMOP))
		return -1;
	if (arch_get_arg(tracee->tid, tracee->abi, call->arg, &value))
		return 0;
	if (call->timeout == MILLISECONDS)
		return (int32_t)value;
	if (tracee->abi->word == 4)
		value = (uint32_t)value;
	return value ? read_timespec(tracer, tracee, value,
				     call->timeout == TIMESPEC64 || tracee->abi->word == 8)
		     : -1;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A call that is made again waits for its whole TIMEOUT once more. Signals that come all the time
 * must not keep it waiting for ever: the later half of them end it. */
static bool may_wait_again(struct tracee *tracee, int64_t timeout)
{
	int64_t time = now();

	if (timeout < 0)
		return true;
	if (time - tracee->spared_last > timeout)
		tracee->spared_first = time; /* that call is over */
	if (time - tracee->spared_first > timeout / 2)
		return false;
	tracee->spared_last = time;
	return true;
}

/* kernel/signal.c, sig_ignored(): a signal that is ignored wakes nobody, but it wakes whoever is
 * traced, and calls that nothing should have woken end with an EINTR that nobody expects. */
void signal_spare_call(struct tracer *tracer, struct tracee *tracee, int sig)
{
	const struct waiting *call;
	uint64_t nr;

	if (arch_get_interrupted(tracee->tid, &nr))
		return;
	call = find_waiting(tracee->abi, nr);
	if (!call || !is_ignored(tracee->tid, sig) ||
	    !may_wait_again(tracee, read_timeout(tracer, tracee, call)))
		return;
	/* A failure means that it was killed meanwhile, which waitpid will tell. */
	arch_restart_interrupted(tracee->tid);
}
