/* SPDX-License-Identifier: MIT
 * The side process and its wait loop, the only caller of waitpid for tracees. Only the launcher
 * calls it. It must never hold a descriptor of the program's, and never die of a signal that was
 * meant for the program.
 */
#include "tracer/tracer.h"

#include "tracer/descriptors.h"
#include "tracer/fault.h"
#include "tracer/filter.h"
#include "tracer/gate.h"
#include "tracer/memory.h"
#include "tracer/serve.h"
#include "tracer/socket.h"
#include "tracer/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

/* ptrace(2). Children are seized with the same options by the kernel. EXITKILL: whoever outlived
 * the tracer would get ENOSYS for every path. */
#define OPTIONS                                                                                    \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

/* Everything by which we could be in somebody's way: the program's pipes, terminal, directory,
 * process group, and the signals sent to that. */
static void step_aside(struct tracer *tracer, const struct tracer_setup *setup)
{
	int kept[] = {-1, -1, -1, setup->log_fd, setup->stats_fd, setup->record_fd, setup->kept_fd};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid(); /* EPERM where the launcher did it already */
	if (chdir("/"))
		return;
	if (setup->image->engine == SNR_ENGINE_HYBRID)
		gate_make(tracer, setup->image_fd, setup->log_fd, &kept[0]);
	kept[1] = kept[0] < 0 ? -1 : kept[0] + 1;
	kept[2] = tracer->image_fd =
		kept[0] < 0 ? fcntl(setup->image_fd, F_DUPFD_CLOEXEC, 10) : kept[0];
	descriptors_close_but(kept, sizeof(kept) / sizeof(*kept));
	prctl(PR_SET_NAME, "snapredir-trace");
}

static int attach(struct tracer *tracer, pid_t program)
{
	const int options = OPTIONS | (tracer->redirector.stats ? PTRACE_O_TRACEEXIT : 0);

	if (!tracee_new(tracer, program, program))
		return -ENOMEM;
	return (int)arch_ptrace(PTRACE_SEIZE, program, 0, options);
}

/* A blocking wait returns at once where another event is ready: no WNOHANG is needed to take them
 * one after the other, and a lone tracee costs no second call. */
static void serve(struct tracer *tracer)
{
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid > 0 && serve_ended(tracer, tid))
			continue;
		if (tid > 0)
			stop_dispatch(tracer, tid, status);
		else if (errno != EINTR)
			return; /* ECHILD: the last one has gone */
	}
}

static struct tracer *tracer_new(const struct tracer_setup *setup)
{
	static struct tracer one; /* most of its pages are never written to */
	struct tracer *tracer = &one;

	if (tracee_table_init(tracer))
		return NULL;
	tracer->redirector.image = setup->image;
	tracer->redirector.facts = setup->image->flags & SNR_IMAGE_STRICT ? NULL : &tracer->facts;
	tracer->redirector.stats = setup->stats;
	tracer->facts.start.moving = true; /* each tracee's own way */
	tracer->log_fd = setup->log_fd;
	tracer->image_fd = -1;
	tracer->memory_fd = -1;
	tracer->stats_fd = setup->stats_fd;
	tracer->program = setup->program;
	tracer->record_fd = setup->record_fd;
	tracer->is_root = geteuid() == 0;
	tracer->sees_undumpable = tracer_has_capability(CAP_SYS_PTRACE);
	tracer->gid = getegid();
	/* Any value that is not likely to stand in a program's memory; no secret. */
	if (getrandom(&tracer->signature, sizeof(tracer->signature), GRND_NONBLOCK) < 0)
		tracer->signature = 0x9d1fc2b7a4e85063ull ^ (uint64_t)getpid() << 32;
	tracer->signature |= 1;
	tracee_host_init(tracer);
	if (fault_init(tracer)) {
		tracee_table_free(tracer);
		return NULL;
	}
	return tracer;
}

static void report(int fd, int err)
{
	int value = -err;

	while (write(fd, &value, sizeof(value)) < 0 && errno == EINTR)
		;
}

int tracer_main(const struct tracer_setup *setup)
{
	struct tracer *tracer = tracer_new(setup);
	int r = tracer ? attach(tracer, setup->program) : -ENOMEM;

	report(setup->ready_fd, r);
	if (!r) {
		step_aside(tracer, setup);
		serve(tracer);
	}
	if (tracer) {
		tracee_table_free(tracer);
		socket_forget_all(tracer);
		free(tracer->faults.word);
	}
	return r ? 1 : 0;
}
