/* SPDX-License-Identifier: MIT
 * A walk that meets a link of /proc that jumps: may it go on by the name of where that leads, and
 * is what bars the way there in the way of the link, too? Only walk.c calls it.
 */
#include "shared/text.h"
#include "shared/walking.h"

#include <errno.h>

/* The kernel's jump ends on the lower layer of an overlay, and the call is to change what is there,
 * or to give it another name. */
static bool means_name(struct walk *walk, size_t len, size_t real_len)
{
	struct snr_scratch *scratch = walk->scratch;
	enum snr_layer layer;
	long held;

	if (!walk->lookup.writes && !walk->lookup.links)
		return false;
	scratch->link[real_len] = '\0';
	held = snr_held_name(walk->image, walk->host, scratch, walk->lookup, scratch->base, len,
			     scratch->link, real_len, scratch->real, &layer);
	if (held < 0)
		walk->error = (int)held;
	else if (held == SNR_HELD_LINK)
		walk->error = -ELOOP;
	walk->crossed |= walk->error != 0;
	return held == SNR_HELD_NAMED;
}

bool snr_walk_jumps_by_name(struct walk *walk, size_t len, size_t real_len)
{
	struct snr_scratch *scratch = walk->scratch;
	size_t rest;

	/* The kernel does the jump, but on whose side it ends link(2) must know; and a directory of
	 * an overlay may be on both layers. */
	walk->at.rule = snr_match_longest(walk->image, scratch->base, len, &rest);
	return snr_is_layered_directory(walk->image, walk->host, scratch, scratch->base, len) ||
	       means_name(walk, len, real_len);
}

bool snr_walk_is_barred_behind_jump(const struct walk *walk)
{
	struct snr_builder path = {.out = walk->scratch->real, .size = SNR_PATH_MAX};

	if (!walk->via_len || walk->len < walk->via_base)
		return false;
	snr_add(&path, walk->via, walk->via_len);
	snr_add(&path, walk->scratch->where + walk->via_base, walk->len - walk->via_base);
	return snr_finish(&path) >= 0 &&
	       walk->host->search(walk->host->context, walk->scratch->real) == -EACCES;
}
