/* SPDX-License-Identifier: MIT
 * New tracees: the parent's event and the child's first stop, which come in either order.
 * Used inside tracer/ only. A child must never run on before it is known what it shares.
 */
#include "tracer/gate.h"
#include "tracer/memory.h"
#include "tracer/proc.h"
#include "tracer/stop.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/wait.h>

static int read_clone_flags(struct tracer *tracer, const struct tracee *parent, uint64_t *flags)
{
	uint64_t address;
	int r = arch_clone_flags(parent->tid, parent->abi, flags, &address);

	/* Not readable any more: take it for a process of its own, which is always safe. */
	if (!r && address && tracee_read(tracer, parent, address, flags, sizeof(*flags)))
		*flags = 0;
	return r;
}

/* The shim remembers the cwd in its memory. Whoever shares one of the two and not the other would
 * find the other's there: a vfork child does not learn until it has gone; who shares the cwd with
 * another process has no gate. */
static void follow_cwd(struct tracer *tracer, struct tracee *child, struct tracee *parent,
		       uint64_t flags)
{
	if ((flags & CLONE_FS) && !(flags & CLONE_THREAD)) {
		gate_close(tracer, parent);
		gate_close(tracer, child);
	} else if (!(flags & CLONE_VM)) {
		gate_begin(tracer, child, parent);
	} else if (!(flags & CLONE_FS) || parent->guest) {
		gate_add_guest(tracer, child);
	}
}

/* What CHILD shares with PARENT. Its registers are a copy: what was changed in the parent's for the
 * call that made it must be put back in both. */
static int inherit(struct tracer *tracer, struct tracee *child, struct tracee *parent,
		   uint64_t flags)
{
	int r;

	child->tgid = flags & CLONE_THREAD ? parent->tgid : child->tid;
	if (flags & CLONE_THREAD)
		child->threaded = parent->threaded = true;
	child->abi = parent->abi;
	child->filtered = parent->filtered;
	child->native = parent->native;
	child->changed = parent->changed;
	memcpy(child->saved, parent->saved, sizeof(child->saved));
	r = flags & CLONE_VM ? tracee_share_space(child, parent) : tracee_copy_space(child, parent);
	if (!r)
		follow_cwd(tracer, child, parent, flags);
	return r;
}

static int adopt(struct tracer *tracer, struct tracee *parent, pid_t tid)
{
	struct tracee *child = tracee_find(tracer, tid);
	uint64_t flags;
	int r = read_clone_flags(tracer, parent, &flags);

	if (r)
		return r;
	if (flags & CLONE_NEWNS)
		tracer->roots_differ = true;
	if (child && child->dead) {
		tracee_drop(tracer, child);
		return 0;
	}
	if (child && !child->orphan) {
		child->unclaimed = false; /* it was let go when another was killed: birth_release */
		child->filtered |= parent->filtered;
		child->native |= parent->native;
		return 0;
	}
	if (!child)
		child = tracee_new(tracer, tid, tid);
	if (!child)
		return -ENOMEM;
	child->unclaimed = false;
	child->fresh = true;
	r = inherit(tracer, child, parent, flags);
	if (r)
		return r;
	if (child->orphan) {
		child->orphan = false;
		tracer->orphans--;
		stop_handle(tracer, child, child->status);
	}
	return 0;
}

void tracee_birth(struct tracer *tracer, struct tracee *parent)
{
	unsigned long tid;
	int r = (int)arch_ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, (uintptr_t)&tid);

	if (!r)
		r = adopt(tracer, parent, (pid_t)tid);
	if (r)
		tracee_fail(tracer, parent, "cannot follow its child", r);
	else
		tracee_resume(parent, 0);
}

void birth_orphan(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *orphan = tracee_new(tracer, tid, tid);

	if (!orphan)
		return; /* it stays stopped; its parent's event will find no memory either */
	orphan->unclaimed = true;
	orphan->orphan = true;
	orphan->fresh = true;
	orphan->status = status;
	tracer->orphans++;
	if (!WIFSTOPPED(status))
		birth_bury(tracer, orphan);
}

/* Kept until the parent's event, or until the number is given away again. */
void birth_bury(struct tracer *tracer, struct tracee *tracee)
{
	tracer->orphans -= tracee->orphan;
	tracee->orphan = false;
	tracee->dead = true;
	scratch_release(tracee);
}

/* What a thread belongs to. */
static pid_t read_tgid(pid_t tid)
{
	long tgid = proc_number(tid, "Tgid");

	return tgid > 0 ? (pid_t)tgid : tid;
}

void birth_release(struct tracer *tracer)
{
	for (unsigned i = 0; tracer->orphans && i < tracer->table_size; i++) {
		struct tracee *tracee = tracer->table[i], *next;

		for (; tracee; tracee = next) {
			next = tracee->next;
			if (!tracee->orphan)
				continue;
			tracee->orphan = false;
			tracer->orphans--;
			tracee->tgid = read_tgid(tracee->tid);
			tracee->threaded = tracee->tgid != tracee->tid;
			stop_handle(tracer, tracee, tracee->status);
		}
	}
}
