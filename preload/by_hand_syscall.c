/* SPDX-License-Identifier: MIT
 * syscall(2): node, Go's cgo, Rust and many others reach the kernel by it.
 * Called by programs. Where no path is concerned it must be a jump to the real function with the
 * stack as it was: clone, vfork and rt_sigreturn come by here, too.
 */
#include "preload/child.h"
#include "preload/fault.h"
#include "preload/gate.h"
#include "preload/listing.h"
#include "preload/window.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>

#include "preload/syscall_entry.h"

typedef long syscall_call(long number, ...);

struct open_how;
extern int openat2(int dirfd, const char *path, const struct open_how *how, size_t size);

static syscall_call *real_syscall(void)
{
	static void *real;

	return (syscall_call *)shim_next(&real, "syscall", shim_missing);
}

long shim_libc_call(long number, const long args[SNR_NARGS])
{
	return real_syscall()(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* execve and execveat: as the wrappers of these names. */
static long execute(const struct snr_pathop *op, const long *args)
{
	int path = op->role[0] == SNR_ROLE_DIRFD ? 1 : 0;
	int flags = snr_pathop_find(op, SNR_ROLE_ATFLAGS);

	return shim_exec(path ? (int)args[0] : AT_FDCWD, (const char *)args[path],
			 flags < 0 ? 0 : (int)args[flags], (char *const *)args[path + 1],
			 (char *const *)args[path + 2]);
}

static long call_kernel(long number, const long *args)
{
	return snr_rawcall6(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* What the kernel, or a seccomp filter, says to a call that it does not have, or 0. It would say so
 * before it looks at the path, and programs then go without the call: openat2 in a strict snap.
 * Sure of those that take a structure alone, whose size 0 is refused first. */
static long missing_call(enum snr_op op, long number)
{
	if (snr_pathop_find(&snr_pathops[op], SNR_ROLE_HOW) < 0)
		return 0;
	long result = snr_rawcall4(number, AT_FDCWD, 0, 0, 0);
	return result == -EINVAL ? 0 : result;
}

static long changed_call(struct shim_slot *slot, enum snr_op op, long number, long *args)
{
	const struct snr_plan *plan = &slot->plan;
	long result = plan->verdict == SNR_FINISHED ? missing_call(op, number) : 0;

	if (plan->verdict != SNR_FINISHED) {
		for (int i = 0; i < plan->npaths; i++)
			args[plan->path_arg[i]] = (long)plan->text[i];
		if (plan->how_changed) {
			int how = snr_pathop_find(&snr_pathops[op], SNR_ROLE_HOW);

			args[how] = (long)plan->how;
			args[how + 1] = sizeof(plan->how);
		}
		if (shim_is_reversed(slot, op, args))
			result = shim_call_reversed(shim_redirector()->image, slot, number, op,
						    args);
		else
			result = call_kernel(number, args);
	} else if (!result) {
		result = plan->result;
	}
	shim_slot_release(slot);
	return result;
}

/* On 32 bit a 64-bit argument takes two registers; the table counts it as one, and what follows
 * moves by one (fanotify_mark's mask, argument 2, is the only one in front of a path). */
static long plan_split(enum snr_op op, long number, long *args)
{
	struct shim_slot *slot = shim_plan(op, args[0], args[1], args[2], args[4], args[5]);
	long result;

	if (slot && slot->plan.verdict == SNR_FINISHED) {
		result = slot->plan.result;
	} else {
		if (slot && slot->plan.npaths)
			args[slot->plan.path_arg[0] + 1] = (long)slot->plan.text[0];
		result = call_kernel(number, args);
	}
	if (slot)
		shim_slot_release(slot);
	return result;
}

/* The -errno of what a function of libc returned. */
static long kernel_result(long result)
{
	return result == -1 ? -errno : result;
}

static long serve(enum snr_op op, long number, long *args)
{
	struct shim_slot *slot;

	if (shim_is_socket_call(&snr_pathops[op]))
		return kernel_result(shim_socket_call(op, number, args));
	if (snr_pathops[op].effects & SNR_EXECS)
		return kernel_result(execute(&snr_pathops[op], args));
	if (snr_pathops[op].effects & SNR_LISTS)
		return shim_list(number, op == SNR_getdents ? sizeof(long) : 0, (int)args[0],
				 (void *)args[1], (unsigned)args[2]);
	if (sizeof(long) == 4 && (snr_pathops[op].effects & SNR_SPLIT64))
		return plan_split(op, number, args);
	slot = shim_plan(op, args[0], args[1], args[2], args[3], args[4]);
	if (slot)
		return changed_call(slot, op, number, args);
	return kernel_result(shim_libc_call(number, args));
}

/* A call on descriptors that a `fault` rule is about, or -1. */
static int fault_of_call(long number)
{
	const struct snr_redirector *redirector = shim_rules();

	return redirector && redirector->image->fault_ops ? shim_fault_on(redirector->image, number)
							  : -1;
}

long shim_serve(long number, long *args)
{
	int op = shim_op_of_call(number), on = fault_of_call(number);
	long result;

	if (shim_unmaps(number))
		shim_disbelieve(NULL, SIZE_MAX);
	if (op < 0)
		return on < 0 ? call_kernel(number, args)
			      : shim_fault_serve((enum snr_on)on, number, args);
	result = serve((enum snr_op)op, number, args);
	if (snr_pathops[op].effects & (SNR_MOVES_CWD | SNR_MOVES_ROOT))
		shim_moved();
	return result;
}

/* May a filter be installed by this call? */
static bool is_of_filters(long number)
{
	return number == __NR_seccomp || number == __NR_prctl;
}

/* The caller's words may be no arguments at all but its variables: they are copied, never written.
 */
long shim_syscall_path(long number, const long *words)
{
	int op = shim_op_of_call(number);
	long args[SNR_NARGS], result;

	for (int i = 0; i < SNR_NARGS; i++)
		args[i] = words[i];
	if (shim_gate_try(op, number, args, &result))
		return shim_result(result);
	result = shim_serve(number, args);
	if (result >= 0 && is_of_filters(number))
		shim_signal_filtered(number, args);
	return shim_result(result);
}

/* Its operations would be seen by nobody; programs fall back on ENOSYS. */
static bool io_uring_is_denied(void)
{
	const struct snr_redirector *redirector = shim_redirector();

	return redirector && !(redirector->image->flags & SNR_IMAGE_IO_URING);
}

/* Where syscall(NUMBER, ...) is to go on: the real function, or NULL for shim_syscall_path. */
void *shim_syscall_target(long number)
{
	int op = shim_op_of_call(number);

	if (((op >= 0 || is_of_filters(number)) && shim_redirector()) || shim_gate_takes(op) ||
	    fault_of_call(number) >= 0)
		return NULL;
	if (shim_unmaps(number))
		shim_disbelieve(NULL, SIZE_MAX);
	if (number == __NR_unshare || number == __NR_setns)
		shim_parted();
	if (number == __NR_io_uring_setup && io_uring_is_denied())
		return (void *)shim_missing;
	return (void *)real_syscall();
}

/* openat2(2), for which only the newest libc has a function. */
SHIM_EXPORT int openat2(int dirfd, const char *path, const struct open_how *how, size_t size)
{
	const long words[SNR_NARGS] = {dirfd, (long)path, (long)how, (long)size};

	return (int)shim_syscall_path(__NR_openat2, words);
}
