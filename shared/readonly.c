/* SPDX-License-Identifier: MIT
 * What a read-only mount refuses, and in which order with what the kernel looks at itself. Only
 * resolve.c and rewrite.c call it. It must never refuse what such a mount would let through.
 */
#include "shared/readonly.h"

#include "shared/text.h"
#include "shared/verdict.h"

#include <asm/fcntl.h>
#include <errno.h>

#define R_OK 4 /* <unistd.h> */
#define W_OK 2
#define F_OK 0

enum { DT_DIRECTORY = 4, DT_REGULAR = 8, DT_LINK = 10 }; /* <dirent.h> */

static uint32_t first_pattern(const struct snr_image *image, const char *path, size_t len)
{
	struct snr_verdicts verdicts =
		snr_verdicts_begin(image, path, len, SNR_KIND_BIT(SNR_READONLY));

	return snr_verdicts_next(&verdicts);
}

uint32_t snr_readonly_descriptor(const struct snr_image *image, const struct snr_host *host,
				 struct snr_scratch *scratch, int fd)
{
	uint32_t rule;
	size_t rest;
	long n;

	if (!snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY)))
		return SNR_NO_RULE;
	n = host->directory(host->context, fd, scratch->real, SNR_PATH_MAX);
	if (n <= 0 || scratch->real[0] != '/')
		return SNR_NO_RULE;
	n = snr_unmap(image, scratch->real, (size_t)n, scratch->where, SNR_PATH_MAX);
	if (n < 0)
		return SNR_NO_RULE;
	rule = snr_match_longest(image, scratch->where, (size_t)n, &rest);
	return rule != SNR_NO_RULE && snr_rule(image, rule)->kind == SNR_READONLY
		       ? rule
		       : first_pattern(image, scratch->where, (size_t)n);
}

uint32_t snr_readonly_rule(const struct snr_image *image, const struct snr_scratch *scratch,
			   const struct snr_resolved *resolved, struct snr_lookup lookup)
{
	uint32_t side = lookup.entry ? resolved->parent_rule : resolved->rule;

	if (!snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY)))
		return SNR_NO_RULE;
	if (side != SNR_NO_RULE && snr_rule(image, side)->kind == SNR_READONLY)
		return side;
	if (!image->nglobs || !resolved->walked)
		return SNR_NO_RULE;
	return first_pattern(image, scratch->where, resolved->where);
}

/* What is being asked about. */
struct question {
	const struct snr_host *host;
	const struct snr_pathop *op;
	struct snr_lookup lookup;
	uint64_t flags; /* of open(2) */
	char *real;
	size_t len;
};

static long access_to(const struct question *q, int mode)
{
	return q->host->access(q->host->context, q->real, mode);
}

/* The d_type of what is there, and behind a link, if it is to be looked through. */
static long kind(const struct question *q)
{
	uint64_t inode;
	long type = q->host->kind(q->host->context, q->real, &inode);

	if (type != DT_LINK || !q->lookup.follow)
		return type;
	if (access_to(q, F_OK))
		return -ENOENT;
	/* A directory can be entered; other things are seldom anything but files. */
	snr_copy(q->real + q->len, "/.", 3);
	type = q->host->kind(q->host->context, q->real, &inode);
	q->real[q->len] = '\0';
	return type >= 0 ? DT_DIRECTORY : DT_REGULAR;
}

/* As the lookup finds it: behind a link only if that is to be followed. */
static long look_up(const struct question *q)
{
	uint64_t inode;

	if (q->lookup.follow)
		return access_to(q, F_OK);
	return q->host->kind(q->host->context, q->real, &inode);
}

/* Nothing is there under this name: can its directory be searched? */
static bool has_directory(const struct question *q)
{
	struct snr_component last = snr_last_component(q->real, q->len);
	char kept = q->real[last.start];
	long err;

	q->real[last.start] = '\0';
	err = q->host->search(q->host->context, q->real);
	q->real[last.start] = kept;
	return err == 0;
}

static bool ends_in_slash(const struct question *q)
{
	return q->len && q->real[q->len - 1] == '/';
}

/* mkdir(2) and its kind: that something is there already is said first, also a link that leads
 * nowhere, whatever slashes are behind it. */
static bool refuses_new(const struct question *q)
{
	struct snr_component last = snr_last_component(q->real, q->len);
	char kept = q->real[last.end];
	uint64_t inode;
	long type;

	q->real[last.end] = '\0';
	type = q->host->kind(q->host->context, q->real, &inode);
	q->real[last.end] = kept;
	return type == -ENOENT && has_directory(q);
}

static bool refuses_open(const struct question *q)
{
	uint64_t how = q->flags & O_ACCMODE;
	bool writes = how == O_WRONLY || how == O_RDWR;
	long type;

	if ((q->flags & O_TMPFILE) == O_TMPFILE)
		return kind(q) == DT_DIRECTORY;
	if ((q->flags & O_CREAT) && (q->flags & O_EXCL))
		return refuses_new(q) && !ends_in_slash(q);
	if (look_up(q) == -ENOENT)
		return (q->flags & O_CREAT) && !ends_in_slash(q) && has_directory(q);
	type = kind(q);
	if (type != DT_REGULAR || (q->flags & O_DIRECTORY))
		return false;
	if (q->flags & O_TRUNC)
		return true;
	return writes && access_to(q, how == O_RDWR ? R_OK | W_OK : W_OK) == 0;
}

static bool refuses_access(const struct question *q, int mode)
{
	long type = kind(q);

	if (type == DT_LINK)
		return true; /* itself, which anybody may write to */
	return (type == DT_REGULAR || type == DT_DIRECTORY) && access_to(q, mode) == 0;
}

bool snr_readonly_refuses(const struct snr_host *host, const struct snr_pathop *op,
			  struct snr_lookup lookup, uint64_t flags, char *real, size_t len)
{
	struct question q = {host, op, lookup, flags, real, len};

	if (op->effects & SNR_EXCLUSIVE)
		return refuses_new(&q) && (!ends_in_slash(&q) || (op->effects & SNR_DIRECTORY));
	if (op->effects & SNR_CREATES)
		return refuses_open(&q);
	if (!op->effects)
		return refuses_access(&q, (int)(flags & 7));
	if (op->effects & SNR_REGULAR)
		return kind(&q) == DT_REGULAR && access_to(&q, W_OK) == 0;
	/* chmod(2), utimensat(2), setxattr(2)...: what they are to change must be there, and no
	 * more. */
	return look_up(&q) >= 0;
}
