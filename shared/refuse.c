/* SPDX-License-Identifier: MIT
 * What the kernel refuses at mount points and across them. Only rewrite.c calls it.
 * It must never refuse what a mount would let through.
 */
#include "shared/refuse.h"

#include "shared/text.h"
#include "shared/walk.h"

#include <errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* AT_REMOVEDIR of <fcntl.h> */
#define FLAG_REMOVEDIR 0x200

struct question {
	struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	const struct snr_call *call;
	const struct snr_pathop *op;
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

/* The path that the kernel gets for argument ARG, made absolute, in scratch->pending. */
static long kernel_path(const struct question *q, int arg)
{
	const struct snr_host *host = &q->redirector->host;
	struct snr_builder builder = {.out = q->scratch->pending,
				      .size = sizeof(q->scratch->pending)};
	int dirfd = snr_pathop_dirfd(q->op, arg);
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
		long n = host->directory(host->context,
					 dirfd < 0 ? AT_FDCWD : (int)(uint32_t)q->call->arg[dirfd],
					 q->scratch->real, SNR_PATH_MAX);

		if (n < 0)
			return n;
		snr_add(&builder, q->scratch->real, (size_t)n);
		snr_add(&builder, "/", 1);
	}
	snr_add(&builder, q->scratch->path, (size_t)len);
	return snr_finish(&builder);
}

/* Can the directory of argument ARG's last component be looked into? */
static bool parent_is_there(const struct question *q, int arg)
{
	const struct snr_host *host = &q->redirector->host;
	char *path = q->scratch->pending;
	long len = kernel_path(q, arg);

	if (len < 0)
		return false;
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 1 && path[len - 1] != '/')
		len--;
	path[len] = '\0';
	return host->search(host->context, path) == 0;
}

/* Is there something at argument ARG's path, a link counting as something? */
static bool name_is_there(const struct question *q, int arg)
{
	const struct snr_host *host = &q->redirector->host;
	long n = kernel_path(q, arg);

	if (n < 0)
		return false;
	n = host->read_link(host->context, q->scratch->pending, q->scratch->link, SNR_PATH_MAX);
	return n >= 0 || n == -EINVAL;
}

static bool target_is_directory(const struct question *q, int arg)
{
	const struct snr_host *host = &q->redirector->host;

	return kernel_path(q, arg) >= 0 &&
	       host->search(host->context, q->scratch->pending) != -ENOTDIR;
}

/* unlink(2), rmdir(2) of a mount point: the kind of file is looked at first. */
static int refuse_removal(const struct question *q)
{
	int arg = path_argument(q->op, 0);
	int flags = snr_pathop_find(q->op, SNR_ROLE_ATFLAGS);
	bool rmdir = (q->op->effects & SNR_DIRECTORY) ||
		     (flags >= 0 && (q->call->arg[flags] & FLAG_REMOVEDIR));
	bool directory = target_is_directory(q, arg);

	if (rmdir)
		return directory ? -EBUSY : -ENOTDIR;
	return directory ? -EISDIR : -EBUSY;
}

/* rename(2), link(2) between two sides of a rule: checked once both directories were found, and,
 * for link, once the old name was found and the new one was not. */
static int refuse_crossing(const struct question *q)
{
	int from = path_argument(q->op, 0);
	int to = path_argument(q->op, 1);

	if (!parent_is_there(q, from) || !parent_is_there(q, to))
		return 0;
	if (!(q->op->effects & SNR_REMOVES) && (!name_is_there(q, from) || name_is_there(q, to)))
		return 0;
	return -EXDEV;
}

/* On whose side does the directory of path N lie? False where nobody can say. */
static bool find_side(const struct question *q, const struct snr_resolved *resolved, int n,
		      uint32_t *side)
{
	int dirfd = snr_pathop_dirfd(q->op, path_argument(q->op, n));
	size_t rest;
	long len;

	*side = resolved[n].parent_rule;
	if (!resolved[n].plain)
		return true;
	len = snr_base(q->redirector->image, &q->redirector->host, q->scratch,
		       dirfd < 0 ? AT_FDCWD : (int)(uint32_t)q->call->arg[dirfd]);
	if (len < 0)
		return false;
	*side = snr_match_longest(q->redirector->image, q->scratch->base, (size_t)len, &rest);
	return true;
}

static bool same_directory(const struct question *q)
{
	int from = snr_pathop_dirfd(q->op, path_argument(q->op, 0));
	int to = snr_pathop_dirfd(q->op, path_argument(q->op, 1));

	return from < 0 || to < 0 || (uint32_t)q->call->arg[from] == (uint32_t)q->call->arg[to];
}

int snr_refusal(struct snr_redirector *redirector, struct snr_scratch *scratch,
		const struct snr_call *call, const struct snr_resolved *resolved, int n,
		const struct snr_plan *plan)
{
	struct question q = {redirector, scratch, call, &snr_pathops[call->op], plan};
	bool removes = (q.op->effects & SNR_REMOVES) != 0;
	uint32_t from, to;

	if (n < 2)
		return resolved[0].at_rule ? refuse_removal(&q) : 0;
	if (resolved[0].plain && resolved[1].plain && same_directory(&q))
		return 0;
	if (!find_side(&q, resolved, 0, &from) || !find_side(&q, resolved, 1, &to))
		return 0;
	/* link(2) looks its old path up, so a mount point lies on its own side there; rename(2)
	 * names an entry. */
	if (!removes && !resolved[0].plain)
		from = resolved[0].rule;
	if (from != to)
		return refuse_crossing(&q);
	if (removes)
		return resolved[0].at_rule || resolved[1].at_rule ? -EBUSY : 0;
	return resolved[1].at_rule ? -EEXIST : 0;
}
