/* SPDX-License-Identifier: MIT
 * What the kernel refuses at mount points and across them: its checks in its order, as lists. Only
 * rewrite.c calls it. It must never refuse what a mount would let through, and never let the kernel
 * have a call whose path is a rule's own: it would be done to the target.
 */
#include "shared/refuse.h"

#include "shared/spot.h"
#include "shared/text.h"
#include "shared/walk.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define FLAG_REMOVEDIR 0x200  /* AT_REMOVEDIR of <fcntl.h> */
#define FLAG_FOLLOW    0x400  /* AT_SYMLINK_FOLLOW */
#define FLAG_EMPTY     0x1000 /* AT_EMPTY_PATH */
#define FLAG_NOREPLACE 1      /* RENAME_NOREPLACE, ... of <linux/fs.h> */
#define FLAG_EXCHANGE  2
#define FLAG_WHITEOUT  4
#define F_OK           0 /* <unistd.h> */
#define X_OK           1
#define W_OK           2
#define TYPE_DIRECTORY 4 /* DT_DIR of <dirent.h> */

/* What a check says, beside -errno. */
enum {
	GO_ON,
	NOTHING_TO_DO, /* the call has no effect, and succeeds */
	ASK_KERNEL,    /* all that is ours was asked: the rest is the same for it */
};

typedef int check(const struct snr_question *q);

static uint32_t flags_of(const struct snr_question *q)
{
	int arg = snr_pathop_find(q->op, SNR_ROLE_ATFLAGS);

	if (arg < 0)
		arg = snr_pathop_find(q->op, SNR_ROLE_LINKFLAGS);
	if (q->call->op == SNR_renameat2)
		arg = snr_spot_argument(q->op, 1) + 1;
	return arg < 0 ? 0 : (uint32_t)q->call->arg[arg];
}

/* ---- what is asked about one path ---- */

static int walk(const struct snr_question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;

	if (q->resolved[n].error)
		return q->resolved[n].error;
	if (q->spot[n].error)
		return q->spot[n].error;
	return (int)host->search(host->context, snr_spot_parent(q, n));
}

/* access(2) of the directory that the entry is in; only what W_OK and X_OK are about is an answer
 * here. */
static int directory_access(const struct snr_question *q, int n, int mode)
{
	const struct snr_host *host = &q->redirector->host;
	long err = host->access(host->context, snr_spot_parent(q, n), mode);

	return err == -EACCES || err == -EROFS ? (int)err : 0;
}

/* mnt_want_write */
static int writable(const struct snr_question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;

	return q->resolved[n].frozen != SNR_NO_RULE ||
			       host->read_only(host->context, snr_spot_parent(q, n)) == 1
		       ? -EROFS
		       : GO_ON;
}

/* The d_type of what is there, or -errno. What a mount would be on is of its target's kind, if it
 * is there at all. */
static long kind(const struct snr_question *q, int n, uint64_t *inode)
{
	const struct snr_image *image = q->redirector->image;
	const struct snr_host *host = &q->redirector->host;
	const struct snr_spot *spot = &q->spot[n];
	long type = host->kind(host->context, spot->path, inode);

	if (type != -ENOENT || spot->rule == SNR_NO_RULE)
		return type;
	return host->kind(host->context, snr_string(image, snr_rule(image, spot->rule)->target),
			  inode);
}

static bool is_directory(const struct snr_question *q, int n)
{
	uint64_t inode;

	return kind(q, n, &inode) == TYPE_DIRECTORY;
}

static int found(const struct snr_question *q, int n)
{
	uint64_t inode;
	long type = kind(q, n, &inode);

	return type < 0 ? (int)type : GO_ON;
}

static int may_delete(const struct snr_question *q, int n, bool directory)
{
	int err = directory_access(q, n, W_OK | X_OK);

	if (err)
		return err;
	if (directory)
		return is_directory(q, n) ? GO_ON : -ENOTDIR;
	return is_directory(q, n) ? -EISDIR : GO_ON;
}

static int run(const struct snr_question *q, check *const *checks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int said = checks[i](q);

		if (said != GO_ON)
			return said;
	}
	return ASK_KERNEL;
}

#define RUN(q, checks) run(q, checks, sizeof(checks) / sizeof(*(checks)))

/* ---- unlink(2), rmdir(2) ---- */

/* rmdir(2), or unlinkat(2) with AT_REMOVEDIR? */
static bool removes_directory(const struct snr_question *q)
{
	return (q->op->effects & SNR_DIRECTORY) || (flags_of(q) & FLAG_REMOVEDIR);
}

static int removal_flags(const struct snr_question *q)
{
	return flags_of(q) & ~(uint32_t)FLAG_REMOVEDIR ? ASK_KERNEL : GO_ON;
}

static int removal_walk(const struct snr_question *q)
{
	return walk(q, 0);
}

/* Dots, and the root, the kernel refuses by their names. */
static int removal_last(const struct snr_question *q)
{
	return q->spot[0].last == SNR_LAST_NAME ? GO_ON : ASK_KERNEL;
}

/* Nothing of ours is there. */
static int removal_concerns_us(const struct snr_question *q)
{
	const struct snr_spot *spot = &q->spot[0];

	return spot->rule != SNR_NO_RULE || q->resolved[0].frozen != SNR_NO_RULE ||
			       (removes_directory(q) && spot->above)
		       ? GO_ON
		       : ASK_KERNEL;
}

static int removal_writable(const struct snr_question *q)
{
	return writable(q, 0);
}

static int removal_found(const struct snr_question *q)
{
	return found(q, 0);
}

static int removal_slash(const struct snr_question *q)
{
	if (removes_directory(q) || !q->spot[0].slash)
		return GO_ON;
	return is_directory(q, 0) ? -EISDIR : -ENOTDIR;
}

static int removal_permitted(const struct snr_question *q)
{
	return may_delete(q, 0, removes_directory(q));
}

/* A directory that stands for rules beneath it is no mount point, only not empty. */
static int removal_mount_point(const struct snr_question *q)
{
	uint32_t rule = q->spot[0].rule;

	return rule != SNR_NO_RULE && snr_rule(q->redirector->image, rule)->kind != SNR_PARENT
		       ? -EBUSY
		       : -ENOTEMPTY;
}

static check *const removal[] = {
	removal_flags, removal_walk,  removal_last,      removal_concerns_us, removal_writable,
	removal_found, removal_slash, removal_permitted, removal_mount_point,
};

/* ---- both calls with two paths ---- */

static int walk_old(const struct snr_question *q)
{
	return walk(q, 0);
}

static int walk_new(const struct snr_question *q)
{
	return walk(q, 1);
}

static int new_writable(const struct snr_question *q)
{
	return writable(q, 1);
}

/* On whose side does the directory of path N lie? What no name leads to is nobody's. */
static uint32_t side(const struct snr_question *q, int n)
{
	size_t rest;
	long len;

	if (!q->resolved[n].plain)
		return q->resolved[n].parent_rule;
	len = snr_base(q->redirector->image, &q->redirector->host, q->scratch,
		       snr_spot_dirfd(q, n));
	return len < 0 ? SNR_NO_RULE
		       : snr_match_longest(q->redirector->image, q->scratch->base, (size_t)len,
					   &rest);
}

static bool on_one_side(const struct snr_question *q)
{
	uint32_t from = side(q, 0);

	/* link(2) looks its old path up, so a mount point lies on its own side there; rename(2)
	 * names an entry. */
	if (!(q->op->effects & SNR_REMOVES) && !q->resolved[0].plain)
		from = q->resolved[0].rule;
	return from == side(q, 1);
}

static bool is_mount_point(const struct snr_question *q, int n)
{
	return q->spot[n].rule != SNR_NO_RULE;
}

/* ---- rename(2) ---- */

static int rename_flags(const struct snr_question *q)
{
	uint32_t flags = flags_of(q);

	if (flags & ~(uint32_t)(FLAG_NOREPLACE | FLAG_EXCHANGE | FLAG_WHITEOUT) ||
	    ((flags & FLAG_EXCHANGE) && (flags & (FLAG_NOREPLACE | FLAG_WHITEOUT))))
		return ASK_KERNEL;
	return GO_ON;
}

static bool exchanges(const struct snr_question *q)
{
	return (flags_of(q) & FLAG_EXCHANGE) != 0;
}

/* Of patterns one of the two names may be. */
static bool is_frozen(const struct snr_question *q)
{
	return q->resolved[0].frozen != SNR_NO_RULE || q->resolved[1].frozen != SNR_NO_RULE;
}

static int rename_writable(const struct snr_question *q)
{
	return writable(q, 0) ? -EROFS : writable(q, 1);
}

/* Where both are on one side and no mount point, the kernel sees what it would see. */
static int rename_mounts(const struct snr_question *q)
{
	const struct snr_host *host = &q->redirector->host;
	uint64_t from, to;

	if (!on_one_side(q))
		return -EXDEV;
	if (!is_mount_point(q, 0) && !is_mount_point(q, 1) && !q->resolved[1].barred &&
	    !is_frozen(q))
		return ASK_KERNEL;
	if (host->mount(host->context, snr_spot_parent(q, 0), &from) ||
	    host->mount(host->context, snr_spot_parent(q, 1), &to))
		return GO_ON;
	return from == to ? GO_ON : -EXDEV;
}

static int rename_last(const struct snr_question *q)
{
	if (q->spot[0].last != SNR_LAST_NAME)
		return -EBUSY;
	if (q->spot[1].last != SNR_LAST_NAME)
		return flags_of(q) & FLAG_NOREPLACE ? -EEXIST : -EBUSY;
	return GO_ON;
}

static int rename_old_found(const struct snr_question *q)
{
	return found(q, 0);
}

static int rename_new_found(const struct snr_question *q)
{
	int err = found(q, 1);

	if (!err)
		return flags_of(q) & FLAG_NOREPLACE ? -EEXIST : GO_ON;
	return err == -ENOENT && !exchanges(q) ? GO_ON : err;
}

static int rename_slashes(const struct snr_question *q)
{
	if (exchanges(q) && !is_directory(q, 1) && q->spot[1].slash)
		return -ENOTDIR;
	if (is_directory(q, 0))
		return GO_ON;
	return q->spot[0].slash || (!exchanges(q) && q->spot[1].slash) ? -ENOTDIR : GO_ON;
}

static int rename_nests(const struct snr_question *q)
{
	if (snr_spot_holds_other(q, 0))
		return -EINVAL;
	if (snr_spot_holds_other(q, 1))
		return exchanges(q) ? -EINVAL : -ENOTEMPTY;
	return GO_ON;
}

static int rename_same(const struct snr_question *q)
{
	uint64_t from, to;
	long type;

	if (snr_equal(q->spot[0].path, q->spot[1].path, snr_length(q->spot[0].path) + 1))
		return NOTHING_TO_DO;
	type = kind(q, 0, &from);
	return type != TYPE_DIRECTORY && kind(q, 1, &to) == type && from == to ? NOTHING_TO_DO
									       : GO_ON;
}

static int rename_permitted(const struct snr_question *q)
{
	bool directory = is_directory(q, 0);
	int err = may_delete(q, 0, directory);

	if (err)
		return err;
	if (found(q, 1) == -ENOENT)
		return directory_access(q, 1, W_OK | X_OK);
	return may_delete(q, 1, exchanges(q) ? is_directory(q, 1) : directory);
}

static int new_hidden(const struct snr_question *q)
{
	return q->resolved[1].barred ? -EACCES : GO_ON;
}

/* A directory that gets another parent must be writable itself. */
static int rename_moves(const struct snr_question *q)
{
	const struct snr_host *host = &q->redirector->host;
	const struct snr_spot *spot = q->spot;

	if (spot[0].parent == spot[1].parent &&
	    snr_equal(spot[0].path, spot[1].path, spot[0].parent))
		return GO_ON;
	for (int n = 0; n < (exchanges(q) ? 2 : 1); n++)
		if (is_directory(q, n) &&
		    host->access(host->context, spot[n].path, W_OK) == -EACCES)
			return -EACCES;
	return GO_ON;
}

static int rename_mount_point(const struct snr_question *q)
{
	return -EBUSY;
}

static check *const renaming[] = {
	rename_flags,    walk_old,         walk_new,         rename_mounts,  rename_last,
	rename_writable, rename_old_found, rename_new_found, rename_slashes, rename_nests,
	rename_same,     rename_permitted, new_hidden,       rename_moves,   rename_mount_point,
};

/* ---- link(2) ---- */

static int link_flags(const struct snr_question *q)
{
	return flags_of(q) & ~(uint32_t)(FLAG_FOLLOW | FLAG_EMPTY) ? ASK_KERNEL : GO_ON;
}

/* The whole path, its last link if that is to be followed: all but a link itself access(2) can tell
 * of. */
static int link_old(const struct snr_question *q)
{
	const struct snr_host *host = &q->redirector->host;
	long err;

	if (q->resolved[0].error)
		return q->resolved[0].error;
	if (q->spot[0].empty && (flags_of(q) & FLAG_EMPTY)) {
		err = host->directory(host->context, snr_spot_dirfd(q, 0), q->scratch->real,
				      SNR_PATH_MAX);
		return err < 0 ? (int)err : GO_ON;
	}
	err = walk(q, 0);
	if (err)
		return (int)err;
	if (!(flags_of(q) & FLAG_FOLLOW) && !q->spot[0].slash)
		return found(q, 0);
	err = snr_spot_text(q, 0);
	if (err >= 0)
		err = host->access(host->context, q->scratch->pending, F_OK);
	return (int)err;
}

static int link_new(const struct snr_question *q)
{
	int err;

	if (q->spot[1].last != SNR_LAST_NAME)
		return -EEXIST;
	err = found(q, 1);
	if (!err)
		return -EEXIST;
	return err == -ENOENT && !q->spot[1].slash && !snr_spot_is_in_proc(q, 1) ? GO_ON : err;
}

static int link_mounts(const struct snr_question *q)
{
	return on_one_side(q) ? GO_ON : -EXDEV;
}

static check *const linking[] = {
	link_flags, link_old, walk_new, link_new, new_writable, link_mounts, new_hidden,
};

/* ---- which of them are asked at all ---- */

static bool may_concern_removal(const struct snr_question *q)
{
	if (q->resolved[0].error || q->resolved[0].named || q->resolved[0].frozen != SNR_NO_RULE)
		return true;
	return removes_directory(q) &&
	       (q->resolved[0].ancestor || (q->redirector->image->flags & SNR_IMAGE_UNMOUNTED));
}

static bool may_concern_pair(const struct snr_question *q)
{
	const struct snr_resolved *resolved = q->resolved;

	if (resolved[0].error || resolved[1].error || resolved[1].barred ||
	    resolved[1].frozen != SNR_NO_RULE ||
	    ((q->op->effects & SNR_REMOVES) && resolved[0].frozen != SNR_NO_RULE))
		return true;
	if ((q->op->effects & SNR_REMOVES) && (resolved[0].named || resolved[1].named))
		return true;
	if (resolved[0].plain && resolved[1].plain && snr_spot_dirfd(q, 0) == snr_spot_dirfd(q, 1))
		return false;
	return !on_one_side(q);
}

bool snr_refuses(struct snr_redirector *redirector, struct snr_scratch *scratch,
		 const struct snr_call *call, const struct snr_resolved *resolved, int n,
		 const struct snr_plan *plan, int *result)
{
	struct snr_question q = {.redirector = redirector,
				 .scratch = scratch,
				 .call = call,
				 .op = &snr_pathops[call->op],
				 .resolved = resolved,
				 .plan = plan};
	int said;

	if (n == 2 ? !may_concern_pair(&q) : !may_concern_removal(&q))
		return false;
	for (int i = 0; i < n; i++)
		snr_spot_find(&q, i);
	if (n == 1)
		said = RUN(&q, removal);
	else if (q.op->effects & SNR_REMOVES)
		said = RUN(&q, renaming);
	else
		said = RUN(&q, linking);
	*result = said == NOTHING_TO_DO ? 0 : said;
	return said != ASK_KERNEL;
}
