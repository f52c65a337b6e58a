/* SPDX-License-Identifier: MIT
 * Overlays: what a descriptor is open on, where that is on the lower layer and is to be changed.
 * Only rewrite.c and walk_jump.c call it. It must never take the file of another name for its own.
 */
#include "shared/overlay.h"

#include "shared/text.h"

#include <errno.h>

#define TYPE_DIRECTORY 4 /* DT_DIR of <dirent.h> */
#define TYPE_LINK      10

/* What a call fails with whose file has no name any more: as copying it up ends then
 * (ovl_copy_up_one, ovl_do_link in fs/overlayfs/copy_up.c, 6.18), or vfs_link in fs/namei.c. */
static int gone(struct snr_lookup lookup, long type)
{
	if (lookup.links)
		return -ENOENT;
	return type == TYPE_DIRECTORY ? -ENOTDIR : -EEXIST;
}

long snr_held_name(const struct snr_image *image, const struct snr_host *host,
		   struct snr_scratch *scratch, struct snr_lookup lookup, const char *path,
		   size_t len, const char *real, size_t real_len, char *out, enum snr_layer *layer)
{
	uint64_t inode;
	long type, n;

	if (!snr_has_overlays(image) || !snr_lies_below(image, path, len, real, real_len))
		return SNR_HELD_ELSEWHERE;
	n = snr_place(image, host, scratch, path, len, out, SNR_PATH_MAX, layer);
	if (*layer == SNR_LAYER_NONE)
		return SNR_HELD_ELSEWHERE;
	type = host->kind(host->context, real, &inode);
	/* What took the name meanwhile is seldom of another kind, but then it is certain. */
	if (n < 0 || *layer == SNR_LAYER_ABSENT || type < 0 ||
	    (*layer != SNR_LAYER_LOWER && host->kind(host->context, out, &inode) != type))
		return gone(lookup, type);
	return type == TYPE_LINK ? SNR_HELD_LINK : SNR_HELD_NAMED;
}

struct snr_resolved snr_resolve_held(const struct snr_image *image, const struct snr_host *host,
				     struct snr_scratch *scratch, int fd, struct snr_lookup lookup,
				     char *out)
{
	struct snr_resolved result = {.rule = SNR_NO_RULE,
				      .parent_rule = SNR_NO_RULE,
				      .overlay = SNR_NO_RULE,
				      .frozen = SNR_NO_RULE,
				      .plain = true};
	long real_len = host->directory(host->context, fd, scratch->real, SNR_PATH_MAX), len;
	enum snr_layer layer;
	size_t rest;
	long held;

	if (real_len <= 0 || scratch->real[0] != '/')
		return result;
	len = snr_unmap(image, scratch->real, (size_t)real_len, scratch->where, SNR_PATH_MAX);
	if (len < 0)
		return result;
	snr_layers_forget(scratch);
	held = snr_held_name(image, host, scratch, lookup, scratch->where, (size_t)len,
			     scratch->real, (size_t)real_len, out, &layer);
	if (held == SNR_HELD_ELSEWHERE)
		return result;
	result.plain = false;
	result.rule = snr_match_longest(image, scratch->where, (size_t)len, &rest);
	result.parent_rule = result.rule;
	result.error = held < 0 ? (int)held : 0;
	result.overlay = snr_match_place(image, result.rule);
	result.layer = (uint8_t)layer;
	result.changed = true;
	result.held = true;
	result.len = result.error ? 0 : (uint32_t)snr_length(out);
	return result;
}
