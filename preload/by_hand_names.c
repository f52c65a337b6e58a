/* SPDX-License-Identifier: MIT
 * Names that come back: readlink and its kin.
 * Called by programs. It must never turn the stored text of a real symbolic link.
 */
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

SHIM_REAL(ssize_t, readlinkat, (int dirfd, const char *path, char *out, size_t size))
SHIM_REAL(ssize_t, readlink, (const char *path, char *out, size_t size))
SHIM_REAL(ssize_t, __readlink_chk, (const char *path, char *out, size_t size, size_t room))
SHIM_REAL(ssize_t, __readlinkat_chk,
	  (int dirfd, const char *path, char *out, size_t size, size_t room))

/* The kernel makes the name of this link up: ours goes to OUT, cut there where it is too long. */
static ssize_t read_reversed(int dirfd, const char *path, char *out, size_t size)
{
	struct shim_slot *slot = shim_slot_take();
	long n;

	if (!slot)
		return shim_fail(-ENOMEM);
	n = snr_rawcall4(__NR_readlinkat, dirfd, path, slot->text[0], SNR_PATH_MAX);
	if (n > 0)
		n = shim_reverse(slot->text[0], (size_t)n, slot->text[1], SNR_PATH_MAX);
	if (n > 0) {
		long error;

		n = (size_t)n < size ? n : (long)size;
		error = shim_write(out, slot->text[1], (size_t)n);
		n = error ? error : n;
	}
	shim_slot_release(slot);
	return n < 0 ? shim_fail(n) : n;
}

static __attribute__((noinline)) ssize_t changed_readlink(struct shim_slot *slot, int arg,
							  int dirfd, const char *path, char *out,
							  size_t size)
{
	char text[SNR_PATH_MAX];
	bool reverse = slot->plan.reverse;
	long result;

	path = shim_take(slot, arg, path, text);
	if (shim_leave(slot, &result))
		return (ssize_t)result;
	/* The kernel takes the size for an int, and refuses what is not above 0. */
	if (reverse && (int)size > 0)
		return read_reversed(dirfd, path, out, size);
	return real_readlinkat()(dirfd, path, out, size);
}

#ifdef SNR_GATE_ADDRESS

const struct shim_direct shim_direct_readlink = {
	.op = SNR_readlink, .number = __NR_readlink, .path = 0, .flags = SNR_NARGS, .memo = true};
static const struct shim_direct direct_readlinkat = {.op = SNR_readlinkat,
						     .number = __NR_readlinkat,
						     .path = 1,
						     .flags = SNR_NARGS,
						     .memo = true};

static __attribute__((noinline)) ssize_t gate_readlink(const char *path, char *out, size_t size)
{
	const long args[SNR_NARGS] = {(long)path, (long)out, (long)size};
	long result = shim_gate_call(&shim_direct_readlink, args);

	return result != -ENOSYS ? shim_result(result) : real_readlink()(path, out, size);
}

static __attribute__((noinline)) ssize_t gate_readlinkat(int dirfd, const char *path, char *out,
							 size_t size)
{
	const long args[SNR_NARGS] = {dirfd, (long)path, (long)out, (long)size};
	long result = shim_gate_call(&direct_readlinkat, args);

	return result != -ENOSYS ? shim_result(result) : real_readlinkat()(dirfd, path, out, size);
}

#endif

/* A path that was seen before, under a rule. */
static __attribute__((noinline)) ssize_t moved_readlink(snr_memo_answer known, const char *path,
							char *out, size_t size)
{
	char text[SNR_PATH_MAX];

	return real_readlink()(shim_move(shim_redirector()->image, known, path, text), out, size);
}

SHIM_EXPORT ssize_t readlink(const char *path, char *out, size_t size)
{
	struct shim_slot *slot;
	snr_memo_answer known;

#ifdef SNR_GATE_ADDRESS
	if (shim_gate_is_open())
		return gate_readlink(path, out, size);
#endif
	known = shim_known(SNR_readlink, AT_FDCWD, path, 0);
	if (known > SNR_MEMO_UNCHANGED)
		return moved_readlink(known, path, out, size);
	slot = known ? NULL : shim_plan(SNR_readlink, (long)path, 0, 0, 0, 0);
	if (slot)
		return changed_readlink(slot, 0, AT_FDCWD, path, out, size);
	return real_readlink()(path, out, size);
}

SHIM_EXPORT ssize_t readlinkat(int dirfd, const char *path, char *out, size_t size)
{
	struct shim_slot *slot;
	snr_memo_answer known;

#ifdef SNR_GATE_ADDRESS
	if (shim_gate_is_open())
		return gate_readlinkat(dirfd, path, out, size);
#endif
	known = shim_known(SNR_readlinkat, dirfd, path, 0);
	if (known > SNR_MEMO_UNCHANGED)
		return moved_readlink(known, path, out, size);
	slot = known ? NULL : shim_plan(SNR_readlinkat, dirfd, (long)path, 0, 0, 0);
	if (slot)
		return changed_readlink(slot, 1, dirfd, path, out, size);
	return real_readlinkat()(dirfd, path, out, size);
}

/* A buffer that is too small ends the program in the real function. */
SHIM_EXPORT ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room)
{
	if (size > room)
		return real___readlink_chk()(path, out, size, room);
	return readlink(path, out, size);
}

SHIM_EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *out, size_t size,
				     size_t room)
{
	if (size > room)
		return real___readlinkat_chk()(dirfd, path, out, size, room);
	return readlinkat(dirfd, path, out, size);
}

long shim_read_link(const char *path, char *out)
{
	struct shim_slot *slot = NULL;
	long n;

	if (shim_known(SNR_readlink, AT_FDCWD, path, 0) != SNR_MEMO_UNCHANGED)
		slot = shim_plan(SNR_readlink, (long)path, 0, 0, 0, 0);
	if (!slot)
		return snr_rawcall4(__NR_readlinkat, AT_FDCWD, path, out, SNR_PATH_MAX);
	if (slot->plan.npaths)
		path = slot->text[0];
	if (slot->plan.verdict == SNR_FINISHED)
		n = slot->plan.result;
	else
		n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, path, slot->text[1], SNR_PATH_MAX);
	if (n > 0 && slot->plan.reverse)
		n = shim_reverse(slot->text[1], (size_t)n, out, SNR_PATH_MAX);
	else if (n > 0)
		snr_copy(out, slot->text[1], (size_t)n);
	shim_slot_release(slot);
	return n;
}
