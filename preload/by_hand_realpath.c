/* SPDX-License-Identifier: MIT
 * realpath and its kin. To the kernel they are a readlink for each name and an access where a
 * directory is asked for (stdlib/canonicalize.c of glibc, since 2.33): the same questions, in the
 * same order, are asked here of what the program sees, so errors are those of a mount. Called by
 * programs. It must never know where a rule leads: readlink knows.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/rest.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

SHIM_REAL_POINTER(char *, realpath, (const char *path, char *out))
SHIM_REAL_POINTER(char *, __realpath_chk, (const char *path, char *out, size_t room))
SHIM_REAL_POINTER(char *, canonicalize_file_name, (const char *path))

#define ENDLESS   (1024 * 1024) /* the text may be longer than PATH_MAX, what comes out may not */
#define MAX_LINKS 40

/* The canonical name so far is where->out; "/" has length 0. */
struct real {
	struct snr_builder *where;
	struct snr_rest rest;
	char *link; /* room of SNR_PATH_MAX bytes */
	unsigned links;
};

/* Is what follows NAME a slash, dots or dot-dot, so that nobody else asks for a directory? */
static bool wants_directory(const struct real *real, const struct snr_name *name)
{
	struct snr_rest rest = real->rest;
	struct snr_name next;

	if (!name->slash)
		return false;
	while (snr_rest_next(&rest, &next))
		if (!snr_is_dot(next.name, next.len))
			return snr_is_dotdot(next.name, next.len);
	return true;
}

static long check_directory(struct real *real)
{
	size_t len = real->where->len;
	long result;

	snr_add(real->where, "/", 1);
	result = snr_finish(real->where);
	if (result >= 0)
		result = shim_access(real->where->out, F_OK);
	real->where->len = len;
	return result;
}

static void drop_last(struct real *real)
{
	struct snr_builder *where = real->where;

	while (where->len && where->out[--where->len] != '/')
		;
}

static long follow(struct real *real, const struct snr_name *name, size_t len)
{
	if (++real->links > MAX_LINKS)
		return -ELOOP;
	if (!snr_rest_push(&real->rest, real->link, len, name->slash))
		return -ENAMETOOLONG;
	if (real->link[0] == '/')
		real->where->len = 0;
	else
		drop_last(real);
	return 0;
}

static long step(struct real *real, const struct snr_name *name)
{
	long n;

	if (snr_is_dot(name->name, name->len))
		return 0;
	if (snr_is_dotdot(name->name, name->len)) {
		drop_last(real);
		return 0;
	}
	snr_add(real->where, "/", 1);
	snr_add(real->where, name->name, name->len);
	n = snr_finish(real->where);
	if (n < 0)
		return n;
	n = shim_read_link(real->where->out, real->link);
	if (n >= 0)
		return follow(real, name, (size_t)n);
	if (wants_directory(real, name))
		return check_directory(real);
	return n == -EINVAL ? 0 : n;
}

/* The name of the cwd, as the program sees it, is where everything starts. */
static long start_at_cwd(struct real *real)
{
	long n = snr_rawcall2(__NR_getcwd, real->link, SNR_PATH_MAX);

	if (n < 0)
		return n;
	if (real->link[0] != '/') /* "(unreachable)": glibc climbs, and finds no root */
		return -ENOENT;
	n = shim_reverse(real->link, (size_t)n - 1, real->where->out, SNR_PATH_MAX);
	if (n > 0)
		real->where->len = n == 1 ? 0 : (size_t)n;
	return n;
}

/* 0 or -errno; SLOT has room for what is worked with. */
static long find(struct shim_slot *slot, const char *path, size_t len, struct snr_builder *where)
{
	struct real real = {.where = where,
			    .rest = {.text = path,
				     .len = len,
				     .links = slot->scratch.pending,
				     .size = sizeof(slot->scratch.pending)},
			    .link = slot->text[1]};
	struct snr_name name;
	long result = 0;

	if (!len)
		return -ENOENT;
	if (path[0] != '/')
		result = start_at_cwd(&real);
	while (result >= 0 && snr_rest_next(&real.rest, &name))
		result = step(&real, &name);
	return result < 0 ? result : 0;
}

/* Where it fails, a buffer of the program's gets the name that was at fault. */
static char *give(struct snr_builder *where, long error, char *out)
{
	bool fits = snr_finish(where) >= 0;

	if (!error && !out)
		out = malloc(where->len + 1);
	if (out && fits && error != -ENAMETOOLONG)
		snr_copy(out, where->out, where->len + 1);
	if (!error)
		return out;
	shim_fail(error);
	return NULL;
}

static char *canonical(const char *path, char *out)
{
	struct snr_builder where = {.size = SNR_PATH_MAX};
	struct shim_slot *slot;
	long error, len = -EFAULT;

	if (shim_redirector() && path)
		len = shim_string_length(path, ENDLESS);
	slot = len < 0 ? NULL : shim_slot_take();
	if (!slot) /* nothing to redirect, or for the real function to refuse */
		return real_realpath()(path, out);
	where.out = slot->text[0];
	error = find(slot, path, (size_t)len, &where);
	if (!error && !where.len)
		snr_add(&where, "/", 1);
	out = give(&where, error, out);
	shim_slot_release(slot);
	return out;
}

SHIM_EXPORT char *realpath(const char *path, char *out)
{
	return canonical(path, out);
}

/* A buffer that is too small ends the program in the real function. */
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
