/* SPDX-License-Identifier: MIT
 * Handing over: a thread has one tracer, and without one every call that our filter stops gives
 * ENOSYS. So the thread is made to install one filter more, whose answer, to ask a listener, comes
 * before that of ours (seccomp(2)); serve.c is that listener. From then on it needs no tracer, and
 * is let go. What redirects it from then on is its shim, or until it executes something bare.c.
 * Used inside tracer/ only.
 * It must never hand over what nobody redirects then, nor let a thread see a call that it did not
 * make.
 */
#include "tracer/hand.h"

#include "tracer/filter.h"
#include "tracer/hand_may.h"
#include "tracer/gate.h"
#include "tracer/memory.h"
#include "tracer/note.h"
#include "tracer/serve.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* linux/seccomp.h, since Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif
#define FLAGS (SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW)

/* asm/sigset: what PTRACE_GETSIGMASK takes. */
#define MASK_SIZE 8

enum stage {
	ASKED,   /* it will stop */
	MAP,     /* memory for the program of the filter */
	PROTECT, /* whose first page is to hold code */
	PRIVS,   /* who has no right to a filter must give up those it could gain */
	FILTER,  /* the filter: a descriptor comes back, which we take */
	CLOSE,
	UNMAP,
	BACK, /* its registers are as they were, it will stop once more */
};

struct tracee_hand {
	enum stage stage;
	enum hand_future future;
	bool entered; /* the call's entry was seen */
	bool failed;
	bool no_new_privs; /* was asked for */
	bool stopping;     /* a SIGSTOP came in between */
	pid_t waiter;
	int pidfd;
	int listener;
	uint64_t ip; /* where its calls are made */
	uint64_t flags, mask, map, size;
	struct arch_regs regs;
};

#ifdef SNR_GATE_ADDRESS

/* pidfd_getfd(2) asks for rights before it looks for the descriptor. */
static int open_pid(pid_t tgid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, tgid, 0);

	if (pidfd >= 0 && (syscall(SYS_pidfd_getfd, pidfd, INT32_MAX, 0) >= 0 || errno != EBADF)) {
		close(pidfd);
		return -1;
	}
	return pidfd;
}

bool hand_begin(struct tracer *tracer, struct tracee *tracee, struct tracee *waiter)
{
	struct tracee_hand *hand;
	enum hand_future future;
	uint64_t ip;

	if (tracee->kept || tracee->hand || tracee->orphan || tracee->unclaimed || tracee->dead)
		return false;
	if (waiter && (waiter->tgid == tracee->tgid || !hand_may_ask(tracee, waiter) ||
		       !hand_can_stop(tracee, waiter)))
		return false;
	future = hand_future(tracer, tracee, waiter, &ip);
	hand = future != HAND_REFUSED && !serve_start(tracer) ? calloc(1, sizeof(*hand)) : NULL;
	if (!hand)
		return false;
	hand->future = future;
	hand->ip = ip;
	hand->size = future == HAND_BARE
			     ? BARE_SIZE
			     : FILTER_MAX * sizeof(struct sock_filter) + 2 * sizeof(uint64_t);
	hand->listener = -1;
	hand->pidfd = open_pid(tracee->tgid);
	if (hand->pidfd < 0 || arch_ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0)) {
		if (hand->pidfd >= 0)
			close(hand->pidfd);
		free(hand);
		serve_spare(tracer);
		return false;
	}
	if (waiter) {
		hand->waiter = waiter->tid;
		waiter->waits_for = tracee->tid;
	}
	tracee->hand = hand;
	return true;
}

/* Between vfork and exec its parent sees nothing of it, so nobody can tell when it begins. Its
 * memory is its parent's: it must not be on a detour in code that others run, which it is not if
 * its exec is made in a place of its own. */
bool hand_promise(struct tracer *tracer, struct tracee *tracee)
{
	uint64_t ip;

	if (tracee->asked || tracee->kept || tracee->hand || tracee->space->refs == 1)
		return false;
	tracee->asked = true;
	tracee->asked = hand_future(tracer, tracee, NULL, &ip) == HAND_BARE && !serve_start(tracer);
	return tracee->asked;
}

void hand_at_exec(struct tracer *tracer, struct tracee *tracee)
{
	if (hand_begin(tracer, tracee, NULL)) {
		arch_put_off(tracee->tid);
		tracee_resume(tracee, 0);
		return;
	}
	note_second_tracer(tracer, tracee, tracee->tid);
	tracee_finish(tracer, tracee, -EPERM);
}

/* Who waited asks again where it was not handed over: the kernel refuses it. */
static void wake_waiter(struct tracer *tracer, const struct tracee *tracee, pid_t tid)
{
	struct tracee *waiter = tid ? tracee_find(tracer, tid) : NULL;

	if (!waiter || waiter->waits_for != tracee->tid)
		return;
	waiter->waits_for = 0;
	tracee_resume(waiter, 0);
}

void hand_forget(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_hand *hand = tracee->hand;

	if (!hand)
		return;
	tracee->hand = NULL;
	if (hand->listener >= 0)
		close(hand->listener);
	serve_spare(tracer);
	close(hand->pidfd);
	wake_waiter(tracer, tracee, hand->waiter);
	free(hand);
}

static void go_on(const struct tracee *tracee)
{
	arch_ptrace(PTRACE_SYSCALL, tracee->tid, 0, 0);
}

/* Make TRACEE call NR. The registers that it shall have in the end were kept at the first one. */
static int call(struct tracee *tracee, enum stage stage, long nr, const uint64_t *args, int n)
{
	struct tracee_hand *hand = tracee->hand;
	struct arch_regs other;
	int r = arch_call_at(tracee->tid, &arch_abis[0], hand->ip, (uint64_t)nr, args, n,
			     hand->stage == ASKED ? &hand->regs : &other);

	hand->stage = stage;
	hand->entered = false;
	if (!r)
		go_on(tracee);
	return r;
}

/* What is written to its memory. */
static uint64_t program_at(const struct tracee_hand *hand)
{
	return hand->future == HAND_BARE ? hand->map + BARE_CODE + BARE_HEAD : hand->map;
}

/* struct sock_fprog first, its instructions behind it. */
static int write_filter(struct tracer *tracer, struct tracee *tracee)
{
	const uint64_t map = program_at(tracee->hand);
	struct sock_filter *code = malloc(FILTER_MAX * sizeof(*code));
	int n = code ? filter_build(tracer->redirector.image, SECCOMP_RET_USER_NOTIF, code)
		     : -ENOMEM;
	const uint64_t program[2] = {(uint64_t)n, map + sizeof(program)};
	struct tracee_piece pieces[] = {{program, sizeof(program)},
					{code, (size_t)n * sizeof(*code)}};

	if (n > 0)
		n = (int)tracee_write(tracer, tracee, map, pieces, 2);
	free(code);
	return n;
}

static int call_filter(struct tracee *tracee, uint64_t flags)
{
	const struct tracee_hand *hand = tracee->hand;
	const uint64_t args[] = {SECCOMP_SET_MODE_FILTER, flags, program_at(hand)};

	tracee->hand->flags = flags;
	return call(tracee, FILTER, SYS_seccomp, args, 3);
}

/* Memory of ours that another child, which was handed over before it, has left here. */
static bool has_memory(struct tracer *tracer, const struct tracee *tracee)
{
	uint64_t signature;

	return tracee->hand->future == HAND_BARE && tracee->space->bare &&
	       !tracee_read(tracer, tracee, tracee->space->bare + BARE_CODE, &signature,
			    sizeof(signature)) &&
	       signature == tracer->signature;
}

static int begin(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_hand *hand = tracee->hand;
	const uint64_t all = ~0ull;
	const uint64_t args[] = {
		0, hand->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1,
		0};
	int r = tracee->changed ? tracee_restore(tracee) : 0;

	/* No handler is to run between two of our calls. */
	if (!r)
		r = (int)arch_ptrace(PTRACE_GETSIGMASK, tracee->tid, MASK_SIZE,
				     (uintptr_t)&hand->mask);
	if (!r)
		r = (int)arch_ptrace(PTRACE_SETSIGMASK, tracee->tid, MASK_SIZE, (uintptr_t)&all);
	if (r || !has_memory(tracer, tracee))
		return r ? r : call(tracee, MAP, SYS_mmap, args, 6);
	hand->map = tracee->space->bare;
	hand->failed = write_filter(tracer, tracee) != 0;
	return hand->failed ? -EFAULT
			    : call_filter(tracee, FLAGS | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static int finish_calls(struct tracee *tracee)
{
	int r = arch_set_regs(tracee->tid, &tracee->hand->regs);

	/* Only there a call that was interrupted is made again: ptrace(2), PTRACE_EVENT_STOP. */
	tracee->hand->stage = BACK;
	if (!r)
		r = (int)arch_ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
	if (!r)
		r = (int)arch_ptrace(PTRACE_CONT, tracee->tid, 0, 0);
	return r;
}

static int unmap(struct tracee *tracee)
{
	const uint64_t args[] = {tracee->hand->map, tracee->hand->size};

	return call(tracee, UNMAP, SYS_munmap, args, 2);
}

static int mapped(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	struct tracee_hand *hand = tracee->hand;

	hand->failed = result < 0 && result > -4096;
	if (hand->failed)
		return finish_calls(tracee);
	hand->map = (uint64_t)result;
	hand->failed = write_filter(tracer, tracee) != 0;
	if (!hand->failed && hand->future == HAND_BARE)
		return call(tracee, PROTECT, SYS_mprotect,
			    (const uint64_t[]){hand->map, BARE_CODE, PROT_READ | PROT_EXEC}, 3);
	return hand->failed ? unmap(tracee)
			    : call_filter(tracee, FLAGS | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* A question about a bare one may be put off by a signal: it is to be made again then. */
static int protected(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	const struct tracee_piece piece = {&tracer->signature, sizeof(tracer->signature)};
	struct tracee_hand *hand = tracee->hand;

	hand->failed =
		result != 0 || tracee_write(tracer, tracee, hand->map + BARE_CODE, &piece, 1);
	if (hand->failed)
		return unmap(tracee);
	tracee->space->bare = hand->map;
	return call_filter(tracee, FLAGS | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* The filter is in: from here on there is no way back. */
static int filtered(struct tracee *tracee, int64_t result)
{
	struct tracee_hand *hand = tracee->hand;

	if (result == -EINVAL && hand->flags != FLAGS)
		return call_filter(tracee, FLAGS);
	if (result == -EACCES && !hand->no_new_privs) {
		hand->no_new_privs = true;
		return call(tracee, PRIVS, SYS_prctl,
			    (const uint64_t[]){PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0}, 5);
	}
	/* EBUSY: it, or who it was forked by, has a listener already, and there can be one. */
	hand->failed = result < 0;
	if (hand->failed)
		return hand->future == HAND_BARE ? finish_calls(tracee) : unmap(tracee);
	hand->listener = (int)syscall(SYS_pidfd_getfd, hand->pidfd, (int)result, 0);
	if (hand->listener < 0)
		return -errno;
	return call(tracee, CLOSE, SYS_close, (const uint64_t[]){(uint64_t)result}, 1);
}

static int go_to_next(struct tracer *tracer, struct tracee *tracee)
{
	int64_t result;
	int r = arch_get_result(tracee->tid, &result);

	if (r)
		return r;
	switch (tracee->hand->stage) {
	case MAP:
		return mapped(tracer, tracee, result);
	case PROTECT:
		return protected(tracer, tracee, result);
	case PRIVS: /* seccomp(2): EACCES where it has neither that nor CAP_SYS_ADMIN */
		return call_filter(tracee, tracee->hand->flags);
	case FILTER:
		return filtered(tracee, result);
	case CLOSE:
		return tracee->hand->future == HAND_BARE ? finish_calls(tracee) : unmap(tracee);
	default:
		return finish_calls(tracee);
	}
}

/* It was answered already that it is traced: that is done now, and then its exec. */
static int write_start(struct tracee *tracee, int memory)
{
	const uint64_t none[ARCH_NARGS] = {PTRACE_TRACEME};
	struct tracee_hand *hand = tracee->hand;
	const uint64_t at =
		hand->map + BARE_START + tracee->space->starts++ % 4 * 2 * (uint64_t)ARCH_DETOUR;
	uint8_t code[2 * ARCH_DETOUR];
	uint64_t nr, back, args[ARCH_NARGS];
	unsigned size;

	arch_begin_at(&hand->regs, at, &nr, args, &back);
	size = arch_write_detour(code, SYS_ptrace, none, args, at + ARCH_DETOUR);
	memset(code + size, 0, sizeof(code) - size);
	size = ARCH_DETOUR + arch_write_call(code + ARCH_DETOUR, nr, back);
	if (pwrite(memory, code, size, (off_t)at) != (ssize_t)size)
		return -EIO;
	return arch_set_regs(tracee->tid, &hand->regs);
}

static int let_go(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_hand *hand = tracee->hand;
	const uint32_t alone = 1;
	const struct tracee_piece piece = {&alone, sizeof(alone)};
	struct bare bare;
	int r = hand->future == HAND_BARE ? bare_describe(&bare, tracee, hand->map) : 0;

	if (!r && tracee->asked)
		r = write_start(tracee, bare.memory);
	/* From now on nobody tells the shim of its cwd. It does not count as gone. */
	gate_add_guest(tracer, tracee);
	tracee->guest = false;
	if (!r)
		r = serve_listener(tracer, hand->listener,
				   hand->future == HAND_BARE ? &bare : NULL);
	hand->listener = -1;
	if (!r && hand->future == HAND_SHIM)
		r = (int)tracee_write(tracer, tracee,
				      SNR_GATE_ADDRESS + SNR_GATE_PAGE +
					      offsetof(struct snr_gate_words, alone),
				      &piece, 1);
	if (!r)
		r = (int)arch_ptrace(PTRACE_DETACH, tracee->tid, 0, 0);
	if (r)
		return r;
	if (hand->stopping)
		syscall(SYS_tgkill, tracee->tgid, tracee->tid, SIGSTOP);
	note_handed(tracer, tracee);
	tracee_drop(tracer, tracee);
	return 0;
}

static int finish(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_hand *hand = tracee->hand;
	int r = (int)arch_ptrace(PTRACE_SETSIGMASK, tracee->tid, MASK_SIZE, (uintptr_t)&hand->mask);

	if (r)
		return r;
	if (!hand->failed)
		return let_go(tracer, tracee);
	if (hand->stopping)
		syscall(SYS_tgkill, tracee->tgid, tracee->tid, SIGSTOP);
	tracee->kept = true;
	hand_forget(tracer, tracee);
	return 1;
}

/* Returns 0, 1: it is an ordinary stop, or -errno. */
static int handle(struct tracer *tracer, struct tracee *tracee, int status)
{
	struct tracee_hand *hand = tracee->hand;
	int sig = status >> 8 & 0xff, event = status >> 16;

	if (hand->stage == ASKED)
		return event == PTRACE_EVENT_STOP ? begin(tracer, tracee) : 1;
	if (hand->stage == BACK)
		return event == PTRACE_EVENT_STOP ? finish(tracer, tracee) : 1;
	if (!event && sig == (SIGTRAP | 0x80) && hand->entered)
		return go_to_next(tracer, tracee);
	if (!event && sig == (SIGTRAP | 0x80))
		hand->entered = true;
	else if (!event)
		hand->stopping = true; /* all that can be blocked are */
	go_on(tracee);
	return 0;
}

bool hand_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	int r = handle(tracer, tracee, status);

	if (r < 0)
		tracee_fail(tracer, tracee, "cannot be handed over", r);
	return r <= 0;
}

#else

bool hand_begin(struct tracer *tracer, struct tracee *tracee, struct tracee *waiter)
{
	return false;
}

bool hand_promise(struct tracer *tracer, struct tracee *tracee)
{
	return false;
}

void hand_at_exec(struct tracer *tracer, struct tracee *tracee)
{
}

bool hand_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	return false;
}

void hand_forget(struct tracer *tracer, struct tracee *tracee)
{
}

#endif
