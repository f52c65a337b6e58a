/* SPDX-License-Identifier: MIT
 * What every wrapper does: plan the call, take the changed paths out, finish or go on.
 * For preload/ only. It must never change errno but where the call itself fails.
 */
#include "preload/fault.h"

#include "shared/callnumbers.h"
#include "shared/overlay_act.h"
#include "shared/rawcall/rawcall.h"
#include "shared/record.h"
#include "shared/start.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>

long shim_fail(long error)
{
	errno = (int)-error;
	return -1;
}

bool shim_needs_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

/* As glibc reads it: at most seven letters, up to a comma. */
long shim_stream_flags(const char *mode)
{
	long flags = mode[0] == 'r'   ? O_RDONLY
		     : mode[0] == 'w' ? O_WRONLY | O_CREAT | O_TRUNC
				      : O_WRONLY | O_CREAT | O_APPEND;

	for (int i = 1; i < 7 && mode[i] && mode[i] != ','; i++) {
		if (mode[i] == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		else if (mode[i] == 'x')
			flags |= O_EXCL;
	}
	return flags;
}

/* What is to be told of each path of a planned call. */
static void tell_plan(const struct snr_redirector *redirector, const struct snr_call *call,
		      const struct snr_plan *plan)
{
	const struct snr_pathop *row = &snr_pathops[call->op];
	bool leads = plan->verdict == SNR_CHANGED && !plan->result;
	int result = snr_plan_error(plan), n = 0;

	shim_count(redirector, leads, result, plan->rule);
	for (int i = 0; i < SNR_NARGS; i++) {
		bool changed = leads && n < plan->npaths && plan->path_arg[n] == i;
		struct snr_event event;

		if (!snr_role_is_path(row->role[i]))
			continue;
		event = snr_event_of(&redirector->host, call, i);
		event.from = (const char *)(uintptr_t)call->arg[i];
		event.to = changed ? plan->text[n] : NULL;
		event.result = result;
		event.rule = plan->rule;
		n += changed;
		shim_tell_path(redirector, &event);
	}
}

/* Has this thread CAP_FOWNER? capget(2). */
static bool owns_all(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return snr_rawcall2(__NR_capget, &head, data) == 0 &&
	       (data[0].effective & 1u << CAP_FOWNER);
}

/* The kernel judges us as it will judge the call. */
struct snr_actor shim_actor(void)
{
	uint32_t uid = (uint32_t)snr_rawcall1(__NR_geteuid, 0);

	return (struct snr_actor){.root = "",
				  .process = "/proc/thread-self",
				  .uid = uid && owns_all() ? 0 : uid};
}

/* What an overlay wants done before the call. */
static void act(const struct snr_redirector *redirector, struct shim_slot *slot,
		const struct snr_call *call)
{
	const struct snr_actor actor = shim_actor();

	snr_overlay_act(redirector, &slot->scratch, &actor, call, &slot->plan);
}

struct shim_slot *shim_plan_call(struct snr_redirector *redirector, const struct snr_call *call)
{
	struct shim_slot *slot = shim_slot_take();

	if (!slot)
		return NULL;
	if (__builtin_expect(snr_fault_is_named(redirector->image, call->op), 0) &&
	    shim_fault_plan(redirector, call, slot))
		return slot;
	snr_plan_call(redirector, &slot->scratch, call, &slot->plan);
	if (slot->plan.overlay.deed)
		act(redirector, slot, call);
	if (__builtin_expect(redirector->image->watched, 0))
		tell_plan(redirector, call, &slot->plan);
	else if (slot->plan.memo)
		shim_learn(call, slot);
	return slot;
}

struct shim_slot *shim_plan(enum snr_op op, long a, long b, long c, long d, long e)
{
	const struct snr_call call = {.op = op,
				      .arg = {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d,
					      (uint64_t)e}};
	struct snr_redirector *redirector = shim_redirector();
	struct shim_slot *slot = redirector ? shim_plan_call(redirector, &call) : NULL;

	if (!slot)
		return NULL;
	if (slot->plan.verdict != SNR_UNCHANGED || slot->plan.reverse)
		return slot;
	shim_slot_release(slot);
	return NULL;
}

void shim_forget(void)
{
	struct snr_redirector *redirector = shim_redirector();

	if (redirector)
		snr_facts_forget(redirector->facts);
}

void shim_moved(void)
{
	struct snr_redirector *redirector = shim_redirector();

	if (redirector)
		snr_start_forget(redirector->facts);
}

void shim_parted(void)
{
	struct snr_redirector *redirector = shim_redirector();

	if (redirector && redirector->facts)
		__atomic_store_n(&redirector->facts->start.moving, true, __ATOMIC_RELAXED);
}

const char *shim_take(const struct shim_slot *slot, int arg, const char *path, char *text)
{
	const struct snr_plan *plan = &slot->plan;

	if (plan->verdict != SNR_CHANGED)
		return path;
	for (int i = 0; i < plan->npaths; i++) {
		if (plan->path_arg[i] == arg) {
			snr_copy(text, plan->text[i], plan->path_len[i] + 1u);
			return text;
		}
	}
	return path;
}

bool shim_leave(struct shim_slot *slot, long *result)
{
	enum snr_verdict verdict = slot->plan.verdict;
	long answer = slot->plan.result;

	shim_slot_release(slot);
	if (verdict != SNR_FINISHED)
		return false;
	*result = answer < 0 ? shim_fail(answer) : answer;
	return true;
}

const char *shim_redirect(enum snr_op op, const char *path, char *text)
{
	struct shim_slot *slot = shim_plan(op, (long)path, 0, 0, 0, 0);
	long result;

	if (!slot)
		return path;
	path = shim_take(slot, 0, path, text);
	return shim_leave(slot, &result) ? NULL : path;
}

long shim_stat(const char *path, struct stat64 *st, int flags)
{
	return shim_stat_at(AT_FDCWD, path, st, flags);
}

long shim_stat_at(int dirfd, const char *path, struct stat64 *st, int flags)
{
	struct shim_slot *slot = shim_plan(SNR_newfstatat, dirfd, (long)path, 0, flags, 0);
	long result;

	if (!slot)
		return shim_stat_real(dirfd, path, st, flags);
	if (slot->plan.verdict == SNR_FINISHED)
		result = slot->plan.result;
	else
		result = shim_stat_real(dirfd, slot->plan.npaths ? slot->plan.text[0] : path, st,
					flags);
	shim_slot_release(slot);
	return result;
}

long shim_access(const char *path, int mode)
{
	return shim_access_at(AT_FDCWD, path, mode);
}

long shim_access_at(int dirfd, const char *path, int mode)
{
	struct shim_slot *slot = shim_plan(SNR_faccessat2, dirfd, (long)path, mode, AT_EACCESS, 0);
	const struct snr_plan *plan = slot ? &slot->plan : NULL;
	long result;

	if (plan && plan->verdict == SNR_FINISHED)
		result = plan->result;
	else
		result = shim_access_real(dirfd, plan && plan->npaths ? plan->text[0] : path, mode);
	if (slot)
		shim_slot_release(slot);
	return result;
}

bool shim_is_reversed(const struct shim_slot *slot, enum snr_op op, const long *args)
{
	return slot->plan.reverse &&
	       (int)args[snr_pathop_find(&snr_pathops[op], SNR_ROLE_OUTLEN)] > 0;
}

/* The kernel's name goes to memory of ours; the program's is cut where it is too long for readlink,
 * and -ERANGE for getcwd, which counts the NUL. */
long shim_call_reversed(const struct snr_image *image, struct shim_slot *slot, long number,
			enum snr_op op, long *args)
{
	int out = snr_pathop_find(&snr_pathops[op], SNR_ROLE_OUT);
	void *place = (void *)args[out];
	size_t size = (size_t)args[out + 1];
	size_t nul = out == 0;
	char *name = slot->scratch.real;
	long n, error;

	args[out] = (long)slot->text[1];
	args[out + 1] = SNR_PATH_MAX;
	n = snr_rawcall6(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (n > 0)
		n = snr_reverse(image, slot->text[1], (size_t)n - nul, name, SNR_PATH_MAX);
	if (n < 0)
		return n;
	n += (long)nul;
	if (nul && (size_t)n > size)
		return -ERANGE;
	n = (size_t)n < size ? n : (long)size;
	error = shim_write(place, name, (size_t)n);
	return error ? error : n;
}

long shim_reverse(const char *name, size_t len, char *out, size_t size)
{
	struct snr_redirector *redirector = shim_redirector();

	if (!redirector)
		return -ENOSYS;
	return snr_reverse(redirector->image, name, len, out, size);
}
