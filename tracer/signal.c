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
 * that kind, too: theirs is no argument. */
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

#define SECOND 1000000000ll
#define NEVER  INT64_MAX

static const struct waiting *find_waiting(const struct arch_abi *abi, uint64_t nr)
{
	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (filter_number(abi, waiting[i].code) == (int)nr)
			return &waiting[i];
	return NULL;
}

static bool is_wide(const struct tracee *tracee, const struct waiting *call)
{
	return call->timeout == TIMESPEC64 || tracee->abi->word == 8;
}

static int read_timespec(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			 bool wide, int64_t *timeout)
{
	int64_t time[2];
	int32_t narrow[2];
	int r = (int)tracee_read(tracer, tracee, address, wide ? (void *)time : narrow,
				 wide ? sizeof(time) : sizeof(narrow));

	if (r)
		return r;
	if (!wide) {
		time[0] = narrow[0];
		time[1] = narrow[1];
	}
	*timeout = time[0] > INT32_MAX ? NEVER : time[0] * SECOND + time[1];
	return 0;
}

/* In nanoseconds, or NEVER. Returns 0 or -errno. */
static int read_timeout(struct tracer *tracer, const struct tracee *tracee,
			const struct waiting *call, int64_t *timeout)
{
	uint64_t value;
	int r = 0;

	*timeout = NEVER;
	/* ipc(2): the low half of the first argument says which of its calls. */
	if (call->code == FILTER_IPC)
		r = arch_get_arg(tracee->tid, tracee->abi, 0, &value);
	if (r || call->timeout == FOREVER ||
	    (call->code == FILTER_IPC && (value & 0xffff) == SEMOP))
		return r;
	r = arch_get_arg(tracee->tid, tracee->abi, call->arg, &value);
	if (r)
		return r;
	if (call->timeout == MILLISECONDS) {
		if ((int32_t)value >= 0)
			*timeout = (int32_t)value * (SECOND / 1000);
		return 0;
	}
	if (tracee->abi->word == 4)
		value = (uint32_t)value;
	return value ? read_timespec(tracer, tracee, value, is_wide(tracee, call), timeout) : 0;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

/* Let the restarted CALL wait for REST only. Returns 0, -EINPROGRESS where the tracee runs to map
 * memory for it, or -errno. */
static int shorten(struct tracer *tracer, struct tracee *tracee, const struct waiting *waits,
		   struct arch_call *call, int64_t rest)
{
	int64_t time[2] = {rest / SECOND, rest % SECOND};
	int32_t narrow[2] = {(int32_t)time[0], (int32_t)time[1]};
	struct tracee_piece piece = {time, sizeof(time)};
	uint64_t address;
	int r;

	if (waits->timeout == MILLISECONDS)
		return tracee_replace_arg(tracee, call, waits->arg,
					  (uint64_t)((rest + SECOND / 1000 - 1) / (SECOND / 1000)));
	if (!is_wide(tracee, waits))
		piece = (struct tracee_piece){narrow, sizeof(narrow)};
	address = scratch_take(tracer, tracee, piece.size);
	if (!address) {
		r = tracee->map_error ? tracee->map_error : scratch_map(tracee, piece.size);
		tracee->map_error = 0;
		return r ? r : -EINPROGRESS;
	}
	r = (int)tracee_write(tracer, tracee, address, &piece, 1);
	return r ? r : tracee_replace_arg(tracee, call, waits->arg, address);
}

/* The call that was spared is made again. Another one: a signal that has a handler came first. */
static void enter_again(struct tracer *tracer, struct tracee *tracee)
{
	struct arch_call call = {.abi = tracee->abi};
	const struct waiting *waits = NULL;
	int64_t rest = tracee->wait_until - now();
	int r = arch_get_number(tracee->tid, &call.nr);

	if (!r && call.nr == tracee->wait_nr)
		waits = find_waiting(call.abi, call.nr);
	if (waits && tracee->wait_until != NEVER) {
		r = arch_get_arg(tracee->tid, call.abi, waits->arg, &call.arg[waits->arg]);
		if (!r)
			r = shorten(tracer, tracee, waits, &call, rest > 0 ? rest : 0);
		if (r == -EINPROGRESS)
			return;
	}
	tracee->wait = waits && !r ? TRACEE_WAITS : TRACEE_WAITS_NOT;
	if (r)
		tracee_finish(tracer, tracee, -EINTR); /* as it was before */
	else
		tracee_resume(tracee, 0);
}

bool signal_syscall_stop(struct tracer *tracer, struct tracee *tracee)
{
	int64_t result;

	if (tracee->wait == TRACEE_WAITS_NOT || tracee->due == TRACEE_MAP)
		return false;
	if (tracee->wait == TRACEE_WAITS_AGAIN) {
		enter_again(tracer, tracee);
		return true;
	}
	if (tracee->wait == TRACEE_WAITS && !arch_get_result(tracee->tid, &result) &&
	    (int32_t)result == -EINTR) {
		/* Ended by a signal: that stop comes next, or the program runs on. */
		tracee->wait = TRACEE_WAS_WOKEN;
		return false;
	}
	tracee->wait = TRACEE_WAITS_NOT;
	return false;
}

/* kernel/signal.c, sig_ignored(): a signal that is ignored wakes nobody, but it wakes whoever is
 * traced, and calls that nothing should have woken end with an EINTR that nobody expects. Such a
 * call is made again, and waits until it would have ended if it had begun when it was first woken:
 * nobody knows when it really began. */
static bool spare(struct tracer *tracer, struct tracee *tracee, int sig)
{
	const struct waiting *call;
	int64_t timeout, time = now();
	uint64_t nr;

	if (arch_get_interrupted(tracee->tid, &nr))
		return false;
	call = find_waiting(tracee->abi, nr);
	if (!call || !is_ignored(tracee->tid, sig))
		return false;
	if (tracee->wait != TRACEE_WAS_WOKEN) {
		if (read_timeout(tracer, tracee, call, &timeout))
			return false;
		tracee->wait_nr = nr;
		tracee->wait_until = timeout > NEVER - time ? NEVER : time + timeout;
	}
	return !arch_restart_interrupted(tracee->tid, true);
}

void signal_delivered(struct tracer *tracer, struct tracee *tracee, int sig)
{
	/* Already to be made again, and then another signal. */
	if (tracee->wait == TRACEE_WAITS_AGAIN) {
		if (is_ignored(tracee->tid, sig))
			return;
		arch_restart_interrupted(tracee->tid, false);
	}
	tracee->wait = spare(tracer, tracee, sig) ? TRACEE_WAITS_AGAIN : TRACEE_WAITS_NOT;
}
