/* SPDX-License-Identifier: MIT
 * Who can be handed over, and to whom. Used by hand.c only. It must never answer for what nobody
 * would redirect then.
 */
#include "tracer/hand_may.h"

#include "tracer/image.h"
#include "tracer/memory.h"
#include "tracer/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef SNR_GATE_ADDRESS

#define MAX_DEPTH 64 /* of processes between two */

/* A shim that serves all its calls by itself once it is told so. */
static bool has_shim(struct tracer *tracer, const struct tracee *tracee)
{
	uint64_t magic;

	return tracer->board && !tracer->board->closed && !tracee->filtered &&
	       !tracee_read(tracer, tracee, SNR_GATE_ADDRESS + SNR_GATE_PAGE, &magic,
			    sizeof(magic)) &&
	       magic == SNR_GATE_MAGIC;
}

/* A child that has executed nothing yet: that is when most are handed over, and what it executes
 * then gets a shim. A program that has been running is better left alone: the calls that bare.c
 * cannot plan would fail. */
static bool is_bare(const struct tracer *tracer, const struct tracee *tracee)
{
	return tracee->fresh && !tracee->threaded && (tracee->asked || tracee->space->refs == 1) &&
	       tracee->abi->word == 8 && tracer->image_fd >= 0 &&
	       tracer->redirector.image->shim64.len && !tracer->redirector.image->fault_ops;
}

/* Does its parent run the same image still? What is stopped by a signal cannot be read by ptrace(2)
 * alone; its parent, which stands at its call, can. */
static bool is_same_image(const struct tracee *tracee, const struct tracee *waiter)
{
	char its[1024], own[1024];
	ssize_t n = proc_read(tracee->tid, "auxv", its, sizeof(its));

	return n > 0 && proc_read(waiter->tid, "auxv", own, sizeof(own)) == n &&
	       !memcmp(its, own, (size_t)n);
}

enum hand_future hand_future(struct tracer *tracer, const struct tracee *tracee,
			     const struct tracee *waiter, uint64_t *ip)
{
	*ip = SNR_GATE_ADDRESS;
	if (!tracee->native && has_shim(tracer, tracee))
		return HAND_SHIM;
	*ip = 0;
	if ((tracee->native || is_bare(tracer, tracee)) && image_may_call(tracee))
		*ip = image_find_call(tracer, tracee);
	if (!*ip && waiter && is_bare(tracer, tracee) && image_may_call(tracee) &&
	    is_same_image(tracee, waiter))
		*ip = image_find_call(tracer, waiter);
	return !*ip ? HAND_REFUSED : tracee->native ? HAND_NATIVE : HAND_BARE;
}

/* Is what WAITER asks for likely to be granted? Its rights are the kernel's to judge; this keeps a
 * stranger's process from being handed over for nothing. */
bool hand_may_ask(const struct tracee *tracee, const struct tracee *waiter)
{
	struct stat its, own;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d", tracee->tid);
	if (stat(path, &its))
		return false;
	snprintf(path, sizeof(path), "/proc/%d", waiter->tid);
	return !stat(path, &own) && (own.st_uid == 0 || own.st_uid == its.st_uid);
}

/* The letter of proc(5), or NUL. */
static char state_of(pid_t tid)
{
	char text[512], *name;
	ssize_t n = proc_read(tid, "stat", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	name = strrchr(text, ')');
	return name && name[1] == ' ' ? name[2] : '\0';
}

static bool is_above(const struct tracee *tracee, pid_t pid)
{
	for (int depth = 0; pid > 1 && depth < MAX_DEPTH; depth++) {
		pid = (pid_t)proc_number(pid, "PPid");
		if (pid == tracee->tgid)
			return true;
	}
	return false;
}

/* Is a child of TRACEE traced by PID? */
static bool shares_children(const struct tracee *tracee, pid_t pid)
{
	char name[40], text[1024], *at = text;
	ssize_t n;

	snprintf(name, sizeof(name), "task/%d/children", tracee->tid);
	n = proc_read(tracee->tgid, name, text, sizeof(text) - 1);
	if (n < 0)
		return true;
	text[n] = '\0';
	for (char *end; *at; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);

		if (end == at || proc_number(child, "TracerPid") == pid)
			return end != at;
	}
	return false;
}

bool hand_can_stop(const struct tracee *tracee, const struct tracee *waiter)
{
	char state = state_of(tracee->tid);

	if (state == 'D')
		return !is_above(tracee, waiter->tgid) && !shares_children(tracee, waiter->tgid);
	return state && state != 'Z' && state != 'X';
}

#endif
