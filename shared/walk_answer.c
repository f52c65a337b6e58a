/* SPDX-License-Identifier: MIT
 * What comes of a walk: the path for the kernel, or the errno that only we can know. Only walk.c
 * calls it. It must never look at a name again: the walk has seen all of them.
 */
#include "shared/walking.h"

#include "shared/memo.h"
#include "shared/reach.h"

#include <errno.h>

/* What the kernel must still walk itself from where we are. */
static void add_rest(const struct walk *walk, struct snr_builder *builder)
{
	if (walk->stopped) {
		if (walk->up_left)
			snr_add(builder, "/..", 3);
		snr_rest_add(&walk->rest, builder);
	} else if (walk->directory) {
		snr_add(builder, "/.", walk->dot ? 2 : 1);
	}
}

static long write_path(struct walk *walk, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	long n = snr_walk_real_path(walk);

	if (n < 0)
		return n;
	snr_add(&builder, walk->scratch->real, (size_t)n);
	add_rest(walk, &builder);
	n = snr_finish(&builder);
	if (n != -ENAMETOOLONG)
		return n;
	builder = (struct snr_builder){.out = out, .size = SNR_PATH_MAX};
	add_rest(walk, &builder);
	n = snr_finish(&builder);
	walk->lent = true;
	return n < 0 ? n : snr_reach_from(walk->host, walk->scratch->real, out, (size_t)n);
}

/* May the kernel walk the rest of the text from another place? Nothing would hold it back where the
 * program wants it to be held, and on the way there it would cross mounts. */
static bool may_go_on(const struct walk *walk)
{
	return snr_rest_is_empty(&walk->rest) ||
	       !(walk->lookup.no_xdev || snr_is_confined(walk->lookup));
}

/* A whiteout is where the path leads, or on its way. Whether it may come into being again, or is
 * refused for another reason before, is for the call to say. */
static bool is_gone(const struct walk *walk)
{
	return walk->layer == SNR_LAYER_ABSENT &&
	       ((!walk->lookup.create && !walk->lookup.entry) ||
		(walk->stopped && !snr_rest_is_empty(&walk->rest)));
}

/* What a call ends with that changes a removed start: on the lower layer it cannot be changed. */
static int start_error(struct walk *walk)
{
	struct snr_scratch *scratch = walk->scratch;
	long n = walk->host->directory(walk->host->context, walk->dirfd, scratch->link,
				       SNR_PATH_MAX);

	return n > 0 && snr_lies_below(walk->image, scratch->base, walk->base_len, scratch->link,
				       (size_t)n)
		       ? -ENOTDIR
		       : 0;
}

/* What tells that the path must lead to a directory, behind the name of where it leads. */
static uint32_t write_tail(const struct walk *walk)
{
	struct snr_builder builder = {.out = walk->scratch->where,
				      .size = SNR_PATH_MAX,
				      .len = walk->len};

	add_rest(walk, &builder);
	return snr_finish(&builder) < 0 ? 0 : (uint32_t)(builder.len - walk->len);
}

static void answer(struct walk *walk, char *out, struct snr_resolved *result)
{
	long n;

	result->rule = walk->verdict == SNR_NO_RULE ? walk->at.rule : walk->verdict;
	result->parent_rule = walk->parent_rule;
	result->barred = walk->barred;
	result->walked = !walk->error && !walk->lost && !walk->up_left &&
			 (!walk->stopped || snr_rest_is_empty(&walk->rest));
	result->where = (uint32_t)walk->len;
	/* Only the last name may be missing. */
	result->fails =
		walk->error || (walk->stopped && !walk->lost &&
				(walk->missing != -ENOENT || !snr_rest_is_empty(&walk->rest)));
	result->jumped = walk->jumped;
	if (!walk->stopped && !walk->error) {
		result->at_rule = snr_walk_is_at_rule(walk);
		result->ancestor = snr_walk_is_above_rules(walk);
	}
	/* What is missing can become a link only by a call that makes us forget. */
	if (!walk->crossed && !walk->error && !walk->jumped && walk->rest.text[0] == '/' &&
	    (!walk->stopped || walk->missing == -ENOENT || walk->missing == -ENOTDIR) &&
	    !snr_has_kind(walk->image, SNR_KIND_BIT(SNR_FAULT)))
		result->memo = SNR_MEMO_UNCHANGED;
	/* As long as the kernel walks the same way it meets the same error, and says it better. */
	if (!walk->crossed)
		return;
	result->error = walk->error;
	if (!result->error && walk->stopped && !may_go_on(walk))
		result->error = walk->missing;
	if (result->error)
		return;
	n = write_path(walk, out);
	if (n >= 0 && snr_walk_is_removed_start(walk)) {
		/* The kernel finds it by where it starts. */
		result->error = walk->lookup.writes ? start_error(walk) : 0;
		return;
	}
	if (n >= 0 && is_gone(walk))
		n = -ENOENT;
	if (n < 0) {
		result->error = (int)n;
		return;
	}
	result->layer = (uint8_t)walk->layer;
	if (walk->layer != SNR_LAYER_NONE)
		result->overlay = snr_match_place(walk->image, walk->at.rule);
	result->incomplete = walk->stopped && !snr_rest_is_empty(&walk->rest);
	result->changed = true;
	result->lent = walk->lent;
	result->len = (uint32_t)n;
}

void snr_walk_answer(struct walk *walk, char *out, struct snr_resolved *result)
{
	struct snr_scratch *scratch = walk->scratch;

	answer(walk, out, result);
	result->tail = result->walked ? write_tail(walk) : 0;
	if (!walk->goal || !walk->lost)
		return;
	snr_copy(scratch->where, scratch->base, walk->goal);
	result->walked = true;
	result->where = (uint32_t)walk->goal;
}
