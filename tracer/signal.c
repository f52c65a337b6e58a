/* SPDX-License-Identifier: MIT
 * Signals that an untraced process would not have heard of. Used inside tracer/ only. It must never
 * keep a signal from a program, and cost those that it hears next to nothing.
 */
#include "tracer/signal.h"

#include "tracer/filter.h"
#include "tracer/memory.h"
#include "tracer/proc.h"

#include <errno.h>
#include <linux/ipc.h>
#include <linux/net.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool is_ignored_by_default(int sig)
{
	return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

/* proc(5), SigIgn and SigCgt: bit N - 1 for signal N. */
static bool is_ignored(pid_t tid, int sig)
{
	char ignored[24], caught[24];
	const struct proc_field fields[] = {{"SigIgn", ignored, sizeof(ignored)},
					    {"SigCgt", caught, sizeof(caught)}};
	const uint64_t bit = 1ull << (sig - 1);

	if (proc_status(tid, fields, 2))
		return false;
	return (strtoull(ignored, NULL, 16) & bit) ||
	       (is_ignored_by_default(sig) && !(strtoull(caught, NULL, 16) & bit));
}

/* The calls that end with EINTR if anything wakes them and that the kernel does not make again by
 * itself (signal(7)), and where each keeps its timeout: in an argument, or as an option of the
 * socket (SO_RCVTIMEO, SO_SNDTIMEO; without it there is no EINTR). */
enum timeout { FOREVER, MILLISECONDS, TIMESPEC, TIMESPEC64, RECEIVING, SENDING, CONNECTING };
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
	{FILTER_FIRST_ON + SNR_ON_read, 0, RECEIVING},
	{FILTER_FIRST_ON + SNR_ON_readv, 0, RECEIVING},
	{SNR_recvfrom, 0, RECEIVING},
	{SNR_recvmsg, 0, RECEIVING},
	{SNR_recvmmsg, 0, RECEIVING},
	{SNR_accept, 0, RECEIVING},
	{SNR_accept4, 0, RECEIVING},
	{FILTER_FIRST_ON + SNR_ON_write, 0, SENDING},
	{FILTER_FIRST_ON + SNR_ON_writev, 0, SENDING},
	{SNR_sendto, 0, SENDING},
	{SNR_sendmsg, 0, SENDING},
	{SNR_sendmmsg, 0, SENDING},
	{SNR_connect, 0, CONNECTING},
	{SNR_socketcall, 0, RECEIVING},
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

/* i386's socketcall(2): which call it is, and the descriptor, the first of the arguments in memory.
 */
static int read_socketcall(struct tracer *tracer, const struct tracee *tracee, uint64_t *fd,
			   enum timeout *kind)
{
	uint64_t which, address;
	uint32_t first = 0;
	int r = arch_get_arg(tracee->tid, tracee->abi, 0, &which);

	if (!r)
		r = arch_get_arg(tracee->tid, tracee->abi, 1, &address);
	if (!r)
		r = (int)tracee_read(tracer, tracee, (uint32_t)address, &first, sizeof(first));
	*fd = first;
	switch ((uint32_t)which) {
	case SYS_CONNECT:
		*kind = CONNECTING;
		break;
	case SYS_SEND:
	case SYS_SENDTO:
	case SYS_SENDMSG:
	case SYS_SENDMMSG:
		*kind = SENDING;
		break;
	default:
		*kind = RECEIVING;
	}
	return r;
}

/* Of the socket that CALL is about. Sets *OVER to what such a call gives when its time is over.
 * Returns 0 or -errno, where it has none (a call of another kind, too). */
static int read_socket_timeout(struct tracer *tracer, const struct tracee *tracee,
			       const struct waiting *call, int64_t *timeout, int *over)
{
	enum timeout kind = call->timeout;
	struct timeval time = {0, 0};
	socklen_t size = sizeof(time);
	uint64_t number;
	int r = call->code == SNR_socketcall
			? read_socketcall(tracer, tracee, &number, &kind)
			: arch_get_arg(tracee->tid, tracee->abi, call->arg, &number);
	int pidfd = r ? -1 : (int)syscall(SYS_pidfd_open, tracee->tgid, 0);
	int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)(uint32_t)number, 0);

	if (fd < 0 ||
	    getsockopt(fd, SOL_SOCKET, kind == RECEIVING ? SO_RCVTIMEO : SO_SNDTIMEO, &time, &size))
		r = -ENOTSOCK;
	if (fd >= 0)
		close(fd);
	if (pidfd >= 0)
		close(pidfd);
	*over = kind == CONNECTING ? -EINPROGRESS : -EAGAIN;
	*timeout = time.tv_sec > INT32_MAX ? NEVER : time.tv_sec * SECOND + time.tv_usec * 1000;
	return r ? r : *timeout ? 0 : -ENOENT;
}

/* In nanoseconds, or NEVER; OVER as above. Returns 0 or -errno. */
static int read_timeout(struct tracer *tracer, const struct tracee *tracee,
			const struct waiting *call, int64_t *timeout, int *over)
{
	uint64_t value;
	int r = 0;

	if (call->timeout >= RECEIVING)
		return read_socket_timeout(tracer, tracee, call, timeout, over);
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
	/* A socket's timeout is not shortened: other threads may use it. */
	if (waits && tracee->wait_until != NEVER && waits->timeout < RECEIVING) {
		r = arch_get_arg(tracee->tid, call.abi, waits->arg, &call.arg[waits->arg]);
		if (!r)
			r = shorten(tracer, tracee, waits, &call, rest > 0 ? rest : 0);
		if (r == -EINPROGRESS)
			return;
		/* Otherwise, where there is no memory, it waits for longer. */
	}
	tracee->wait = waits ? TRACEE_WAITS : TRACEE_WAITS_NOT;
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
	int64_t timeout = 0, time = now();
	uint64_t nr;
	int over = 0;

	if (arch_get_interrupted(tracee->tid, &nr))
		return false;
	call = find_waiting(tracee->abi, nr);
	if (!call || !is_ignored(tracee->tid, sig))
		return false;
	if (tracee->wait != TRACEE_WAS_WOKEN || call->timeout >= RECEIVING) {
		if (read_timeout(tracer, tracee, call, &timeout, &over))
			return false;
	}
	if (tracee->wait != TRACEE_WAS_WOKEN) {
		tracee->wait_nr = nr;
		tracee->wait_until = timeout > NEVER - time ? NEVER : time + timeout;
	} else if (call->timeout >= RECEIVING && time >= tracee->wait_until) {
		arch_set_result(tracee->tid, over);
		return false;
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
