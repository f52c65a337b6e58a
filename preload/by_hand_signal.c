/* SPDX-License-Identifier: MIT
 * The program's action for SIGSYS. Once there was a window the kernel's is ours, for good: another
 * thread may be within one. Called by programs and by windows. It must never show the program
 * anything but its own action, nor take a SIGSYS that was meant for it.
 */
#include "preload/window.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* linux/prctl.h, Linux 5.11 */
#endif
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* asm-generic/siginfo.h */
#endif
#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000 /* asm/signal.h of x86 */
#endif

SHIM_REAL(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old))
SHIM_REAL_POINTER(sighandler_t, signal, (int number, sighandler_t handler))
SHIM_REAL_POINTER(sighandler_t, __sysv_signal, (int number, sighandler_t handler))
SHIM_REAL(int, prctl, (int option, ...))

/* struct sigaction of the kernel on x86 (asm/signal.h), either word size. */
struct shim_action {
	union {
		sighandler_t plain;
		void (*informed)(int, siginfo_t *, void *);
	} handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static struct shim_action wanted; /* the program's */
static bool taken, forbidden;

static long kernel_action(const struct shim_action *action, struct shim_action *old)
{
	return snr_rawcall4(__NR_rt_sigaction, SIGSYS, action, old, sizeof(action->mask));
}

/* The program may have set an action past us (Go does). A handler that runs on another stack does
 * so here, too: it may interrupt a stack that has no room for it. */
bool shim_signal_take(void)
{
	struct shim_action now, ours = {.handler.informed = shim_trap,
					.flags = SA_SIGINFO | SA_NODEFER | SA_RESTORER,
					.restorer = shim_trap_return};

	if (__atomic_load_n(&forbidden, __ATOMIC_RELAXED) || kernel_action(NULL, &now) < 0)
		return false;
	if (now.handler.informed == shim_trap)
		return true;
	wanted = now;
	ours.flags |= now.flags & SA_ONSTACK;
	__atomic_store_n(&taken, true, __ATOMIC_RELEASE);
	return kernel_action(&ours, NULL) == 0;
}

static bool is_ours(int number)
{
	return number == SIGSYS && __atomic_load_n(&taken, __ATOMIC_ACQUIRE);
}

/* ---- a signal of the program's own ---- */

static _Noreturn void die(void)
{
	const struct shim_action standard = {.handler.plain = SIG_DFL};

	kernel_action(&standard, NULL);
	shim_set_mask(0);
	for (;;)
		snr_rawcall2(__NR_tkill, snr_rawcall1(__NR_gettid, 0), SIGSYS);
}

static void run_handler(int number, siginfo_t *info, void *context)
{
	const struct shim_action action = wanted;
	uint64_t mask = action.mask;

	if (!(action.flags & SA_NODEFER))
		mask |= 1ull << (SIGSYS - 1);
	if (action.flags & SA_RESETHAND)
		wanted.handler.plain = SIG_DFL;
	snr_rawcall4(__NR_rt_sigprocmask, SIG_BLOCK, &mask, NULL, sizeof(mask));
	action.handler.informed(number, info, context);
}

/* A filter's signal cannot be ignored. */
void shim_signal_forward(int number, siginfo_t *info, void *context)
{
	uint8_t selector = shim_thread.selector;

	if (wanted.handler.plain == SIG_DFL ||
	    (wanted.handler.plain == SIG_IGN && info->si_code == SYS_SECCOMP))
		die();
	if (wanted.handler.plain == SIG_IGN)
		return;
	shim_thread.selector = SHIM_ALLOW;
	run_handler(number, info, context);
	shim_thread.selector = selector;
}

/* ---- what the program sees ---- */

long shim_signal_ask(const long *args)
{
	if (args[3] != sizeof(wanted.mask))
		return -EINVAL;
	return args[2] ? shim_write((void *)args[2], (const char *)&wanted, sizeof(wanted)) : 0;
}

/* sa_mask is larger in libc than in the kernel. */
static int change_action(const struct sigaction *action, struct sigaction *old)
{
	const struct shim_action was = wanted;

	if (action) {
		wanted.handler.informed = action->sa_sigaction;
		wanted.flags = (unsigned)action->sa_flags | SA_RESTORER;
		__builtin_memcpy(&wanted.mask, &action->sa_mask, sizeof(wanted.mask));
	}
	if (old) {
		sigemptyset(&old->sa_mask);
		__builtin_memcpy(&old->sa_mask, &was.mask, sizeof(was.mask));
		old->sa_sigaction = was.handler.informed;
		old->sa_flags = (int)was.flags;
		old->sa_restorer = was.restorer;
	}
	return 0;
}

void shim_signal_before_exec(void)
{
	if (is_ours(SIGSYS) && wanted.handler.plain == SIG_IGN)
		kernel_action(&wanted, NULL);
}

static sighandler_t change_handler(sighandler_t handler, int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;

	if (handler == SIG_ERR) {
		shim_fail(-EINVAL);
		return SIG_ERR;
	}
	if (!(flags & SA_NODEFER))
		sigaddset(&action.sa_mask, SIGSYS);
	change_action(&action, &old);
	return old.sa_handler;
}

SHIM_EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	return is_ours(number) ? change_action(action, old) : real_sigaction()(number, action, old);
}

SHIM_EXPORT sighandler_t signal(int number, sighandler_t handler)
{
	return is_ours(number) ? change_handler(handler, SA_RESTART)
			       : real_signal()(number, handler);
}

SHIM_EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler)
{
	return is_ours(number) ? change_handler(handler, SA_RESETHAND | SA_NODEFER)
			       : real___sysv_signal()(number, handler);
}

/* ---- filters ---- */

/* A call that a filter of the program's own does not expect may be its end, and a dispatch of its
 * own (Wine) is not ours to switch: no windows any more. */
void shim_signal_filtered(long number, const long *args)
{
	if (number == __NR_prctl
		    ? args[0] == PR_SET_SECCOMP || args[0] == PR_SET_SYSCALL_USER_DISPATCH
		    : args[0] == SECCOMP_SET_MODE_STRICT || args[0] == SECCOMP_SET_MODE_FILTER)
		__atomic_store_n(&forbidden, true, __ATOMIC_RELAXED);
}

SHIM_EXPORT int prctl(int option, ...)
{
	long args[5] = {option};
	va_list list;
	int result;

	va_start(list, option);
	for (int i = 1; i < 5; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	result = real_prctl()(option, args[1], args[2], args[3], args[4]);
	if (result == 0)
		shim_signal_filtered(__NR_prctl, args);
	return result;
}
