/* SPDX-License-Identifier: MIT
 * Names that come back: readlink, realpath, getcwd and their kin.
 * Called by programs. It must never turn the stored text of a real symbolic link.
 */
#include "preload/shim.h"

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
SHIM_REAL_POINTER(char *, realpath, (const char *path, char *out))
SHIM_REAL_POINTER(char *, __realpath_chk, (const char *path, char *out, size_t room))
SHIM_REAL_POINTER(char *, canonicalize_file_name, (const char *path))

/* ---- readlink ---- */

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

SHIM_EXPORT ssize_t readlink(const char *path, char *out, size_t size)
{
	struct shim_slot *slot = shim_plan(SNR_readlink, (long)path, 0, 0, 0, 0);

	if (slot)
		return changed_readlink(slot, 0, AT_FDCWD, path, out, size);
	return real_readlink()(path, out, size);
}

SHIM_EXPORT ssize_t readlinkat(int dirfd, const char *path, char *out, size_t size)
{
	struct shim_slot *slot = shim_plan(SNR_readlinkat, dirfd, (long)path, 0, 0, 0);

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

/* ---- realpath ---- */

/* NULL with errno set, or OUT, or malloc'd memory where OUT is NULL. */
static char *canonical_in(struct snr_redirector *redirector, struct shim_slot *slot,
			  const char *path, long len, char *out)
{
	long n = len ? len : -ENOENT;

	if (len > 0)
		n = snr_canonical(redirector->image, &redirector->host, &slot->scratch, AT_FDCWD,
				  path, (size_t)len, slot->text[0]);
	if (n < 0) {
		shim_fail(n);
		return NULL;
	}
	if (!out)
		out = malloc((size_t)n + 1);
	if (out)
		snr_copy(out, slot->text[0], (size_t)n + 1);
	return out;
}

/* realpath(3) has no limit on the text that it is given, only on what comes out: drop what means
 * nothing. Returns the length in OUT of SNR_PATH_MAX bytes, or -errno. */
static long squeeze(const char *path, size_t len, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	struct snr_component c = {0};
	bool directory = false;

	while (snr_next_component(path, len, &c)) {
		directory = c.end < len || snr_is_dot(path + c.start, c.end - c.start);
		if (snr_is_dot(path + c.start, c.end - c.start))
			continue;
		if (builder.len || path[0] == '/')
			snr_add(&builder, "/", 1);
		snr_add(&builder, path + c.start, c.end - c.start);
	}
	if (directory || !builder.len)
		snr_add_text(&builder, path[0] == '/' || builder.len ? "/" : ".");
	return snr_finish(&builder);
}

#define ENDLESS (1024 * 1024)

/* As the glibc of the last years does it: every component must be there, and at most PATH_MAX bytes
 * come out. */
static char *canonical(const char *path, char *out)
{
	struct snr_redirector *redirector = shim_redirector();
	struct shim_slot *slot;
	long len = -EFAULT;

	if (redirector && path)
		len = shim_string_length(path, ENDLESS);
	if (len <
	    0) /* nothing to redirect, or an argument that the real function knows how to refuse */
		return real_realpath()(path, out);
	slot = shim_slot_take();
	if (!slot)
		return real_realpath()(path, out);
	if (len >= SNR_PATH_MAX) {
		len = squeeze(path, (size_t)len, slot->text[1]);
		path = slot->text[1];
	}
	out = canonical_in(redirector, slot, path, len, out);
	shim_slot_release(slot);
	return out;
}

SHIM_EXPORT char *realpath(const char *path, char *out)
{
	return canonical(path, out);
}

SHIM_EXPORT char *__realpath_chk(const char *path, char *out, size_t room)
{
	if (room < SNR_PATH_MAX)
		return real___realpath_chk()(path, out, room);
	return canonical(path, out);
}

SHIM_EXPORT char *canonicalize_file_name(const char *path)
{
	if (!shim_redirector())
		return real_canonicalize_file_name()(path);
	return canonical(path, NULL);
}
