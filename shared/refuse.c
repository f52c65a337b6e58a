/* SPDX-License-Identifier: MIT
 * What the kernel refuses at mount points and across them. Only rewrite.c calls it.
 * It must never refuse what a mount would let through; and what the kernel refuses earlier it
 * leaves to the kernel, which is asked about the real names and finds the same.
 */
#include "shared/refuse.h"

#include "shared/text.h"
#include "shared/walk.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define FLAG_REMOVEDIR 0x200 /* AT_REMOVEDIR of <fcntl.h> */
#define FLAG_NOREPLACE 1     /* RENAME_NOREPLACE, RENAME_EXCHANGE of <linux/fs.h> */
#define FLAG_EXCHANGE  2
#define W_OK           2 /* <unistd.h> */
#define X_OK           1
#define TYPE_DIRECTORY 4 /* DT_DIR of <dirent.h> */

struct question {
	struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	const struct snr_call *call;
	const struct snr_pathop *op;
	const struct snr_resolved *resolved;
	const struct snr_plan *plan;
};

/* Which argument is the Nth path? */
static int path_argument(const struct snr_pathop *op, int n)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (snr_role_is_path(op->role[i]) && n-- == 0)
			return i;
	return -1;
}

static int dirfd_of(const struct question *q, int n)
{
	int arg = snr_pathop_dirfd(q->op, path_argument(q->op, n));

	return arg < 0 ? AT_FDCWD : (int)(uint32_t)q->call->arg[arg];
}

/* The path that the kernel gets for path N, made absolute, in scratch->pending. */
static long kernel_path(const struct question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;
	struct snr_builder builder = {.out = q->scratch->pending,
				      .size = sizeof(q->scratch->pending)};
	int arg = path_argument(q->op, n);
	long len;

	for (int i = 0; i < q->plan->npaths; i++) {
		if (q->plan->path_arg[i] == arg) {
			snr_add(&builder, q->plan->text[i], q->plan->path_len[i]);
			return snr_finish(&builder);
		}
	}
	len = host->read_string(host->context, q->call->arg[arg], q->scratch->path, SNR_PATH_MAX);
	if (len <= 0)
		return len ? len : -ENOENT;
	if (q->scratch->path[0] != '/') {
		long base = host->directory(host->context, dirfd_of(q, n), q->scratch->real,
					    SNR_PATH_MAX);

		if (base < 0)
			return base;
		snr_add(&builder, q->scratch->real, (size_t)base);
		snr_add(&builder, "/", 1);
	}
	snr_add(&builder, q->scratch->path, (size_t)len);
	return snr_finish(&builder);
}

static size_t without_slashes(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

static size_t without_last(const char *path, size_t len)
{
	len = without_slashes(path, len);
	while (len > 1 && path[len - 1] != '/')
		len--;
	return len;
}

/* The directory of path N's last component in scratch->pending, as the program sees it: above a
 * rule's own path that is not the directory of the target. */
static long directory_of(const struct question *q, int n)
{
	char *path = q->scratch->pending;
	long len;

	if (q->resolved[n].at_rule) {
		const struct snr_image *image = q->redirector->image;
		struct snr_text own = snr_rule(image, q->resolved[n].rule)->path;
		const char *name = snr_string(image, own);
		size_t parent = without_slashes(name, without_last(name, own.len));

		return snr_map(image, name, parent, path, SNR_PATH_MAX);
	}
	len = kernel_path(q, n);
	if (len < 0)
		return len;
	len = (long)without_last(path, (size_t)len);
	path[len] = '\0';
	return len;
}

static bool directory_is_found(const struct question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;

	return directory_of(q, n) >= 0 && host->search(host->context, q->scratch->pending) == 0;
}

/* 0, or what may_delete and may_create say of the directory of path N. */
static int directory_refuses(const struct question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;

	if (directory_of(q, n) < 0)
		return 0;
	return host->access(host->context, q->scratch->pending, W_OK | X_OK) == -EACCES ? -EACCES
											: 0;
}

/* What is at path N: its d_type, or -errno. *SLASH: the text ends in one. */
static long kind_of(const struct question *q, int n, bool *slash)
{
	const struct snr_host *host = &q->redirector->host;
	char *path = q->scratch->pending;
	long len = kernel_path(q, n);
	uint64_t inode;
	size_t end;

	*slash = false;
	if (len < 0)
		return len;
	end = without_slashes(path, (size_t)len);
	*slash = end < (size_t)len;
	path[end] = '\0';
	return host->kind(host->context, path, &inode);
}

/* A rule's own path, or one that leads to the same name from another side: the kernel knows a mount
 * point whichever way one comes to it (is_local_mountpoint). */
static bool is_mount_point(const struct question *q, int n)
{
	const struct snr_entry *entry;

	if (q->resolved[n].at_rule)
		return true;
	for (int i = 0; i < q->plan->npaths; i++) {
		if (q->plan->path_arg[i] != path_argument(q->op, n))
			continue;
		entry = snr_match_path(q->redirector->image,
				       snr_hash_path(q->plan->text[i], q->plan->path_len[i]));
		return entry && entry->rule != SNR_NO_RULE;
	}
	return false;
}

/* rmdir(2), or unlinkat(2) with AT_REMOVEDIR? */
static bool removes_directory(const struct question *q)
{
	int flags = snr_pathop_find(q->op, SNR_ROLE_ATFLAGS);

	return (q->op->effects & SNR_DIRECTORY) ||
	       (flags >= 0 && (q->call->arg[flags] & FLAG_REMOVEDIR));
}

/* unlink(2), rmdir(2) of a mount point. */
static int refuse_removal(const struct question *q)
{
	bool slash;
	long kind = kind_of(q, 0, &slash);
	int err;

	if (kind < 0 || (slash && kind != TYPE_DIRECTORY))
		return 0;
	err = directory_refuses(q, 0);
	if (err)
		return err;
	if (removes_directory(q))
		return kind == TYPE_DIRECTORY ? -EBUSY : -ENOTDIR;
	return kind == TYPE_DIRECTORY ? -EISDIR : -EBUSY;
}

/* rmdir(2) of a directory with a mount point in it, which need not be there on the disk. */
static int refuse_emptying(const struct question *q)
{
	bool slash;
	int err;

	if (!removes_directory(q) || kind_of(q, 0, &slash) != TYPE_DIRECTORY)
		return 0;
	err = directory_refuses(q, 0);
	return err ? err : -ENOTEMPTY;
}

/* rename(2) of or onto a mount point, both in directories of one side. */
static int refuse_rename(const struct question *q)
{
	int flags_arg = path_argument(q->op, 1) + 1;
	uint64_t flags = q->call->op == SNR_renameat2 ? q->call->arg[flags_arg] : 0;
	bool old_slash, new_slash;
	long old = kind_of(q, 0, &old_slash);
	long new = kind_of(q, 1, &new_slash);
	int err;

	if (!directory_is_found(q, 0) || !directory_is_found(q, 1))
		return 0;
	if (old < 0 || (new >= 0 ? flags &FLAG_NOREPLACE : flags &FLAG_EXCHANGE))
		return 0;
	if (old != TYPE_DIRECTORY && (old_slash || (new_slash && !(flags & FLAG_EXCHANGE))))
		return 0;
	if (q->resolved[0].at_rule && q->resolved[1].at_rule &&
	    q->resolved[0].rule == q->resolved[1].rule)
		return 0; /* one and the same: nothing to do, and no error */
	err = directory_refuses(q, 0);
	if (!err)
		err = directory_refuses(q, 1);
	if (err)
		return err;
	if (new >= 0 && !(flags & FLAG_EXCHANGE)) {
		if (old == TYPE_DIRECTORY && new != TYPE_DIRECTORY)
			return -ENOTDIR;
		if (old != TYPE_DIRECTORY && new == TYPE_DIRECTORY)
			return -EISDIR;
	}
	return -EBUSY;
}

/* link(2) from one side to another: the old name was found, the new one was not. */
static int refuse_link(const struct question *q)
{
	bool slash;
	long old = kind_of(q, 0, &slash);

	if (old < 0 || (slash && old != TYPE_DIRECTORY))
		return 0;
	return kind_of(q, 1, &slash) == -ENOENT && !slash ? -EXDEV : 0;
}

/* On whose side does the directory of path N lie? False where nobody can say. */
static bool find_side(const struct question *q, int n, uint32_t *side)
{
	size_t rest;
	long len;

	*side = q->resolved[n].parent_rule;
	if (!q->resolved[n].plain)
		return true;
	len = snr_base(q->redirector->image, &q->redirector->host, q->scratch, dirfd_of(q, n));
	if (len < 0)
		return false;
	*side = snr_match_longest(q->redirector->image, q->scratch->base, (size_t)len, &rest);
	return true;
}

/* The kernel looks for the directories of both paths first, then at their mounts. */
static int refuse_pair(const struct question *q)
{
	const struct snr_resolved *resolved = q->resolved;
	bool removes = (q->op->effects & SNR_REMOVES) != 0;
	uint32_t from, to;

	if (resolved[0].plain && resolved[1].plain && dirfd_of(q, 0) == dirfd_of(q, 1))
		return 0;
	if (!find_side(q, 0, &from) || !find_side(q, 1, &to))
		return 0;
	/* link(2) looks its old path up, so a mount point lies on its own side there; rename(2)
	 * names an entry. */
	if (!removes && !resolved[0].plain)
		from = resolved[0].rule;
	if (from == to)
		return removes && (is_mount_point(q, 0) || is_mount_point(q, 1)) ? refuse_rename(q)
										 : 0;
	if ((removes && !directory_is_found(q, 0)) || !directory_is_found(q, 1))
		return 0;
	return removes ? -EXDEV : refuse_link(q);
}

int snr_refusal(struct snr_redirector *redirector, struct snr_scratch *scratch,
		const struct snr_call *call, const struct snr_resolved *resolved, int n,
		const struct snr_plan *plan)
{
	struct question q = {redirector, scratch, call, &snr_pathops[call->op], resolved, plan};

	if (n == 2)
		return refuse_pair(&q);
	if (is_mount_point(&q, 0))
		return refuse_removal(&q);
	return resolved[0].ancestor ? refuse_emptying(&q) : 0;
}
