/* SPDX-License-Identifier: MIT
 * From a wait status to whoever handles it: ptrace(2), "Stopped states". Used inside tracer/ only.
 * Every stop must end in a resume, a listen, or the tracee's death.
 */
#include "tracer/stop.h"

#include "tracer/count.h"
#include "tracer/hand.h"
#include "tracer/note.h"
#include "tracer/signal.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_stopping(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* A group-stop stays one, for its parent and in /proc, until SIGCONT: then comes another event. */
static void handle_event_stop(struct tracer *tracer, struct tracee *tracee, int sig)
{
	/* A child's first stop: its registers are still those of the call that made it. */
	if (tracee->changed && tracee->due == TRACEE_NOTHING) {
		int r = tracee_restore(tracee);

		if (r) {
			tracee_fail(tracer, tracee, "cannot set its first registers", r);
			return;
		}
	}
	tracee->wait = TRACEE_WAITS_NOT;
	if (is_stopping(sig))
		arch_ptrace(PTRACE_LISTEN, tracee->tid, 0, 0);
	else
		tracee_resume(tracee, 0);
}

/* exec(2) by a thread that is not the leader: it takes the leader's tid, all others are gone. */
static void handle_exec(struct tracer *tracer, struct tracee *tracee)
{
	unsigned long old;

	if (arch_ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, (uintptr_t)&old)) {
		tracee_resume(tracee, 0);
		return;
	}
	if ((pid_t)old != tracee->tid) {
		struct tracee *thread = tracee_find(tracer, (pid_t)old);
		pid_t tid = tracee->tid;

		if (thread) {
			tracee_drop(tracer, tracee);
			tracee_rename(tracer, thread, tid);
			tracee = thread;
		}
	}
	tracee_exec_done(tracer, tracee);
}

void stop_handle(struct tracer *tracer, struct tracee *tracee, int status)
{
	int sig = WSTOPSIG(status);

	count_stop(tracer, tracee, status);
	if (tracee->hand && hand_stop(tracer, tracee, status))
		return;
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		tracee_enter(tracer, tracee);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		tracee_birth(tracer, tracee);
		break;
	case PTRACE_EVENT_EXEC:
		handle_exec(tracer, tracee);
		break;
	case PTRACE_EVENT_STOP:
		handle_event_stop(tracer, tracee, sig);
		break;
	case 0:
		if (sig == (SIGTRAP | 0x80)) {
			if (!signal_syscall_stop(tracer, tracee))
				tracee_leave(tracer, tracee);
		} else {
			signal_delivered(tracer, tracee, sig);
			tracee_resume(tracee, sig);
		}
		break;
	default:
		tracee_resume(tracee, 0);
	}
}

/* Whoever ends by itself is not within the call that makes a child. One that was killed may have
 * been, and its event will never come: by a signal, or because another thread ended or executed. */
static void end(struct tracer *tracer, struct tracee *tracee, int status)
{
	bool killed = WIFSIGNALED(status) || tracee->threaded;

	if (tracee->unclaimed)
		birth_bury(tracer, tracee);
	else
		tracee_drop(tracer, tracee);
	if (killed && tracer->orphans)
		birth_release(tracer);
}

void stop_dispatch(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracee_find(tracer, tid);
	bool stopped = WIFSTOPPED(status);

	/* The number of one that ended before its parent's event was given away again. */
	if (tracee && tracee->dead) {
		tracee_drop(tracer, tracee);
		tracee = NULL;
	}
	if (!tracee)
		birth_orphan(tracer, tid, status);
	else if (!stopped)
		end(tracer, tracee, status);
	else if (tracee->orphan)
		tracee->status = status;
	else
		stop_handle(tracer, tracee, status);
}

void tracee_kill(const struct tracee *tracee)
{
	syscall(SYS_tgkill, tracee->tgid, tracee->tid, SIGKILL);
}

void tracee_fail(struct tracer *tracer, struct tracee *tracee, const char *what, int err)
{
	if (err == -ESRCH)
		return; /* killed: waitpid will tell */
	note_failure(tracer, tracee, what, err);
	tracee_kill(tracee);
}
