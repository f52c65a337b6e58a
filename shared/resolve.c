/* SPDX-License-Identifier: MIT
 * Where a path leads: the fast way. One pass over the text with the matcher's hash chain and the
 * facts about links; what it cannot decide goes to the walk (walk.c). Called by rewrite.c, exec.c,
 * the launcher's --explain. It must never make a system call for an absolute path whose directories
 * are known.
 */
#include "shared/resolve.h"

#include "shared/memo.h"
#include "shared/overlay.h"
#include "shared/readonly.h"
#include "shared/start.h"
#include "shared/text.h"
#include "shared/walk.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define MAX_DEPTH 48 /* components; deeper paths are walked */

/* The state of the scan behind some component. */
struct scan {
	const struct snr_image *image;
	const struct snr_facts *facts;
	uint32_t epoch;                /* of the facts */
	const struct snr_entry *entry; /* of the prefix so far, while rules may lie beneath it */
	bool patterns;                 /* what is beneath may match one */
	uint64_t hash;                 /* of the virtual path so far */
	uint64_t up[MAX_DEPTH];        /* hashes of the prefixes, for dot-dot */
	uint64_t plain;                /* bit i: the prefix of depth i + 1 is a true directory */
	unsigned depth;                /* components since the start */
	unsigned floor;                /* dot-dot from here on leaves the rule, or the start */
	uint32_t rule;
	uint32_t parent_rule;
	size_t rest;  /* bytes of the text that the rule's own path takes */
	bool entered; /* the text goes through a rule's path */
	bool popped;  /* a dot-dot was met before any rule */
	bool at_rule; /* the last component was a rule's */
};

/* ".." within the rule and over a true directory is the kernel's business: the text keeps it. */
static bool scan_up(struct scan *scan, bool absolute)
{
	if (scan->depth == 0 && absolute && !scan->entered)
		return true;
	if (scan->depth <= scan->floor || !(scan->plain >> (scan->depth - 1) & 1))
		return false;
	scan->depth--;
	scan->hash = scan->up[scan->depth];
	scan->entry = snr_match_path(scan->image, scan->hash);
	scan->popped = true;
	scan->at_rule = false;
	return true;
}

/* Is the prefix one whose name, or what lies at it, takes more than its hash to tell? */
static bool is_special(const struct scan *scan)
{
	const struct snr_entry *entry = scan->entry;
	const uint32_t plain = SNR_KIND_BIT(SNR_BIND) | SNR_KIND_BIT(SNR_PARENT) |
			       SNR_KIND_BIT(SNR_TMPFS) | SNR_KIND_BIT(SNR_READONLY);

	if (scan->patterns)
		return true;
	if (!entry)
		return false;
	if (entry->verdict != SNR_NO_RULE || (entry->flags & SNR_ENTRY_PATTERNS))
		return true;
	return entry->rule != SNR_NO_RULE &&
	       (!(SNR_KIND_BIT(snr_rule(scan->image, entry->rule)->kind) & plain) ||
		snr_rule(scan->image, entry->rule)->under != SNR_NO_RULE);
}

/* One component down. False: only the walk can tell. */
static bool scan_down(struct scan *scan, const char *name, size_t len, size_t end, bool look)
{
	uint64_t hash = snr_hash_step(scan->hash, name, len);
	enum snr_fact fact = SNR_PLAIN;

	if (scan->depth == MAX_DEPTH || snr_match_is_too_long(scan->image, scan->rule, len))
		return false;
	scan->parent_rule = scan->rule;
	scan->at_rule = false;
	if (scan->entry)
		scan->entry = scan->entry->flags & SNR_ENTRY_BENEATH
				      ? snr_match_path(scan->image, hash)
				      : NULL;
	if (is_special(scan))
		return false;
	if (scan->entry && scan->entry->rule != SNR_NO_RULE) {
		if (scan->popped || snr_facts_get(scan->facts, scan->epoch,
						  snr_hash_searched(scan->hash)) != SNR_PLAIN)
			return false;
		scan->rule = scan->entry->rule;
		scan->rest = end;
		scan->entered = true;
		scan->at_rule = true;
		scan->floor = scan->depth + 1;
	} else if (!(scan->entry && scan->entry->ancestor) && look) {
		fact = snr_facts_get(scan->facts, scan->epoch, hash);
		if (fact == SNR_UNKNOWN)
			return false;
	}
	scan->plain = (scan->plain & ~(1ull << scan->depth)) | (uint64_t)(fact == SNR_PLAIN)
								       << scan->depth;
	scan->up[scan->depth++] = scan->hash;
	scan->hash = hash;
	return true;
}

static bool scan_text(struct scan *scan, const char *path, size_t len, struct snr_lookup lookup)
{
	bool slash = len && path[len - 1] == '/';
	struct snr_component c = {0}, next;
	bool more = snr_next_component(path, len, &c);

	while (more) {
		const char *name = path + c.start;
		size_t n = c.end - c.start;

		next = c;
		more = snr_next_component(path, len, &next);
		if (snr_is_dotdot(name, n)) {
			if (!scan_up(scan, path[0] == '/'))
				return false;
		} else if (!snr_is_dot(name, n)) {
			bool look = more || snr_looks_through(lookup, slash);

			if (!scan_down(scan, name, n, c.end, look))
				return false;
		}
		c = next;
	}
	return true;
}

/* False where the text is too long behind the target: the walk may find a shorter one. */
static bool scan_result(const struct scan *scan, const char *path, size_t len, char *out,
			struct snr_resolved *result)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	struct snr_text target;
	long n;

	result->rule = scan->rule;
	result->parent_rule = scan->parent_rule;
	result->at_rule = scan->at_rule;
	result->ancestor = scan->entry && scan->entry->ancestor;
	if (path[0] == '/')
		result->memo =
			scan->entered ? SNR_MEMO_MOVED(scan->rule, scan->rest) : SNR_MEMO_UNCHANGED;
	if (!scan->entered)
		return true;
	target = snr_rule(scan->image, scan->rule)->target;
	if (target.len > 1 || scan->rest == len)
		snr_add(&builder, snr_string(scan->image, target), target.len);
	snr_add(&builder, path + scan->rest, len - scan->rest);
	n = snr_finish(&builder);
	if (n < 0) {
		result->memo = 0;
		return false;
	}
	result->changed = true;
	result->len = (uint32_t)n;
	return true;
}

/* What a relative path from DIRFD fails with, where that is so at its first step: it is no
 * directory, or one that must not be searched. Its name does not tell, since it is gone. */
static long first_step(const struct snr_host *host, int dirfd)
{
	char path[32];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};
	uint64_t inode;
	long err;

	if (dirfd == AT_FDCWD) {
		snr_add_text(&builder, "/proc/self/cwd/.");
	} else {
		snr_add_text(&builder, "/proc/self/fd/");
		snr_add_number(&builder, dirfd);
		snr_add_text(&builder, "/.");
	}
	snr_finish(&builder);
	err = host->kind(host->context, path, &inode);
	return err == -ENOTDIR || err == -EACCES ? err : 0;
}

/* A directory that was removed still has a parent, and its own name is known. Returns the length of
 * REAL, or -errno where only the kernel can take the call. */
static long without_deleted(const struct snr_host *host, int dirfd, char *real, size_t len)
{
	size_t n = snr_length_undeleted(real, len);
	uint64_t inode;
	long err;

	if (n == len || host->kind(host->context, real, &inode) >= 0)
		return (long)len;
	err = first_step(host, dirfd);
	if (err)
		return err;
	real[n] = '\0';
	return (long)n;
}

long snr_base(const struct snr_image *image, const struct snr_host *host,
	      struct snr_scratch *scratch, int dirfd)
{
	long n = host->directory(host->context, dirfd, scratch->real, SNR_PATH_MAX);
	long len;

	if (n < 0)
		return n;
	if (scratch->real[0] != '/')
		return -ENOTDIR;
	len = without_deleted(host, dirfd, scratch->real, (size_t)n);
	if (len < 0)
		return len;
	scratch->base_gone = len < n;
	n = len;
	len = snr_unmap(image, scratch->real, (size_t)n, scratch->base, SNR_PATH_MAX);
	if (len < 0)
		return len;
	if (!snr_leads_to(image, scratch->base, (size_t)len, scratch->real, (size_t)n,
			  scratch->link))
		return -ENOENT;
	return len;
}

static void scan_start(struct scan *scan, const struct snr_image *image, const char *base,
		       size_t base_len)
{
	struct snr_position start = snr_match_position(image, base, base_len);

	scan->image = image;
	scan->hash = start.hash;
	scan->depth = 0;
	scan->floor = 0;
	scan->plain = 0;
	scan->rule = start.rule;
	scan->entered = false;
	scan->popped = false;
	scan->at_rule = false;
	scan->rest = 0;
	scan->parent_rule = scan->rule;
	scan->entry = start.entry;
	scan->patterns = start.patterns;
}

/* Where the last component of PATH starts, if it is a dot or dot-dot; else LEN. */
static size_t last_dots(const char *path, size_t len)
{
	struct snr_component last = snr_last_component(path, len);
	size_t n = last.end - last.start;

	return snr_is_dot(path + last.start, n) || snr_is_dotdot(path + last.start, n) ? last.start
										       : len;
}

static bool is_named_by_rule(const struct snr_image *image, const char *path, size_t len)
{
	struct snr_component last = snr_last_component(path, len);

	return snr_match_name(image, path + last.start, last.end - last.start);
}

static struct snr_resolved resolve(const struct snr_image *image, struct snr_facts *facts,
				   const struct snr_host *host, struct snr_scratch *scratch,
				   int dirfd, const char *path, size_t len,
				   struct snr_lookup lookup, char *out);

/* A call that names an entry refuses dots as last name, after it has found the directory they are
 * in. */
static struct snr_resolved resolve_dots(const struct snr_image *image, struct snr_facts *facts,
					const struct snr_host *host, struct snr_scratch *scratch,
					int dirfd, const char *path, size_t len, size_t dots,
					char *out)
{
	struct snr_lookup follow = {.follow = true};
	struct snr_resolved result = resolve(image, facts, host, scratch, dirfd, dots ? path : ".",
					     dots ? dots : 1, follow, out);
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX, .len = result.len};

	result.parent_rule = result.rule;
	result.at_rule = false;
	result.ancestor = false;
	result.memo = 0;
	if (!result.changed)
		return result;
	snr_add(&builder, "/", 1);
	snr_add(&builder, path + dots, len - dots);
	if (snr_finish(&builder) < 0)
		result.error = -ENAMETOOLONG;
	result.len = (uint32_t)builder.len;
	return result;
}

/* May a rule lie at or beneath where SCAN begins? */
static bool lies_above_rules(const struct scan *scan)
{
	return scan->patterns || (scan->entry && (scan->entry->flags & SNR_ENTRY_BENEATH));
}

/* SCAN begins at the cwd as it was at the time NOW. */
static void keep_start(struct snr_facts *facts, uint64_t now, const struct scan *scan)
{
	if (facts && !lies_above_rules(scan))
		snr_start_keep(facts, now, scan->hash, scan->rule);
}

static struct snr_resolved resolve(const struct snr_image *image, struct snr_facts *facts,
				   const struct snr_host *host, struct snr_scratch *scratch,
				   int dirfd, const char *path, size_t len,
				   struct snr_lookup lookup, char *out)
{
	struct snr_resolved result = {.rule = SNR_NO_RULE,
				      .parent_rule = SNR_NO_RULE,
				      .overlay = SNR_NO_RULE,
				      .frozen = SNR_NO_RULE};
	bool from_cwd = dirfd == AT_FDCWD && len && path[0] != '/';
	uint64_t now = facts ? snr_start_now(facts) : 0;
	long base_len = 0;
	struct scan scan;
	bool judged;

	result.plain = true;
	scratch->epoch = snr_facts_epoch(facts);
	if (snr_has_overlays(image))
		snr_layers_forget(scratch);
	for (; lookup.in_root && len && path[0] == '/'; path++)
		len--;
	/* What is absolute leads out of every directory (EXDEV). */
	if (len == 0 || lookup.ignored || (lookup.beneath && path[0] == '/'))
		return result;
	if (lookup.entry && last_dots(path, len) < len)
		return resolve_dots(image, facts, host, scratch, dirfd, path, len,
				    last_dots(path, len), out);
	if (path[0] != '/') {
		if (snr_is_foreign_name(image, path, len, lookup))
			return result;
		if (from_cwd &&
		    snr_start_stays(image, facts, host, scratch, path, len, lookup, &result.rule)) {
			result.parent_rule = result.rule;
			result.plain = false;
			return result;
		}
		base_len = snr_base(image, host, scratch, dirfd);
		if (base_len < 0)
			return result; /* the kernel takes the call as it is */
	}
	result.plain = false;
	scan_start(&scan, image, scratch->base, (size_t)base_len);
	scan.facts = facts;
	scan.epoch = scratch->epoch;
	if (from_cwd)
		keep_start(facts, now, &scan);
	judged = snr_is_judged(image, lookup) && snr_is_walked(image, lookup);
	if (snr_is_confined(lookup) && !snr_is_judged(image, lookup) && !lies_above_rules(&scan))
		return result; /* no rule lies where the walk can come to */
	if (lookup.no_xdev || snr_is_confined(lookup) || judged ||
	    !scan_text(&scan, path, len, lookup) || !scan_result(&scan, path, len, out, &result))
		snr_walk(image, facts, host, scratch, dirfd, (size_t)base_len, path, len, lookup,
			 out, &result);
	return result;
}

struct snr_resolved snr_resolve(const struct snr_image *image, struct snr_facts *facts,
				const struct snr_host *host, struct snr_scratch *scratch, int dirfd,
				const char *path, size_t len, struct snr_lookup lookup, char *out)
{
	struct snr_resolved result =
		resolve(image, facts, host, scratch, dirfd, path, len, lookup, out);

	result.named = lookup.entry && is_named_by_rule(image, path, len);
	result.frozen = SNR_NO_RULE;
	/* Dots that are to be made or removed the kernel refuses by their names. */
	if (lookup.writes && !result.error && !(lookup.entry && last_dots(path, len) < len))
		result.frozen = snr_readonly_rule(image, scratch, &result, lookup);
	if (result.frozen != SNR_NO_RULE)
		result.memo = 0; /* what it is answered with depends on what is there */
	return result;
}
