/* SPDX-License-Identifier: MIT
 * --stats in the tracer: every stop, every planned call, and the moment before the program's end,
 * when the table is written. Used inside tracer/ only. It must never wait for ever.
 */
#include "tracer/count.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/filter.h"

void count_program(struct tracer *tracer, const struct tracee *tracee)
{
	struct snr_stats *stats = tracer->redirector.stats;
	char path[40], name[32] = "";
	ssize_t n;
	int fd;

	if (!stats)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", tracee->tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	name[n > 0 ? n - 1 : 0] = '\0';
	snr_stats_program(stats, tracee->tgid, name, false);
}

void count_call(struct tracer *tracer, const struct tracee *tracee, uint32_t rule, bool changed,
		long result)
{
	snr_stats_call(tracer->redirector.stats, tracee->tgid, SNR_ENGINE_TRACE, rule, changed,
		       result);
}

static unsigned kind_of(const struct tracee *tracee, int status)
{
	unsigned long data = 0;
	int code;

	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		arch_ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, (uintptr_t)&data);
		code = filter_code_of((uint16_t)data);
		return code < 0 ? SNR_STOP_OTHER : (unsigned)code;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		return SNR_STOP_BIRTH;
	case PTRACE_EVENT_EXEC:
		return SNR_STOP_IMAGE;
	case 0:
		return WSTOPSIG(status) == (SIGTRAP | 0x80) ? SNR_STOP_EXIT : SNR_STOP_SIGNAL;
	default:
		return SNR_STOP_OTHER;
	}
}

/* Is no thread of the program left that has not come to its end? */
static bool is_over(const struct tracer *tracer)
{
	for (unsigned i = 0; i < tracer->table_size; i++)
		for (const struct tracee *tracee = tracer->table[i]; tracee; tracee = tracee->next)
			if (tracee->tgid == tracer->program && !tracee->ending && !tracee->dead)
				return false;
	return true;
}

/* The watcher writes the table while the program cannot end yet: whoever waits for it finds the
 * table written. */
static void tell_watcher(struct tracer *tracer)
{
	const struct timeval patience = {.tv_sec = 5};
	int word = 1;

	setsockopt(tracer->stats_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(tracer->stats_fd, &word, sizeof(word), MSG_NOSIGNAL) == (ssize_t)sizeof(word) &&
	    read(tracer->stats_fd, &word, sizeof(word)) < 0)
		errno = 0;
	close(tracer->stats_fd);
	tracer->stats_fd = -1;
}

void count_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	struct snr_stats *stats = tracer->redirector.stats;

	if (!stats)
		return;
	if (status >> 16 != PTRACE_EVENT_EXIT) {
		snr_stats_stop(stats, tracee->tgid, kind_of(tracee, status));
		return;
	}
	tracee->ending = true;
	if (tracee->tgid == tracer->program && tracer->stats_fd >= 0 && is_over(tracer))
		tell_watcher(tracer);
}
