/* SPDX-License-Identifier: MIT
 * Removal and renaming in an overlay: done here in place of the call, with the checks of fs/namei.c
 * and fs/overlayfs/dir.c (6.18) in their order. Only overlay_act.c calls it. It must never let a
 * name of the lower layer come to light.
 */
#include "shared/overlay_doing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/spot.h"
#include "shared/text.h"

#include <errno.h>
#include <linux/fcntl.h>

#define REMOVEDIR  0x200 /* AT_REMOVEDIR of <fcntl.h> */
#define NO_REPLACE 1     /* RENAME_NOREPLACE, ... of <linux/fs.h> */
#define EXCHANGE   2
#define WHITEOUT   4
#define STICKY     01000u

static bool is_directory(const struct snr_statx *stx)
{
	return snr_mode_type(stx->mode) == SNR_TYPE_DIRECTORY;
}

static bool has_slash(const struct snr_doing *doing, int n)
{
	return doing->path[n].end > doing->path[n].len;
}

/* A sticky directory lets only the owners of it and of the entry take that away (check_sticky). */
static long check_sticky(const struct snr_doing *doing, int n, const struct snr_statx *stx)
{
	uint32_t uid = doing->actor->uid;
	struct snr_doing parent = *doing;
	struct snr_statx dir;

	if (!uid || stx->uid == uid)
		return 0;
	parent.path[n].len = snr_doing_parent(doing, n);
	if (snr_doing_stat(&parent, n, &dir))
		return 0; /* on the other layer: it has not been copied up */
	return (dir.mode & STICKY) && dir.uid != uid ? -EPERM : 0;
}

/* Is what is listed at PATH seen by programs? Lower names hide behind whatever is above. */
static bool is_seen(const struct snr_doing *doing, const char *name, size_t len, const char *upper,
		    size_t upper_len, bool lower)
{
	struct snr_builder path = {.out = doing->scratch->layer_name,
				   .size = SNR_SPOT_SIZE,
				   .len = upper_len};
	long found;

	if (snr_is_dot(name, len) || snr_is_dotdot(name, len) || snr_is_temporary(name, len))
		return false;
	snr_copy(path.out, upper, upper_len);
	snr_add(&path, "/", 1);
	snr_add(&path, name, len);
	if (snr_finish(&path) < 0)
		return true;
	found = snr_upper_look(path.out);
	return lower ? found == -ENOENT : found != SNR_UPPER_WHITEOUT;
}

/* Has one layer of the directory, at LISTED, names that programs see? UPPER is its path above. */
static bool has_names(const struct snr_doing *doing, const char *listed, const char *upper,
		      bool lower)
{
	size_t upper_len = snr_length(upper);
	char records[1024];
	int64_t cookie = 0;
	long n;

	while ((n = snr_upper_list(listed, cookie, records, sizeof(records))) > 0) {
		for (long at = 0; at < n;) {
			struct snr_record record = snr_read_record(records + at);

			if (is_seen(doing, record.name, record.len, upper, upper_len, lower))
				return true;
			at += record.size;
			cookie = record.offset;
		}
	}
	return false;
}

/* Is the directory at path N empty for programs? */
static bool is_empty(const struct snr_doing *doing, int n)
{
	const struct snr_doing_path *path = &doing->path[n];
	char *upper = doing->scratch->real, *lower = doing->scratch->pending;

	if (snr_doing_name(doing, n, false, path->len, upper) < 0 ||
	    snr_doing_name(doing, n, true, path->len, lower) < 0)
		return false;
	if (path->layer != SNR_LAYER_LOWER && has_names(doing, upper, upper, false))
		return false;
	return path->layer == SNR_LAYER_UPPER || !has_names(doing, lower, upper, true);
}

/* ---- unlink, rmdir ---- */

/* Put a whiteout in the place of what is at UPPER, or of nothing. */
static long white_out(const struct snr_doing *doing, const char *upper, bool directory)
{
	char *temporary = doing->scratch->real;
	struct snr_statx stx;
	long error;

	if (snr_disk_stat(upper, &stx) == -ENOENT)
		return snr_make_whiteout(doing, upper);
	error = snr_temporary_name(upper, temporary);
	if (error >= 0)
		error = snr_make_whiteout(doing, temporary);
	if (error)
		return error;
	if (directory)
		error = snr_swap(doing, temporary, upper);
	else
		error = snr_rawcall4(__NR_renameat, AT_FDCWD, temporary, AT_FDCWD, upper);
	if (error || directory)
		snr_remove_upper(doing, temporary, directory && !error);
	return error;
}

static uint32_t removal_flags(const struct snr_doing *doing)
{
	const struct snr_pathop *op = &snr_pathops[doing->call->op];
	int flags = snr_pathop_find(op, SNR_ROLE_ATFLAGS);

	return flags < 0 ? 0 : (uint32_t)doing->call->arg[flags];
}

static bool removes_directory(const struct snr_doing *doing)
{
	return (snr_pathops[doing->call->op].effects & SNR_DIRECTORY) ||
	       (removal_flags(doing) & REMOVEDIR);
}

static long check_removal(const struct snr_doing *doing, const struct snr_statx *stx,
			  bool directory)
{
	long error;

	if (!directory && has_slash(doing, 0))
		return is_directory(stx) ? -EISDIR : -ENOTDIR;
	error = snr_doing_may_write(doing, 0);
	if (!error)
		error = check_sticky(doing, 0, stx);
	if (error)
		return error;
	if (directory != is_directory(stx))
		return directory ? -ENOTDIR : -EISDIR;
	return directory && !is_empty(doing, 0) ? -ENOTEMPTY : 0;
}

long snr_act_remove(struct snr_doing *doing)
{
	bool directory = removes_directory(doing), below;
	char *upper = doing->scratch->spot[0];
	struct snr_statx stx, lower;
	long error;

	if (removal_flags(doing) & ~(uint32_t)REMOVEDIR)
		return -EINVAL;
	error = snr_doing_may_write(doing, 0);
	/* A read-only layer is found before the name is missed. */
	if (error == -EROFS)
		return error;
	error = snr_doing_stat(doing, 0, &stx);
	if (!error)
		error = check_removal(doing, &stx, directory);
	if (error)
		return error;
	below = snr_doing_is_below(doing, 0, &lower);
	if (below)
		error = snr_copy_parents_up(doing, 0);
	if (!error)
		error = snr_doing_name(doing, 0, false, doing->path[0].len, upper);
	if (error >= 0)
		error = below ? white_out(doing, upper, directory)
			      : snr_remove_upper(doing, upper, directory);
	if (!error)
		doing->plan->verdict = SNR_FINISHED;
	return error;
}

/* ---- rename ---- */

static uint32_t rename_flags(const struct snr_doing *doing)
{
	const struct snr_pathop *op = &snr_pathops[doing->call->op];
	int path = SNR_NARGS;

	if (doing->call->op != SNR_renameat2)
		return 0;
	while (!snr_role_is_path(op->role[--path]))
		;
	return (uint32_t)doing->call->arg[path + 1];
}

/* One side of a renaming. */
struct side {
	struct snr_statx stx;
	bool there; /* programs see something */
	bool below; /* the lower layer has such a name, which must stay hidden */
	bool directory;
};

/* Is path OUTER a directory above path INNER? Both are names of one overlay. */
static bool is_above(const struct snr_doing *doing, int outer, int inner)
{
	const struct snr_doing_path *out = &doing->path[outer], *in = &doing->path[inner];
	const char *text = doing->plan->text[out->text] + out->root;
	const char *other = doing->plan->text[in->text] + in->root;
	size_t len = out->len - out->root;

	return in->len - in->root > len && other[len] == '/' && snr_equal(text, other, len);
}

static bool is_same_name(const struct snr_doing *doing)
{
	const struct snr_doing_path *from = &doing->path[0], *to = &doing->path[1];

	return from->len - from->root == to->len - to->root &&
	       snr_equal(doing->plan->text[from->text] + from->root,
			 doing->plan->text[to->text] + to->root, from->len - from->root);
}

static long look_at(const struct snr_doing *doing, int n, struct side *side)
{
	struct snr_statx stx;
	long error = snr_doing_stat(doing, n, &side->stx);

	if (error && error != -ENOENT && error != -ENOTDIR)
		return error;
	side->there = !error;
	side->directory = side->there && is_directory(&side->stx);
	side->below = snr_doing_is_below(doing, n, &stx);
	return error == -ENOTDIR ? error : 0;
}

/* ovl_can_move: a directory that is on the lower layer, in whole or in part, stays where it is. */
static bool can_move(const struct snr_doing *doing, int n, const struct side *side)
{
	return !side->directory || doing->path[n].layer == SNR_LAYER_UPPER;
}

static long check_names(const struct snr_doing *doing, const struct side *from,
			const struct side *to, uint32_t flags)
{
	if (!from->there)
		return -ENOENT;
	if ((flags & NO_REPLACE) && to->there)
		return -EEXIST;
	if ((flags & EXCHANGE) && !to->there)
		return -ENOENT;
	if ((flags & EXCHANGE) && !to->directory && has_slash(doing, 1))
		return -ENOTDIR;
	if (!from->directory &&
	    (has_slash(doing, 0) || (!(flags & EXCHANGE) && has_slash(doing, 1))))
		return -ENOTDIR;
	if (is_above(doing, 0, 1))
		return -EINVAL;
	if (is_above(doing, 1, 0))
		return flags & EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static long check_rights(const struct snr_doing *doing, const struct side *from,
			 const struct side *to, uint32_t flags)
{
	long error = snr_doing_may_write(doing, 0);

	if (!error)
		error = check_sticky(doing, 0, &from->stx);
	if (!error)
		error = snr_doing_may_write(doing, 1);
	if (!error && to->there)
		error = check_sticky(doing, 1, &to->stx);
	if (error || !to->there || (flags & EXCHANGE))
		return error;
	if (from->directory != to->directory)
		return from->directory ? -ENOTDIR : -EISDIR;
	return 0;
}

/* What ovl_rename itself looks at. */
static long check_layers(const struct snr_doing *doing, const struct side *from,
			 const struct side *to, uint32_t flags)
{
	if (flags & ~(uint32_t)(NO_REPLACE | EXCHANGE))
		return -EINVAL;
	if (!can_move(doing, 0, from) || ((flags & EXCHANGE) && !can_move(doing, 1, to)))
		return -EXDEV;
	if (!(flags & EXCHANGE) && to->there && to->directory && !is_empty(doing, 1))
		return -ENOTEMPTY;
	return 0;
}

/* Both sides above, and directories closed against what lies beneath their new places. */
static long prepare(const struct snr_doing *doing, const struct side *from, const struct side *to,
		    uint32_t flags)
{
	char *one = doing->scratch->spot[0], *other = doing->scratch->spot[1];
	long error = snr_copy_up(doing, 0, false);

	if (!error)
		error = flags & EXCHANGE ? snr_copy_up(doing, 1, false)
					 : snr_copy_parents_up(doing, 1);
	if (!error)
		error = snr_doing_name(doing, 0, false, doing->path[0].len, one);
	if (error >= 0)
		error = snr_doing_name(doing, 1, false, doing->path[1].len, other);
	if (error >= 0)
		error = from->directory && to->below ? snr_make_opaque(one) : 0;
	if (!error && (flags & EXCHANGE) && to->directory && from->below)
		error = snr_make_opaque(other);
	return error;
}

/* The file goes and leaves a whiteout, in one step where the file system can. */
static long move_away(const struct snr_doing *doing, const char *one, const char *other, bool below)
{
	long error;

	if (!below)
		return snr_rawcall4(__NR_renameat, AT_FDCWD, one, AT_FDCWD, other);
	error = snr_rawcall5(__NR_renameat2, AT_FDCWD, one, AT_FDCWD, other, WHITEOUT);
	if (error != -EINVAL && error != -ENOSYS && error != -EPERM)
		return error;
	error = snr_rawcall4(__NR_renameat, AT_FDCWD, one, AT_FDCWD, other);
	return error ? error : snr_make_whiteout(doing, one);
}

/* A directory takes the place of a whiteout, or of a directory with nothing but whiteouts in it:
 * both change places, and what was there goes. One that is really empty is replaced, which asks for
 * less: the right to write to it is needed to move it (vfs_rename in fs/namei.c). */
static long move_directory(const struct snr_doing *doing, const char *one, const char *other,
			   bool below)
{
	struct snr_statx stx;
	long error = snr_disk_stat(other, &stx);
	bool directory;

	if (error == -ENOENT)
		return move_away(doing, one, other, below);
	if (error)
		return error;
	directory = is_directory(&stx);
	if (directory) {
		error = move_away(doing, one, other, below);
		if (error != -ENOTEMPTY)
			return error;
	}
	error = snr_swap(doing, one, other);
	if (error)
		return error;
	if (snr_disk_stat(one, &stx) == -ENOENT) /* there is no changing of places here */
		return below ? snr_make_whiteout(doing, one) : 0;
	if (below && !directory)
		return 0; /* the whiteout is where it is wanted */
	return below ? white_out(doing, one, true) : snr_remove_upper(doing, one, directory);
}

static long move(const struct snr_doing *doing, const struct side *from, uint32_t flags)
{
	const char *one = doing->scratch->spot[0], *other = doing->scratch->spot[1];

	if (flags & EXCHANGE)
		return snr_rawcall5(__NR_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE);
	if (from->directory)
		return move_directory(doing, one, other, from->below);
	return move_away(doing, one, other, from->below);
}

static bool is_one_inode(const struct side *from, const struct side *to)
{
	return to->there && from->stx.inode == to->stx.inode &&
	       from->stx.dev_major == to->stx.dev_major && from->stx.dev_minor == to->stx.dev_minor;
}

/* Can the directory of path N be searched? */
static long walk_to(const struct snr_doing *doing, int n)
{
	const struct snr_host *host = &doing->redirector->host;
	const struct snr_doing_path *path = &doing->path[n];
	long error;

	if (path->rule == SNR_NO_RULE)
		return 0;
	error = snr_doing_name(doing, n, path->layer == SNR_LAYER_LOWER, snr_doing_parent(doing, n),
			       doing->scratch->pending);
	return error < 0 ? error : host->search(host->context, doing->scratch->pending);
}

/* Into an overlay, or out of it. What could not be read has no place; the old path comes first. */
static long why_not_across(const struct snr_doing *doing)
{
	const struct snr_host *host = &doing->redirector->host;
	const struct snr_pathop *op = &snr_pathops[doing->call->op];

	for (int n = 0; n < SNR_MAX_PATHS; n++) {
		long len =
			host->read_string(host->context, doing->call->arg[snr_spot_argument(op, n)],
					  doing->scratch->path, SNR_PATH_MAX);
		if (len <= 0)
			return len ? len : -ENOENT;
		len = walk_to(doing, n);
		if (len)
			return len;
	}
	return -EXDEV;
}

long snr_act_rename(struct snr_doing *doing)
{
	uint32_t flags = rename_flags(doing);
	struct side from, to;
	long error;

	if ((flags & ~(uint32_t)(NO_REPLACE | EXCHANGE | WHITEOUT)) ||
	    ((flags & EXCHANGE) && (flags & (NO_REPLACE | WHITEOUT))))
		return -EINVAL;
	if (doing->path[0].rule != doing->path[1].rule)
		return why_not_across(doing);
	error = snr_doing_may_write(doing, 0);
	if (error == -EROFS)
		return error;
	error = look_at(doing, 0, &from);
	if (!error)
		error = look_at(doing, 1, &to);
	if (!error)
		error = check_names(doing, &from, &to, flags);
	if (!error && (is_same_name(doing) || is_one_inode(&from, &to))) {
		doing->plan->verdict = SNR_FINISHED;
		return 0;
	}
	if (!error)
		error = check_rights(doing, &from, &to, flags);
	if (!error)
		error = check_layers(doing, &from, &to, flags);
	if (!error)
		error = prepare(doing, &from, &to, flags);
	if (!error)
		error = move(doing, &from, flags);
	if (!error)
		doing->plan->verdict = SNR_FINISHED;
	return error;
}
