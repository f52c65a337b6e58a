/* SPDX-License-Identifier: MIT
 * A name for where a walk is that begins where the program begins. Only walk.c calls it.
 * It must never look at the file system but for its mounts.
 */
#include "shared/walking.h"

#include "shared/text.h"

#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* How much of both scratch->where and scratch->base is the same: whole components. */
static size_t common_length(const struct walk *walk)
{
	const char *where = walk->scratch->where, *base = walk->scratch->base;
	size_t len = 0, slash = 0;

	while (len < walk->len && len < walk->base_len && where[len] == base[len]) {
		if (where[len] == '/')
			slash = len;
		len++;
	}
	return (len == walk->len || where[len] == '/') &&
			       (len == walk->base_len || base[len] == '/')
		       ? len
		       : slash;
}

bool snr_walk_is_removed_start(const struct walk *walk)
{
	return (walk->layer == SNR_LAYER_ABSENT ||
		(walk->layer != SNR_LAYER_NONE && walk->scratch->base_gone)) &&
	       walk->len > 1 && walk->len == walk->base_len &&
	       snr_equal(walk->scratch->where, walk->scratch->base, walk->len);
}

bool snr_walk_name_from_start(struct walk *walk)
{
	const struct snr_scratch *scratch = walk->scratch;
	struct snr_builder builder = {.out = walk->scratch->real, .size = SNR_PATH_MAX};
	size_t common;

	/* The start lies on one layer of an overlay, and so does all that is named from there. */
	if (walk->base_len < 2 || walk->at.rule != walk->base_rule ||
	    (walk->layer != SNR_LAYER_NONE && !snr_walk_is_removed_start(walk)))
		return false;
	snr_add_text(&builder, "/proc/thread-self/");
	if (walk->dirfd == AT_FDCWD) {
		snr_add_text(&builder, "cwd");
	} else {
		snr_add_text(&builder, "fd/");
		snr_add_number(&builder, walk->dirfd);
	}
	common = common_length(walk);
	/* The directory itself, not the link that leads to it. */
	if (walk->len == walk->base_len && common == walk->len)
		snr_add_text(&builder, "/.");
	for (size_t i = common; i < walk->base_len; i++)
		if (scratch->base[i] == '/')
			snr_add_text(&builder, "/..");
	snr_add(&builder, scratch->where + common, walk->len - common);
	return snr_finish(&builder) >= 0;
}

static bool mount_at(const struct walk *walk, const char *path, size_t len, uint64_t *mount)
{
	const struct snr_host *host = walk->host;
	char *real = walk->scratch->real;
	size_t rest;

	while (len > 1) {
		uint32_t rule = snr_match_longest(walk->image, path, len, &rest);

		if (rule == SNR_NO_RULE || snr_rule(walk->image, rule)->kind != SNR_PARENT)
			break;
		while (path[--len] != '/')
			;
	}
	return snr_map(walk->image, len ? path : "/", len ? len : 1, real, SNR_PATH_MAX) >= 0 &&
	       !host->mount(host->context, real, mount);
}

bool snr_walk_left_mount(const struct walk *walk, size_t len, bool to_root)
{
	const struct snr_scratch *scratch = walk->scratch;
	uint64_t from, here;

	return mount_at(walk, scratch->where, len, &here) &&
	       mount_at(walk, scratch->base, to_root ? 0 : walk->base_len, &from) && from != here;
}
