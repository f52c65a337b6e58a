/* SPDX-License-Identifier: MIT
 * Overlays: calls that make a name. Where a whiteout is, what is made takes its place in one step:
 * neither may the lower file be seen in between, nor the whiteout be lost for a call that fails.
 * Only overlay_act.c calls it. It must never make what the kernel would not make.
 */
#include "shared/overlay_doing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/spot.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define EMPTY_PATH 0x1000u /* AT_EMPTY_PATH of <fcntl.h> */
#define LINK_FLAGS 0x1400u /* and AT_SYMLINK_FOLLOW */

bool snr_doing_has_slash(const struct snr_doing *doing, int n)
{
	return doing->path[n].end > doing->path[n].len;
}

/* What the kernel refuses of the call once the place is free. The whiteout must be there still. The
 * text of a link is in scratch->path afterwards. */
static long refusal(const struct snr_doing *doing, int n)
{
	if (snr_doing_has_slash(doing, n) &&
	    !(snr_pathops[doing->call->op].effects & SNR_DIRECTORY))
		return doing->plan->overlay.deed == SNR_DEED_OPEN ? -EISDIR : -ENOENT;
	return snr_text_error(doing->redirector, doing->scratch, doing->call);
}

/* Nothing is at path N by any layer: let the upper one have its directory, and no whiteout. */
static long make_room(struct snr_doing *doing, int n)
{
	long error = refusal(doing, n);

	if (!error)
		error = snr_doing_may_write(doing, n);
	if (error)
		return error;
	if (doing->path[n].layer == SNR_LAYER_LOWER) {
		error = snr_copy_parents_up(doing, n);
	} else {
		error = snr_doing_name(doing, n, false, doing->path[n].len,
				       doing->scratch->spot[0]);
		if (error >= 0)
			error = snr_remove_upper(doing, doing->scratch->spot[0], false);
		if (error == -ENOENT)
			error = 0;
	}
	return error ? error : snr_turn_up(doing, n);
}

/* ---- in the place of a whiteout ---- */

static uint32_t argument(const struct snr_doing *doing, enum snr_role role)
{
	int arg = snr_pathop_find(&snr_pathops[doing->call->op], role);

	return arg < 0 ? 0 : (uint32_t)doing->call->arg[arg];
}

/* The number of a device we are not always told. */
static long make_node(const struct snr_doing *doing, uint32_t mode, const char *temporary)
{
	uint32_t type = snr_mode_type(mode);

	if (type == SNR_TYPE_CHAR || type == SNR_TYPE_BLOCK)
		return doing->actor->uid ? -EPERM : -ENOSYS;
	return snr_rawcall4(__NR_mknodat, AT_FDCWD, temporary, mode, 0);
}

/* What the call makes at path N, at TEMPORARY. -ENOSYS: only the kernel can. */
static long make_at(const struct snr_doing *doing, int n, const char *temporary)
{
	const struct snr_pathop *op = &snr_pathops[doing->call->op];
	int mode = snr_pathop_find(op, SNR_ROLE_MODE);
	char *source = doing->scratch->layer_name;
	long error;

	if (op->effects & SNR_SAME_FS) {
		if (doing->path[0].rule == SNR_NO_RULE)
			return -ENOSYS;
		error = snr_doing_name(doing, 0, false, doing->path[0].len, source);
		return error < 0 ? error
				 : snr_rawcall5(__NR_linkat, AT_FDCWD, source, AT_FDCWD, temporary,
						0);
	}
	if (snr_pathop_find(op, SNR_ROLE_TEXT) >= 0)
		return snr_rawcall3(__NR_symlinkat, doing->scratch->path, AT_FDCWD, temporary);
	if (mode < 0)
		return -ENOSYS;
	if (op->effects & SNR_DIRECTORY)
		return snr_rawcall3(__NR_mkdirat, AT_FDCWD, temporary,
				    (uint32_t)doing->call->arg[mode]);
	return make_node(doing, (uint32_t)doing->call->arg[mode], temporary);
}

/* Nothing of what is beneath a directory may show through. */
static long put_directory(const struct snr_doing *doing, const char *temporary, const char *upper)
{
	long error = snr_make_opaque(temporary);

	if (!error)
		error = snr_swap(doing, temporary, upper);
	/* Now the whiteout, or else the directory. */
	snr_remove_upper(doing, temporary, error != 0);
	return error;
}

static long put_other(const char *temporary, const char *upper)
{
	long error = snr_rawcall4(__NR_renameat, AT_FDCWD, temporary, AT_FDCWD, upper);

	if (error)
		snr_rawcall3(__NR_unlinkat, AT_FDCWD, temporary, 0);
	return error;
}

/* Names for what is made at path N and for what it is made as first. */
static long name_both(const struct snr_doing *doing, int n, char *upper, char *temporary)
{
	long error = snr_doing_may_write(doing, n);

	if (!error)
		error = snr_doing_name(doing, n, false, doing->path[n].len, upper);
	return error < 0 ? error : snr_temporary_name(upper, temporary);
}

static long make_in_place(struct snr_doing *doing, int n)
{
	char *upper = doing->scratch->spot[0], *temporary = doing->scratch->spot[1];
	bool directory = (snr_pathops[doing->call->op].effects & SNR_DIRECTORY) != 0;
	long error = refusal(doing, n);

	if (!error)
		error = name_both(doing, n, upper, temporary);
	if (error >= 0)
		error = make_at(doing, n, temporary);
	if (error == -ENOSYS)
		return make_room(doing, n);
	if (!error)
		error = directory ? put_directory(doing, temporary, upper)
				  : put_other(temporary, upper);
	if (!error)
		doing->plan->verdict = SNR_FINISHED;
	return error;
}

/* May who made a file of this MODE open it again by FLAGS? */
static bool may_reopen(const struct snr_doing *doing, uint64_t flags, uint32_t mode)
{
	uint64_t access = flags & O_ACCMODE;
	uint32_t needed = access == O_RDONLY ? 0400u : access == O_WRONLY ? 0200u : 0600u;

	if (flags & O_TRUNC)
		needed |= 0200u;
	return !doing->actor->uid || (mode & needed) == needed;
}

/* The kernel's call finds an empty file then. */
static long open_in_place(struct snr_doing *doing, uint64_t flags, uint32_t mode)
{
	char *upper = doing->scratch->spot[0], *temporary = doing->scratch->spot[1];
	long fd, error = refusal(doing, 0);
	struct snr_statx stx;

	if (!error)
		error = name_both(doing, 0, upper, temporary);
	if (error < 0)
		return error;
	fd = snr_rawcall4(__NR_openat, AT_FDCWD, temporary,
			  O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return fd;
	snr_rawcall1(__NR_close, fd);
	error = snr_disk_stat(temporary, &stx);
	if (!error && may_reopen(doing, flags, stx.mode)) {
		error = put_other(temporary, upper);
		return error ? error : snr_turn_up(doing, 0);
	}
	snr_rawcall3(__NR_unlinkat, AT_FDCWD, temporary, 0);
	return error ? error : make_room(doing, 0);
}

long snr_make_file(struct snr_doing *doing, uint64_t flags)
{
	bool by_how = snr_pathop_find(&snr_pathops[doing->call->op], SNR_ROLE_HOW) >= 0;
	uint32_t mode = by_how ? (uint32_t)doing->plan->how[1] : argument(doing, SNR_ROLE_MODE);

	if (flags & O_DIRECTORY)
		return 0; /* EINVAL */
	/* Some callers know no mode. */
	if (doing->path[0].layer != SNR_LAYER_ABSENT || (flags & O_EXCL) || !mode)
		return make_room(doing, 0);
	return open_in_place(doing, flags, mode);
}

long snr_act_make(struct snr_doing *doing, int n)
{
	struct snr_statx stx;

	switch (doing->path[n].layer) {
	case SNR_LAYER_LOWER:
		return snr_doing_stat(doing, n, &stx) == -ENOENT ? make_room(doing, n) : 0;
	case SNR_LAYER_ABSENT:
		return make_in_place(doing, n);
	default:
		return 0;
	}
}

/* ---- link(2) ---- */

/* To a directory, where nothing is. The kernel could say EXDEV of two layers. */
static long no_link(const struct snr_doing *doing)
{
	long error = refusal(doing, 1);

	if (!error)
		error = snr_doing_may_write(doing, 1);
	return error ? error : -EPERM;
}

/* Is there a name of what is to be linked, as far as can be told by the call alone? */
static bool has_source(const struct snr_doing *doing)
{
	const struct snr_host *host = &doing->redirector->host;
	int arg = snr_spot_argument(&snr_pathops[doing->call->op], 0);
	long len = host->read_string(host->context, doing->call->arg[arg], doing->scratch->path,
				     SNR_PATH_MAX);

	return len > 0 || (!len && (argument(doing, SNR_ROLE_LINKFLAGS) & EMPTY_PATH));
}

long snr_act_link(struct snr_doing *doing)
{
	struct snr_statx stx;
	long error;

	if (argument(doing, SNR_ROLE_LINKFLAGS) & ~LINK_FLAGS)
		return -EINVAL;
	/* By a descriptor: refuse.c knows that it is there, and on the same side. */
	if (doing->path[0].rule == SNR_NO_RULE)
		return has_source(doing) ? snr_act_make(doing, 1) : 0;
	if (doing->path[0].rule != doing->path[1].rule)
		return 0; /* the kernel, or who looks for mounts, refuses it */
	error = snr_doing_stat(doing, 0, &stx);
	if (error)
		return doing->path[0].layer == SNR_LAYER_ABSENT ? error : 0;
	if (snr_mode_type(stx.mode) == SNR_TYPE_DIRECTORY)
		return snr_doing_stat(doing, 1, &stx) == -ENOENT ? no_link(doing) : 0;
	if (doing->path[0].layer == SNR_LAYER_LOWER) {
		if (snr_doing_stat(doing, 1, &stx) != -ENOENT)
			return 0; /* EEXIST, ENOTDIR */
		error = refusal(doing, 1);
		if (!error)
			error = snr_doing_may_write(doing, 1);
		if (!error)
			error = snr_copy_up(doing, 0, false);
		if (!error)
			error = snr_turn_up(doing, 0);
	}
	return error ? error : snr_act_make(doing, 1);
}
