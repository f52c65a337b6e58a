/* SPDX-License-Identifier: MIT
 * Within a window: a system call that libc made by itself, planned and done here.
 * Called by the kernel only, as the handler of SIGSYS. It must never let a handler of the program
 * run while calls are trapped: those mask whatever they like, and a trap that is masked kills.
 */
#include "preload/window.h"

#include "preload/trap_regs.h"
#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <stddef.h>

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2 /* asm-generic/siginfo.h, Linux 5.11 */
#endif

#if SHIM_TRAPS

static const int argument_register[SNR_NARGS] = {TRAP_ARGUMENTS};

/* Where a signal's frame and its context lie. */
struct trap {
	siginfo_t *info;
	ucontext_t *context;
};

static void set(const struct trap *trap, int reg, long value)
{
	trap->context->uc_mcontext.gregs[reg] = value;
}

static long get(const struct trap *trap, int reg)
{
	return (long)trap->context->uc_mcontext.gregs[reg];
}

/* ---- no window any more ---- */

static void end_window(const struct trap *trap)
{
	uint64_t mask = shim_thread.mask;

	shim_dispatch_off();
	shim_thread.selector = SHIM_ALLOW;
	shim_thread.frame = 0;
	__builtin_memcpy(&trap->context->uc_sigmask, &mask, sizeof(mask));
}

/* The call is made again, by whoever made it. Both ways to make one have two bytes; the number is
 * in its register again (kernel/entry/syscall_user_dispatch.c). */
static void end_window_before(const struct trap *trap)
{
	end_window(trap);
	set(trap, TRAP_NEXT, get(trap, TRAP_NEXT) - 2);
}

/* ---- children ---- */

/* What is to be made, as far as it concerns us. */
struct birth {
	uint64_t flags;
	uintptr_t stack; /* 0: the parent's */
};

static bool read_birth(long number, const long *args, struct birth *birth)
{
	const struct clone_args *more = (const struct clone_args *)args[0];

	*birth = (struct birth){0};
	if (number == __NR_clone) {
		birth->flags = (unsigned long)args[0];
		birth->stack = (uintptr_t)args[1];
	} else if (number == __NR_vfork) {
		birth->flags = CLONE_VM | CLONE_VFORK;
	} else if (number == __NR_clone3) {
		if (args[1] < CLONE_ARGS_SIZE_VER0 || !shim_is_readable(more, CLONE_ARGS_SIZE_VER0))
			return false;
		birth->flags = more->flags;
		birth->stack = more->stack ? (uintptr_t)(more->stack + more->stack_size) : 0;
	}
	return true;
}

/* A child that goes on beside its parent in the same memory (a thread), or on the same stack
 * (vfork), cannot start in here. */
static bool can_start_here(const struct birth *birth)
{
	return !(birth->flags & CLONE_SETTLS) &&
	       (!(birth->flags & CLONE_VM) || ((birth->flags & CLONE_VFORK) && birth->stack));
}

/* The child goes on where the call was made, within a window of its own: the kernel has switched
 * the dispatch off in it. Its parent, which waits or has its own copy of this stack, comes by here,
 * too: nothing above this frame may be written. */
static _Noreturn __attribute__((noinline)) void start_child(const struct trap *trap,
							    const struct birth *birth)
{
	uintptr_t frame = trap_frame(trap->info, trap->context);

	set(trap, TRAP_NUMBER, 0);
	if (birth->stack) {
		set(trap, TRAP_STACK, (long)birth->stack);
		shim_thread.frame = UINTPTR_MAX;
	}
	shim_set_mask(SHIM_WINDOW_MASK);
	if (shim_dispatch_on() == 0)
		shim_thread.selector = SHIM_BLOCK;
	trap_leave(__NR_rt_sigreturn, frame);
}

static __attribute__((noinline)) long call_birth(const struct trap *trap, long number,
						 const long *args, const struct birth *birth)
{
	long result = trap_birth(number, args[0], args[1], args[2], args[3], args[4]);

	if (result == 0)
		start_child(trap, birth);
	return result;
}

static long give_birth(const struct trap *trap, long number, const long *args,
		       const struct birth *birth)
{
	const struct shim_thread window = shim_thread;
	long stack = get(trap, TRAP_STACK), result, words[SNR_NARGS];
	struct clone_args more = {0};

	for (int i = 0; i < SNR_NARGS; i++)
		words[i] = args[i];
	if (number == __NR_clone) {
		words[1] = 0;
	} else if (number == __NR_clone3) {
		size_t size = (size_t)args[1] < sizeof(more) ? (size_t)args[1] : sizeof(more);

		__builtin_memcpy(&more, (const void *)args[0], size);
		more.stack = more.stack_size = 0;
		words[0] = (long)&more;
		words[1] = (long)size;
	}
	result = call_birth(trap, number, words, birth);
	shim_thread = window;
	set(trap, TRAP_STACK, stack);
	return result;
}

static bool is_birth(long number)
{
	return number == __NR_clone || number == __NR_clone3 || number == __NR_fork ||
	       number == __NR_vfork;
}

/* ---- signals ---- */

/* rt_sigprocmask(2) on the program's mask, which is not that of the thread now. */
static long change_mask(const long *args)
{
	uint64_t mask = shim_thread.mask, change;

	if (args[3] != sizeof(mask))
		return -EINVAL;
	if (args[1]) {
		if (!shim_is_readable((const void *)args[1], sizeof(change)))
			return -EFAULT;
		__builtin_memcpy(&change, (const void *)args[1], sizeof(change));
		if (args[0] == SIG_BLOCK)
			shim_thread.mask |= change;
		else if (args[0] == SIG_UNBLOCK)
			shim_thread.mask &= ~change;
		else if (args[0] == SIG_SETMASK)
			shim_thread.mask = change;
		else
			return -EINVAL;
	}
	return args[2] ? shim_write((void *)args[2], (const char *)&mask, sizeof(mask)) : 0;
}

/* ---- the call ---- */

/* With the program's mask: a call may sleep, and signals are to wake it. */
static long call(const struct trap *trap, long number, long *args)
{
	struct birth birth;
	long result;

	if (number == __NR_rt_sigprocmask)
		return change_mask(args);
	if (number == __NR_rt_sigaction && args[0] == SIGSYS)
		return shim_signal_ask(args);
	shim_set_mask(shim_thread.mask);
	if (is_birth(number) && read_birth(number, args, &birth))
		result = give_birth(trap, number, args, &birth);
	else
		result = shim_serve(number, args);
	if (number == __NR_wait4 || number == __NR_waitid)
		shim_forget();
	shim_set_mask(SHIM_WINDOW_MASK);
	return result;
}

static void serve(const struct trap *trap)
{
	long number = get(trap, TRAP_NUMBER), args[SNR_NARGS];
	struct birth birth;

	for (int i = 0; i < SNR_NARGS; i++)
		args[i] = get(trap, argument_register[i]);
	if (trap->info->si_arch != TRAP_ARCH ||
	    (is_birth(number) && read_birth(number, args, &birth) && !can_start_here(&birth)))
		return end_window_before(trap);
	set(trap, TRAP_NUMBER, call(trap, number, args));
	/* Whoever calls from above the window has left it by a jump. */
	if ((uintptr_t)get(trap, TRAP_STACK) > shim_thread.frame)
		end_window(trap);
}

static bool is_return(long number)
{
#ifdef __NR_sigreturn
	if (number == __NR_sigreturn)
		return true;
#endif
	return number == __NR_rt_sigreturn;
}

void shim_trap(int number, siginfo_t *info, void *context)
{
	const struct trap trap = {info, context};
	int saved = errno;

	if (info->si_code != SYS_USER_DISPATCH)
		return shim_signal_forward(number, info, context);
	/* From the handler of a fault. */
	if (is_return(get(&trap, TRAP_NUMBER)))
		trap_leave(get(&trap, TRAP_NUMBER), (uintptr_t)get(&trap, TRAP_STACK));
	shim_thread.selector = SHIM_ALLOW;
	serve(&trap);
	errno = saved;
	if (shim_thread.frame)
		shim_thread.selector = SHIM_BLOCK;
}

#endif
