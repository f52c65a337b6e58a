/* SPDX-License-Identifier: MIT
 * Overlays: what the listing of a directory shows of its two layers. The kernel lists one of them,
 * that which the descriptor is open on; names of the other one follow. Only listing.c calls it. It
 * must never show a name twice.
 */
#include "shared/listing.h"
#include "shared/text.h"

#include <errno.h>

static bool is_under(const struct snr_image *image, struct snr_text root, const char *rest,
		     size_t len, const char *real, size_t real_len)
{
	size_t top = root.len > 1 ? root.len : 0;

	return real_len >= top && snr_equal(real, snr_string(image, root), top) &&
	       (real_len == top + len || (!len && real_len == root.len)) &&
	       (real_len == root.len || snr_equal(real + top, rest, len));
}

/* The directory's path on one layer in scratch->layer, or that of NAME in it. */
static bool layer_path(const struct snr_listing *listing, bool lower, const char *name, size_t len)
{
	const struct snr_merge *merge = &listing->merge;
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->layer, .size = SNR_PATH_MAX};
	long n = snr_layered_path(listing->image, merge->rule, lower, scratch->where + merge->rest,
				  listing->len - merge->rest, scratch->layer, SNR_PATH_MAX);

	if (n < 0)
		return false;
	path.len = (size_t)n;
	if (len) {
		snr_add(&path, "/", 1);
		snr_add(&path, name, len);
	}
	return snr_finish(&path) >= 0;
}

/* enum snr_upper or -errno of NAME, or of the directory itself. */
static long upper_of(const struct snr_listing *listing, const char *name, size_t len)
{
	if (!layer_path(listing, false, name, len))
		return -ENAMETOOLONG;
	return listing->host->upper(listing->host->context, listing->scratch->layer);
}

bool snr_merge_begin(struct snr_listing *listing, const char *real, size_t len)
{
	const struct snr_image *image = listing->image;
	struct snr_scratch *scratch = listing->scratch;
	struct snr_merge *merge = &listing->merge;
	long upper;

	*merge = (struct snr_merge){.rule = SNR_NO_RULE};
	if (!snr_has_overlays(image))
		return false;
	merge->rule = snr_match_placing(image, scratch->where, listing->len, &merge->rest);
	if (!snr_is_overlay(image, merge->rule)) {
		merge->rule = SNR_NO_RULE;
		return false;
	}
	snr_layers_forget(scratch);
	merge->layer = (uint8_t)snr_layer_of(image, listing->host, scratch, merge->rule,
					     scratch->where, listing->len, merge->rest);
	merge->lower =
		!is_under(image, snr_rule(image, merge->rule)->target, scratch->where + merge->rest,
			  listing->len - merge->rest, real, len);
	merge->follows = merge->layer == SNR_LAYER_MERGED;
	if (merge->layer == SNR_LAYER_NONE || (merge->layer == SNR_LAYER_LOWER && merge->lower)) {
		merge->rule = SNR_NO_RULE;
		return false;
	}
	upper = upper_of(listing, NULL, 0);
	merge->asks = merge->lower || upper == SNR_UPPER_MARKED;
	return true;
}

/* It has no names at all (iterate_dir in fs/readdir.c). */
bool snr_merge_is_gone(const struct snr_listing *listing)
{
	return listing->merge.rule != SNR_NO_RULE && listing->merge.layer == SNR_LAYER_ABSENT;
}

bool snr_merge_hides(const struct snr_listing *listing, const char *name, size_t len,
		     unsigned char type)
{
	const struct snr_merge *merge = &listing->merge;
	long upper;

	if (merge->rule == SNR_NO_RULE || !(merge->asks || snr_may_be_hidden(name, len, type)))
		return false;
	if (snr_is_temporary(name, len) || snr_merge_is_gone(listing))
		return true;
	upper = upper_of(listing, name, len);
	/* What was listed from below may be behind an opaque directory now. */
	return upper == SNR_UPPER_WHITEOUT ||
	       (merge->lower && merge->layer == SNR_LAYER_UPPER && upper == -ENOENT);
}

/* The next record of the other layer, of whatever name. */
static bool next_record(struct snr_listing *listing, struct snr_listed *listed)
{
	const struct snr_host *host = listing->host;
	struct snr_merge *merge = &listing->merge;
	char *chunk = listing->scratch->pending;
	struct snr_record record;
	long n;

	if (merge->chunk_at == merge->chunk_len) {
		/* With the dot, since above "/" it may be a link (overlay.c). */
		if (!layer_path(listing, !merge->lower, ".", 1))
			return false;
		n = host->list(host->context, listing->scratch->layer, merge->cookie, chunk,
			       merge->small ? SNR_RECORD_MAX : sizeof(listing->scratch->pending));
		if (n <= 0)
			return false;
		merge->chunk_at = 0;
		merge->chunk_len = (uint32_t)n;
	}
	record = snr_read_record(chunk + merge->chunk_at);
	listed->name = record.name;
	listed->len = record.len;
	listed->inode = record.inode;
	listed->type = record.type;
	merge->cookie = record.offset;
	merge->chunk_at += record.size;
	merge->at++;
	return true;
}

/* Do we stand in front of the name with number WANTED? */
static bool find_record(struct snr_listing *listing, uint32_t wanted)
{
	struct snr_merge *merge = &listing->merge;
	struct snr_listed passed;

	if (merge->at > wanted) {
		merge->at = 0;
		merge->cookie = 0;
		merge->chunk_at = merge->chunk_len = 0;
	}
	while (merge->at < wanted)
		if (!next_record(listing, &passed))
			return false;
	return true;
}

/* Is what the other layer has to be shown, and not by whoever lists the first one? */
static bool is_new(const struct snr_listing *listing, const struct snr_listed *listed)
{
	const struct snr_host *host = listing->host;
	struct snr_position at = listing->at;
	uint64_t inode;
	long upper;

	snr_match_step(listing->image, &at, listed->name, listed->len);
	if (snr_is_dot(listed->name, listed->len) || snr_is_dotdot(listed->name, listed->len) ||
	    snr_is_temporary(listed->name, listed->len) ||
	    (at.entry && (at.entry->rule != SNR_NO_RULE || at.entry->ancestor)))
		return false;
	upper = upper_of(listing, listed->name, listed->len);
	if (!listing->merge.lower)
		return upper == -ENOENT;
	return upper >= 0 && upper != SNR_UPPER_WHITEOUT &&
	       layer_path(listing, true, listed->name, listed->len) &&
	       host->kind(host->context, listing->scratch->layer, &inode) == -ENOENT;
}

bool snr_merge_next(struct snr_listing *listing, struct snr_listed *listed)
{
	uint32_t first = snr_merged_from(listing->image);

	while (listing->next >= first) {
		if (!find_record(listing, listing->next - first) || !next_record(listing, listed))
			break;
		listing->next = first + listing->merge.at;
		if (is_new(listing, listed))
			return true;
	}
	listing->next = 0;
	return false;
}

#define MARKS (sizeof(((struct snr_listing_marks *)0)->mark) / sizeof(*marks->mark))

void snr_listing_resume(struct snr_listing *listing, const struct snr_listing_marks *marks)
{
	for (size_t i = 0; i < MARKS && listing->merge.follows; i++) {
		if (marks->mark[i].hash != listing->at.hash || marks->mark[i].next != listing->next)
			continue;
		listing->merge.at = marks->mark[i].at;
		listing->merge.cookie = marks->mark[i].cookie;
	}
}

void snr_listing_leave(const struct snr_listing *listing, struct snr_listing_marks *marks)
{
	size_t i = 0;

	if (!listing->merge.follows || listing->next <= snr_merged_from(listing->image))
		return;
	while (i < MARKS && marks->mark[i].hash != listing->at.hash)
		i++;
	if (i == MARKS)
		i = marks->used++ % MARKS;
	marks->mark[i].hash = listing->at.hash;
	marks->mark[i].next = listing->next;
	marks->mark[i].at = listing->merge.at;
	marks->mark[i].cookie = listing->merge.cookie;
}

struct snr_record snr_read_record(const char *at)
{
	struct snr_record record;
	const size_t number = sizeof(record.inode), head = 2 * number + 3;

	snr_copy((char *)&record.inode, at, number);
	snr_copy((char *)&record.offset, at + number, number);
	snr_copy((char *)&record.size, at + 2 * number, sizeof(record.size));
	record.type = (unsigned char)at[head - 1];
	record.name = at + head;
	record.len = snr_length(record.name);
	return record;
}
