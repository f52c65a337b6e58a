/* SPDX-License-Identifier: MIT
 * The seccomp stop: ask the redirector, and change the call or let it go. Used inside tracer/ only.
 * A path that no rule touches must cost nothing here but reading the call and its string.
 */
#include "tracer/fault.h"
#include "tracer/filter.h"
#include "tracer/gate.h"
#include "tracer/hand.h"
#include "tracer/list.h"
#include "tracer/memory.h"
#include "tracer/note.h"
#include "tracer/overlay.h"
#include "tracer/record.h"
#include "tracer/socket.h"
#include "tracer/strict.h"

#include "shared/spot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>

/* Where each argument of the table's row is found: on 32 bit a 64-bit one takes two registers. */
static void read_arguments(const struct snr_pathop *row, const struct arch_call *call,
			   struct snr_call *out, uint8_t reg[SNR_NARGS])
{
	int wide = SNR_NARGS;

	if (call->abi->word == 4 && (row->effects & SNR_SPLIT64)) {
		wide = 0;
		while (wide < SNR_NARGS - 1 && row->role[wide + 1] != SNR_ROLE_DIRFD)
			wide++;
	}
	for (int i = 0; i < SNR_NARGS; i++) {
		reg[i] = (uint8_t)(i > wide && i + 1 < SNR_NARGS ? i + 1 : i);
		out->arg[i] = call->arg[reg[i]];
	}
}

int tracee_replace_arg(struct tracee *tracee, const struct arch_call *call, int arg, uint64_t value)
{
	uint64_t old = call->arg[arg];
	int r = 0;

	/* The call sees 32 bits, the register may hold more. */
	if (call->abi->word == 4)
		r = arch_get_arg(tracee->tid, call->abi, arg, &old);
	if (!r)
		r = arch_set_arg(tracee->tid, call->abi, arg, value);
	if (r)
		return r;
	tracee->saved[arg] = old;
	tracee->changed |= (uint8_t)(1u << arg);
	if (tracee->due == TRACEE_NOTHING)
		tracee->due = TRACEE_RESTORE;
	return 0;
}

void tracee_finish(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	int r = arch_finish_call(tracee->tid, result);

	if (r)
		tracee_fail(tracer, tracee, "cannot set a result", r);
	else
		tracee_resume(tracee, 0);
}

uint64_t tracee_scratch(struct tracer *tracer, struct tracee *tracee, uint64_t size)
{
	uint64_t address = scratch_take(tracer, tracee, size);
	int r;

	if (address)
		return address;
	r = tracee->map_error;
	tracee->map_error = 0;
	if (r) {
		/* The program may not map memory (any more): the call cannot be redirected, and
		 * must not run on the wrong file. */
		tracee_finish(tracer, tracee, -ENOMEM);
		return 0;
	}
	r = scratch_map(tracee, size);
	if (r)
		tracee_fail(tracer, tracee, "cannot map memory", r);
	return 0;
}

/* getcwd(2): /proc tells the same name without a second stop. A name that the kernel would refuse
 * ("(unreachable)", " (deleted)") is the kernel's to refuse. */
static void enter_getcwd(struct tracer *tracer, struct tracee *tracee, const struct snr_call *call)
{
	static const char deleted[] = " (deleted)";
	const struct snr_host *host = &tracer->redirector.host;
	const struct snr_pathop *row = &snr_pathops[call->op];
	uint64_t out = call->arg[snr_pathop_find(row, SNR_ROLE_OUT)];
	uint64_t size = call->arg[snr_pathop_find(row, SNR_ROLE_OUTLEN)];
	char *real = tracer->text[0];
	struct tracee_piece piece = {tracer->name, 0};
	long n = host->directory(host->context, AT_FDCWD, real, SNR_PATH_MAX);
	long len;

	if (n <= 0 || real[0] != '/' ||
	    ((size_t)n >= sizeof(deleted) && !strcmp(real + n - sizeof(deleted) + 1, deleted))) {
		tracee_resume(tracee, 0);
		return;
	}
	len = snr_reverse(tracer->redirector.image, real, (size_t)n, tracer->name, SNR_PATH_MAX);
	if (len < 0 || (len == n && !memcmp(real, tracer->name, (size_t)n))) {
		tracee_resume(tracee, 0);
		return;
	}
	piece.size = (size_t)len + 1;
	if (piece.size > size)
		len = -ERANGE;
	else if (tracee_write(tracer, tracee, out, &piece, 1))
		len = -EFAULT;
	else
		len++;
	tracee_finish(tracer, tracee, len);
}

/* Let the kernel write the name to our memory, so that nothing but the program's own name ever
 * shows in its buffer. */
static int divert_output(struct tracee *tracee, const struct arch_call *call,
			 const struct snr_call *args, const uint8_t reg[SNR_NARGS],
			 uint64_t address)
{
	const struct snr_pathop *row = &snr_pathops[args->op];
	int out = snr_pathop_find(row, SNR_ROLE_OUT), len = snr_pathop_find(row, SNR_ROLE_OUTLEN);
	int r = tracee_replace_arg(tracee, call, reg[out], address);

	if (!r)
		r = tracee_replace_arg(tracee, call, reg[len], SNR_PATH_MAX);
	if (r)
		return r;
	tracee->out = args->arg[out];
	tracee->out_size = (uint32_t)args->arg[len];
	tracee->divert = address;
	tracee->due = TRACEE_REVERSE;
	return 0;
}

/* openat2(2): its struct open_how is at ADDRESS now. */
static int replace_how(struct tracee *tracee, const struct arch_call *call,
		       const struct snr_call *args, uint64_t address)
{
	int how = snr_pathop_find(&snr_pathops[args->op], SNR_ROLE_HOW);
	int r = tracee_replace_arg(tracee, call, how, address);

	return r ? r
		 : tracee_replace_arg(tracee, call, how + 1, sizeof(((struct snr_plan *)0)->how));
}

/* Hand the new strings over and run to the exit stop. */
static void enter_changed(struct tracer *tracer, struct tracee *tracee,
			  const struct arch_call *call, const struct snr_call *args,
			  const uint8_t reg[SNR_NARGS], const struct snr_plan *plan)
{
	struct tracee_piece pieces[SNR_MAX_PATHS + 1];
	uint64_t size = plan->reverse ? SNR_PATH_MAX : 0, address, at;
	unsigned n = plan->npaths;
	int r = 0;

	for (int i = 0; i < plan->npaths; i++) {
		pieces[i] = (struct tracee_piece){plan->text[i], (size_t)plan->path_len[i] + 1};
		size += pieces[i].size;
	}
	if (plan->how_changed) {
		pieces[n++] = (struct tracee_piece){plan->how, sizeof(plan->how)};
		size += sizeof(plan->how);
	}
	address = tracee_scratch(tracer, tracee, size);
	if (!address)
		return;
	note_plan(tracer, tracee, args, plan);
	if (n)
		r = (int)tracee_write(tracer, tracee, address, pieces, n);
	at = address;
	for (int i = 0; !r && i < plan->npaths; i++) {
		r = tracee_replace_arg(tracee, call, reg[plan->path_arg[i]], at);
		at += pieces[i].size;
	}
	if (!r && plan->how_changed)
		r = replace_how(tracee, call, args, at);
	if (!r && plan->reverse)
		r = divert_output(tracee, call, args, reg, at);
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
}

/* readlink(2) with a size that the kernel refuses (fs/stat.c: bufsiz <= 0) has no output. */
static bool has_output(const struct snr_call *args)
{
	int len = snr_pathop_find(&snr_pathops[args->op], SNR_ROLE_OUTLEN);

	return len >= 0 && (int32_t)(uint32_t)args->arg[len] > 0;
}

/* ld.so is to find the shim, whatever the rules put in its place. */
bool tracee_seeks_shim(const struct tracer *tracer, const struct snr_call *call)
{
	const struct snr_image *image = tracer->redirector.image;
	const struct snr_pathop *row = &snr_pathops[call->op];
	int arg = snr_spot_argument(row, 0);

	return image->engine == SNR_ENGINE_HYBRID && arg >= 0 &&
	       !strcmp(tracer->scratch.path, snr_string(image, image->shim64)) &&
	       !snr_pathop_lookup(row, arg, call->arg, NULL).writes;
}

static void enter_path(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		       enum snr_op op)
{
	const struct snr_pathop *row = &snr_pathops[op];
	struct snr_call args = {.op = op};
	uint8_t reg[SNR_NARGS];
	struct snr_plan plan;

	read_arguments(row, call, &args, reg);
	if ((row->effects & SNR_REVERSES) && snr_pathop_find(row, SNR_ROLE_LPATH) < 0) {
		enter_getcwd(tracer, tracee, &args);
		return;
	}
	for (int i = 0; i < SNR_MAX_PATHS; i++)
		plan.text[i] = tracer->text[i];
	if (row->effects & SNR_MOVES_ROOT) {
		tracer->roots_differ = true;
		gate_close_all(tracer);
	}
	snr_plan_call(&tracer->redirector, &tracer->scratch, &args, &plan);
	if (plan.verdict != SNR_UNCHANGED && tracee_seeks_shim(tracer, &args))
		plan.verdict = SNR_UNCHANGED;
	if (plan.overlay.deed && !overlay_act(tracer, tracee, &args, &plan))
		return;
	plan.reverse = plan.reverse && has_output(&args);
	if (plan.verdict != SNR_FINISHED && (row->effects & SNR_RELINKS)) {
		tracee->relinks = true;
		tracee->due = TRACEE_RESTORE;
	}
	if (plan.verdict == SNR_CHANGED || plan.reverse) {
		enter_changed(tracer, tracee, call, &args, reg, &plan);
		return;
	}
	note_plan(tracer, tracee, &args, &plan);
	if (plan.verdict == SNR_FINISHED)
		tracee_finish(tracer, tracee, plan.result);
	else
		tracee_resume(tracee, 0);
}

/* A child that is not to be traced would find the filter and no tracer: every path call would give
 * ENOSYS. It is traced like any other. */
static void enter_clone(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call)
{
	int r = tracee_replace_arg(tracee, call, 0, call->arg[0] & ~(uint64_t)CLONE_UNTRACED);

	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
}

/* struct clone_args: 64-bit words, the flags first. A copy is changed: the program's may be
 * read-only. Sizes beyond a page are refused by the kernel (E2BIG). */
static void enter_clone3(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call)
{
	struct tracee_piece piece = {tracer->name, (size_t)call->arg[1]};
	uint64_t flags, address;
	int r;

	if (call->arg[1] < sizeof(flags) || call->arg[1] > sizeof(tracer->name) ||
	    tracee_read(tracer, tracee, call->arg[0], &flags, sizeof(flags)) ||
	    !(flags & CLONE_UNTRACED) ||
	    tracee_read(tracer, tracee, call->arg[0], tracer->name, piece.size)) {
		tracee_resume(tracee, 0);
		return;
	}
	flags &= ~(uint64_t)CLONE_UNTRACED;
	memcpy(tracer->name, &flags, sizeof(flags));
	address = tracee_scratch(tracer, tracee, piece.size);
	if (!address)
		return;
	r = (int)tracee_write(tracer, tracee, address, &piece, 1);
	if (!r)
		r = tracee_replace_arg(tracee, call, 0, address);
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
}

/* Once a filter of the program's own is in, mmap may be forbidden: have memory before. */
static void prepare_memory(struct tracer *tracer, struct tracee *tracee)
{
	if (scratch_take(tracer, tracee, SNR_PATH_MAX)) {
		scratch_release(tracee);
	} else if (!tracee->map_error) {
		int r = scratch_map(tracee, SNR_PATH_MAX);

		if (r)
			tracee_fail(tracer, tracee, "cannot map memory", r);
		return;
	}
	tracee->map_error = 0;
	tracee_resume(tracee, 0);
}

/* An undumpable process hides its memory and its cwd from a tracer without CAP_SYS_PTRACE. Beneath
 * such a one it is told what it wants to hear. prctl(2): the value is 0 or 1, and 1 after exec. */
static void enter_prctl(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call)
{
	int option = (int)(uint32_t)call->arg[0];

	if (option == PR_SET_SECCOMP && call->arg[1] == SNR_GATE_ASK) {
		tracee_finish(tracer, tracee, SNR_GATE_TRACED);
	} else if (option == PR_SET_SECCOMP) {
		gate_close(tracer, tracee);
		if (call->arg[1] != SECCOMP_MODE_STRICT || !strict_enter(tracer, tracee, call))
			prepare_memory(tracer, tracee);
	} else if (option == PR_SET_DUMPABLE && call->arg[1] <= 1 && !tracer->sees_undumpable) {
		tracee->space->dumpable = (int8_t)call->arg[1];
		tracee_finish(tracer, tracee, 0);
	} else if (option == PR_GET_DUMPABLE && tracee->space->dumpable >= 0) {
		tracee_finish(tracer, tracee, tracee->space->dumpable);
	} else {
		tracee_resume(tracee, 0);
	}
}

/* The kernel refuses a second tracer, ptrace(2): EPERM. Who can do without us is handed over to the
 * one that it asks for; otherwise that is for the program to hear, and whoever reads the log is
 * told what would help. */
static void enter_ptrace(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call)
{
	bool itself = (uint32_t)call->arg[0] == PTRACE_TRACEME;
	pid_t tid = itself ? tracee->tid : (pid_t)(uint32_t)call->arg[1];
	struct tracee *target = tracee_find(tracer, tid);

	if (itself && hand_promise(tracer, tracee)) {
		tracee_finish(tracer, tracee, 0);
		return;
	}
	if (target && hand_begin(tracer, target, itself ? NULL : tracee)) {
		if (itself) {
			arch_put_off(tid);
			tracee_resume(tracee, 0);
		}
		return;
	}
	if (target)
		note_second_tracer(tracer, tracee, tid);
	tracee_resume(tracee, 0);
}

/* seccomp(2). libseccomp asks what there is by filters at NULL. */
static bool installs_filter(const struct arch_call *call)
{
	uint32_t operation = (uint32_t)call->arg[0];

	return operation == SECCOMP_SET_MODE_STRICT ||
	       (operation == SECCOMP_SET_MODE_FILTER && call->arg[2]);
}

static void enter_extra(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			int code)
{
	switch (code) {
	case FILTER_CLONE:
		enter_clone(tracer, tracee, call);
		return;
	case FILTER_CLONE3:
		enter_clone3(tracer, tracee, call);
		return;
	case FILTER_PRCTL:
		enter_prctl(tracer, tracee, call);
		return;
	case FILTER_PTRACE:
		enter_ptrace(tracer, tracee, call);
		return;
	case FILTER_SECCOMP:
		if (installs_filter(call))
			gate_close(tracer, tracee);
		if ((uint32_t)call->arg[0] == SECCOMP_SET_MODE_STRICT &&
		    strict_enter(tracer, tracee, call))
			return;
		prepare_memory(tracer, tracee);
		return;
	case FILTER_UNSHARE:
		if (tracee->space->refs > 1)
			gate_add_guest(tracer, tracee);
		tracer->roots_differ |= (call->arg[0] & CLONE_NEWNS) != 0;
		break;
	case FILTER_SETNS:
		tracer->roots_differ = true;
		tracee->moves = gate_is_there(tracer, tracee);
		break;
	}
	tracee_resume(tracee, 0);
}

static void enter_elsewhere(struct tracer *tracer, struct tracee *tracee,
			    const struct arch_call *call, int code)
{
	if (code < SNR_NOPS && (snr_pathops[code].effects & SNR_EXECS))
		tracee_exec_elsewhere(tracer, tracee, call, (enum snr_op)code);
	else
		tracee_resume(tracee, 0);
}

/* The filter cannot be taken off: a child without a tracer would get ENOSYS for what stops. */
static void enter_native(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			 int code)
{
	if (code == FILTER_CLONE || code == FILTER_CLONE3 || code == FILTER_PTRACE)
		enter_extra(tracer, tracee, call, code);
	else
		tracee_resume(tracee, 0);
}

void tracee_enter(struct tracer *tracer, struct tracee *tracee)
{
	struct arch_call call;
	int r = arch_read_call(tracee->tid, &call);
	int code;

	if (r) {
		tracee_fail(tracer, tracee, "cannot read a call", r);
		return;
	}
	tracee->abi = call.abi;
	tracer->current = tracee;
	if (tracee->records)
		record_forget(tracee);
	tracer->creds_known = false;
	tracee->fault.asked = tracee->fault.asked && tracee->fault.repeated;
	tracee->fault.repeated = false;
	code = filter_code_of(call.data);
	if (code >= 0 && code < SNR_NOPS && (snr_pathops[code].effects & SNR_MOVES_CWD))
		tracee->moves = gate_is_there(tracer, tracee);
	if (code == FILTER_STRICT)
		tracee_kill(tracee);
	else if (code < 0 || code >= FILTER_NCODES)
		/* A filter of the program's own asks for its tracer, and there is none: what the
		 * kernel answers then (seccomp(2), SECCOMP_RET_TRACE). */
		tracee_finish(tracer, tracee, -ENOSYS);
	else if (tracee->native)
		enter_native(tracer, tracee, &call, code);
	else if (code >= SNR_NOPS && code < FILTER_FIRST_ON)
		enter_extra(tracer, tracee, &call, code);
	else if (tracee_is_elsewhere(tracer))
		enter_elsewhere(tracer, tracee, &call, code);
	else if (code >= FILTER_FIRST_ON)
		fault_on(tracer, tracee, &call, (enum snr_on)(code - FILTER_FIRST_ON));
	else if (fault_named(tracer, tracee, &call, (enum snr_op)code))
		return;
	else if (snr_pathops[code].effects & SNR_EXECS)
		tracee_exec(tracer, tracee, &call, (enum snr_op)code);
	else if (snr_pathops[code].effects & SNR_LISTS)
		list_enter(tracer, tracee, &call, (enum snr_op)code);
	else if (socket_is_call(&snr_pathops[code]))
		socket_enter(tracer, tracee, &call, (enum snr_op)code);
	else
		enter_path(tracer, tracee, &call, (enum snr_op)code);
}
