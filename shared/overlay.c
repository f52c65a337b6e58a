/* SPDX-License-Identifier: MIT
 * Overlays: which layer a name is on. Callable from everywhere. It must never look at the lower
 * layer where the upper one decides.
 */
#include "shared/overlay.h"

#include "shared/text.h"

#include <errno.h>

#define TYPE_DIRECTORY 4  /* DT_DIR of <dirent.h> */
#define TYPE_LINK      10 /* DT_LNK */

static struct snr_layer_seen *seen_of(struct snr_scratch *scratch, uint64_t hash)
{
	return &scratch->seen[hash % (sizeof(scratch->seen) / sizeof(*scratch->seen))];
}

void snr_layers_forget(struct snr_scratch *scratch)
{
	for (size_t i = 0; i < sizeof(scratch->seen) / sizeof(*scratch->seen); i++)
		scratch->seen[i].hash = 0;
}

long snr_layered_path(const struct snr_image *image, uint32_t rule, bool lower, const char *rest,
		      size_t len, char *out, size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};
	struct snr_text root = lower ? snr_rule(image, rule)->text : snr_rule(image, rule)->target;

	if (root.len > 1 || !len)
		snr_add(&builder, snr_string(image, root), root.len);
	if (len > 1 || root.len == 1)
		snr_add(&builder, rest, len);
	return snr_finish(&builder);
}

bool snr_is_temporary(const char *name, size_t len)
{
	return snr_begins(name, len, SNR_OVERLAY_TEMPORARY);
}

/* A directory of the upper layer is at REST: has the lower one a directory that it is merged with?
 * /bin, /lib and their like are links where /usr is merged, and directories in a snap: above all of
 * "/" such a link counts as the directory that it leads to. */
static bool is_merged(const struct snr_image *image, const struct snr_host *host,
		      struct snr_scratch *scratch, uint32_t rule, const char *rest, size_t len)
{
	struct snr_builder path = {.out = scratch->layer, .size = SNR_PATH_MAX};
	long n = snr_layered_path(image, rule, true, rest, len, path.out, path.size);
	struct snr_component top = {0};
	uint64_t inode;
	long type;

	if (n < 0)
		return false;
	type = host->kind(host->context, path.out, &inode);
	if (type == TYPE_LINK && snr_rule(image, rule)->path.len == 1 &&
	    snr_next_component(rest, len, &top) && top.end == len) {
		path.len = (size_t)n;
		snr_add_text(&path, "/.");
		if (snr_finish(&path) >= 0)
			type = host->kind(host->context, path.out, &inode);
	}
	return type == TYPE_DIRECTORY;
}

/* The layer of REST, LEN bytes, whose directory both layers have, or the upper one alone. */
static enum snr_layer layer_below(const struct snr_image *image, const struct snr_host *host,
				  struct snr_scratch *scratch, uint32_t rule, enum snr_layer parent,
				  const char *rest, size_t len)
{
	long found;

	if (snr_layered_path(image, rule, false, rest, len, scratch->layer, SNR_PATH_MAX) < 0)
		return SNR_LAYER_UPPER;
	found = host->upper(host->context, scratch->layer);
	if (found == SNR_UPPER_WHITEOUT)
		return SNR_LAYER_ABSENT;
	if (parent == SNR_LAYER_UPPER)
		return SNR_LAYER_UPPER;
	if (found == -ENOENT || found == -ENOTDIR)
		return SNR_LAYER_LOWER;
	return (found == SNR_UPPER_DIRECTORY || found == SNR_UPPER_MARKED) &&
			       is_merged(image, host, scratch, rule, rest, len)
		       ? SNR_LAYER_MERGED
		       : SNR_LAYER_UPPER;
}

/* Above the root of all, what the kernel makes up stays as it is. */
static bool is_left_alone(const struct snr_image *image, uint32_t rule, const char *path,
			  size_t len)
{
	struct snr_component c = {0};
	size_t n;

	if (snr_rule(image, rule)->path.len > 1 || !snr_next_component(path, len, &c))
		return false;
	n = c.end - c.start;
	return (n == 4 && snr_equal(path + c.start, "proc", n)) ||
	       (n == 3 &&
		(snr_equal(path + c.start, "sys", n) || snr_equal(path + c.start, "dev", n)));
}

/* Where nothing was at the rule's path, there is one layer only. */
static enum snr_layer layer_of_root(const struct snr_image *image, uint32_t rule)
{
	return snr_rule(image, rule)->flags & SNR_RULE_PATH_EXISTS ? SNR_LAYER_MERGED
								   : SNR_LAYER_UPPER;
}

enum snr_layer snr_layer_of(const struct snr_image *image, const struct snr_host *host,
			    struct snr_scratch *scratch, uint32_t rule, const char *path,
			    size_t len, size_t rest)
{
	enum snr_layer layer = layer_of_root(image, rule);
	uint64_t hash = snr_hash_path(path, rest);
	struct snr_component c = {.end = rest};

	if (is_left_alone(image, rule, path, len))
		return SNR_LAYER_NONE;
	while ((layer == SNR_LAYER_MERGED || layer == SNR_LAYER_UPPER) &&
	       snr_next_component(path, len, &c)) {
		struct snr_layer_seen *seen;

		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		seen = seen_of(scratch, hash);
		if (seen->hash != hash) {
			seen->layer =
				snr_is_temporary(path + c.start, c.end - c.start)
					? SNR_LAYER_ABSENT
					: (uint8_t)layer_below(image, host, scratch, rule, layer,
							       path + rest, c.end - rest);
			seen->hash = hash;
		}
		layer = (enum snr_layer)seen->layer;
	}
	return layer;
}

long snr_place(const struct snr_image *image, const struct snr_host *host,
	       struct snr_scratch *scratch, const char *path, size_t len, char *out, size_t size,
	       enum snr_layer *layer)
{
	size_t rest;
	uint32_t rule;

	*layer = SNR_LAYER_NONE;
	if (!snr_has_overlays(image))
		return snr_map(image, path, len, out, size);
	rule = snr_match_placing(image, path, len, &rest);
	if (!snr_is_overlay(image, rule))
		return snr_map(image, path, len, out, size);
	*layer = snr_layer_of(image, host, scratch, rule, path, len, rest);
	return snr_layered_path(image, rule, *layer == SNR_LAYER_LOWER || *layer == SNR_LAYER_NONE,
				path + rest, len - rest, out, size);
}

bool snr_is_layered_directory(const struct snr_image *image, const struct snr_host *host,
			      struct snr_scratch *scratch, const char *path, size_t len)
{
	enum snr_layer layer;
	uint64_t inode;

	return snr_has_overlays(image) &&
	       snr_place(image, host, scratch, path, len, scratch->real, SNR_PATH_MAX, &layer) >=
		       0 &&
	       layer != SNR_LAYER_NONE && layer != SNR_LAYER_ABSENT &&
	       host->kind(host->context, scratch->real, &inode) == TYPE_DIRECTORY;
}

static bool is_beneath(const struct snr_image *image, struct snr_text root, const char *rest,
		       size_t len, const char *real, size_t real_len)
{
	size_t top = root.len > 1 ? root.len : 0;

	if (len <= 1 && real_len == root.len)
		return snr_equal(real, snr_string(image, root), root.len);
	return top + len == real_len && snr_equal(real, snr_string(image, root), top) &&
	       snr_equal(real + top, rest, len);
}

bool snr_leads_to(const struct snr_image *image, const char *path, size_t len, const char *real,
		  size_t real_len, char *buffer)
{
	size_t rest;
	uint32_t place = snr_match_placing(image, path, len, &rest);
	const struct snr_rule *rule;
	long n;

	if (!snr_is_overlay(image, place)) {
		n = snr_map(image, path, len, buffer, SNR_PATH_MAX);
		return n == (long)real_len && snr_equal(buffer, real, real_len);
	}
	rule = snr_rule(image, place);
	return is_beneath(image, rule->target, path + rest, len - rest, real, real_len) ||
	       is_beneath(image, rule->text, path + rest, len - rest, real, real_len);
}

bool snr_lies_below(const struct snr_image *image, const char *path, size_t len, const char *real,
		    size_t real_len)
{
	size_t rest;
	uint32_t place = snr_match_placing(image, path, len, &rest);

	return snr_is_overlay(image, place) && is_beneath(image, snr_rule(image, place)->text,
							  path + rest, len - rest, real, real_len);
}
