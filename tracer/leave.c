/* SPDX-License-Identifier: MIT
 * The exit stop of a call that was changed: everything back as the program left it.
 * Used inside tracer/ only. It must put registers back even where the call is to be restarted
 * (ERESTARTSYS and its kind): the kernel then makes the original call again, and it is planned
 * afresh.
 */
#include "tracer/fault.h"
#include "tracer/gate.h"
#include "tracer/image.h"
#include "tracer/list.h"
#include "tracer/memory.h"
#include "tracer/record.h"
#include "tracer/socket.h"

#include <linux/ptrace.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* The kernel wrote a name to our memory; the program gets the name it knows. readlink(2): cut off
 * silently where the buffer is too small. */
static int give_name(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_piece piece = {tracer->name, 0};
	int64_t result;
	long len;
	int r = arch_get_result(tracee->tid, &result);

	if (r || result <= 0 || result > SNR_PATH_MAX)
		return r;
	if (tracee_read(tracer, tracee, tracee->divert, tracer->text[0], (size_t)result))
		return -EFAULT;
	len = snr_reverse(tracer->redirector.image, tracer->text[0], (size_t)result, tracer->name,
			  SNR_PATH_MAX);
	if (len < 0)
		piece = (struct tracee_piece){tracer->text[0], (size_t)result};
	else
		piece.size = (size_t)len;
	if (piece.size > tracee->out_size)
		piece.size = (size_t)tracee->out_size;
	result = (int64_t)piece.size;
	if (tracee_write(tracer, tracee, tracee->out, &piece, 1))
		result = -EFAULT;
	return arch_set_result(tracee->tid, result);
}

int tracee_restore(struct tracee *tracee)
{
	int r = 0;

	for (int i = 0; !r && i < ARCH_NARGS; i++)
		if (tracee->changed >> i & 1)
			r = arch_set_arg(tracee->tid, tracee->abi, i, tracee->saved[i]);
	tracee->changed = 0;
	return r;
}

static void learn_result(struct tracer *tracer, struct tracee *tracee, enum tracee_due due)
{
	int64_t result;

	if (due == TRACEE_MAP || arch_get_result(tracee->tid, &result))
		record_forget(tracee);
	else
		record_finish(tracer, tracee, result);
}

void tracee_leave(struct tracer *tracer, struct tracee *tracee)
{
	enum tracee_due due = tracee->due;
	int r = 0;

	tracee->due = TRACEE_NOTHING;
	tracee->fault.repeated = due == TRACEE_MAP;
	tracer->current = tracee;
	if (tracee->records)
		learn_result(tracer, tracee, due);
	if (due >= TRACEE_STARTED && due <= TRACEE_RENAMED)
		r = image_go_on(tracee, due);
	else if (tracee->image)
		image_forget(tracee); /* the exec failed */
	if (due == TRACEE_MAP)
		r = scratch_mapped(tracee);
	else if (due == TRACEE_REVERSE)
		r = give_name(tracer, tracee);
	else if (due == TRACEE_SENT || due == TRACEE_NAMED)
		r = socket_leave(tracer, tracee);
	else if (due == TRACEE_FAULT)
		r = fault_leave(tracee);
	else if (due == TRACEE_LISTED)
		r = list_leave(tracer, tracee);
	/* Once more: others may have learnt meanwhile how the names were before. */
	if (tracee->relinks)
		snr_facts_forget(tracer->redirector.facts);
	tracee->relinks = false;
	if (tracee->moves)
		gate_tell_move(tracer, tracee);
	tracee->moves = false;
	if (!r)
		r = tracee_restore(tracee);
	scratch_release(tracee);
	free(tracee->names);
	tracee->names = NULL;
	if (r)
		tracee_fail(tracer, tracee, "cannot put a call back", r);
	else
		tracee_resume(tracee, 0);
}

void tracee_resume(struct tracee *tracee, int sig)
{
	bool leaves = tracee->due != TRACEE_NOTHING || tracee->wait != TRACEE_WAITS_NOT ||
		      tracee->records || tracee->moves;

	/* Any failure means that it was killed meanwhile, which waitpid will tell. */
	arch_ptrace(leaves ? PTRACE_SYSCALL : PTRACE_CONT, tracee->tid, 0, (uint64_t)sig);
}
