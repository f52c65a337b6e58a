/* SPDX-License-Identifier: MIT
 * What the listing of a directory must show beside the names on the disk. Callable from everywhere.
 * It must never show a name twice.
 */
#include "shared/listing.h"

#include "shared/text.h"
#include "shared/verdict.h"

#include <errno.h>

static const struct snr_child *child_at(const struct snr_image *image, uint32_t number)
{
	return (const struct snr_child *)((const char *)image + image->children_off) + number - 1;
}

/* Where the program sees the directory at the real path REAL. */
static bool start(struct snr_listing *listing, const struct snr_image *image,
		  const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		  size_t len)
{
	long n;

	if (!len || real[0] != '/')
		return false;
	n = snr_unmap(image, real, len, scratch->where, SNR_PATH_MAX);
	if (n < 0)
		return false;
	listing->image = image;
	listing->host = host;
	listing->scratch = scratch;
	listing->len = n == 1 ? 0 : (size_t)n;
	listing->at = snr_match_position(image, scratch->where, listing->len);
	return true;
}

static uint32_t behind_children(const struct snr_listing *listing)
{
	return listing->merge.follows ? snr_merged_from(listing->image) : 0;
}

bool snr_listing_begin(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len)
{
	if (!(image->nchildren || snr_has_overlays(image)) ||
	    !start(listing, image, host, scratch, real, len))
		return false;
	snr_merge_begin(listing, real, len);
	if (listing->at.entry && listing->at.entry->ancestor)
		listing->next = listing->at.entry->ancestor;
	else
		listing->next = behind_children(listing);
	return listing->next != 0;
}

#define EDITING                                                                                    \
	(SNR_KIND_BIT(SNR_HIDE) | SNR_KIND_BIT(SNR_SYMLINK) | SNR_KIND_BIT(SNR_PREFIX) |           \
	 SNR_KIND_BIT(SNR_OVERLAY))

bool snr_listing_may_edit(const struct snr_image *image)
{
	return snr_has_kind(image, EDITING);
}

bool snr_listing_edits(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len)
{
	const struct snr_entry *entry;

	if (!snr_listing_may_edit(image) || !start(listing, image, host, scratch, real, len))
		return false;
	if (snr_merge_begin(listing, real, len))
		return true;
	entry = listing->at.entry;
	return listing->at.patterns || (entry && (entry->flags & SNR_ENTRY_BENEATH)) ||
	       snr_match_prefix(image, listing->at.rule, listing->len) != SNR_NO_RULE;
}

/* The kernel's name becomes the program's. What has no prefix is not the program's. */
static bool cut_prefix(const struct snr_image *image, uint32_t rule, char *name, size_t *len)
{
	size_t cut = snr_rule(image, rule)->text.len;
	long at = snr_find_prefix(image, rule, name, *len);

	if (at < 0)
		return false;
	/* The prefix alone is a name that begins with it. */
	if (*len == (size_t)at + cut)
		return true;
	*len -= cut;
	snr_move(name + at, name + at + cut, *len - (size_t)at);
	return true;
}

bool snr_listing_shows(struct snr_listing *listing, char *name, size_t *len, unsigned char *type,
		       uint64_t *inode)
{
	const struct snr_image *image = listing->image;
	uint32_t prefix = snr_match_prefix(image, listing->at.rule, listing->len);
	struct snr_builder path = {.out = listing->scratch->where,
				   .size = SNR_PATH_MAX,
				   .len = listing->len};
	struct snr_position at = listing->at;
	uint64_t number;

	if (snr_is_dot(name, *len) || snr_is_dotdot(name, *len))
		return !snr_merge_is_gone(listing);
	if (prefix != SNR_NO_RULE && !cut_prefix(image, prefix, name, len))
		return false;
	snr_add(&path, "/", 1);
	snr_add(&path, name, *len);
	snr_match_step(image, &at, name, *len);
	if (snr_finish(&path) >= 0 &&
	    snr_verdict_at(image, &at, path.out, path.len, SNR_KIND_BIT(SNR_HIDE)) != SNR_NO_RULE)
		return false;
	if (snr_merge_hides(listing, name, *len, *type))
		return false;
	if (at.entry && at.entry->rule != SNR_NO_RULE &&
	    snr_rule(image, at.entry->rule)->kind == SNR_SYMLINK) {
		const char *link = snr_string(image, snr_rule(image, at.entry->rule)->target);
		long kind = listing->host->kind(listing->host->context, link, &number);

		if (kind >= 0) {
			*type = (unsigned char)kind;
			*inode = number;
		}
	}
	return true;
}

/* The path of the child in scratch->link, and where it leads in scratch->real. */
static bool locate(struct snr_listing *listing, const char *name, size_t len)
{
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->link, .size = SNR_PATH_MAX};
	enum snr_layer layer;

	snr_add(&path, scratch->where, listing->len);
	snr_add(&path, "/", 1);
	snr_add(&path, name, len);
	return snr_finish(&path) >= 0 &&
	       snr_place(listing->image, listing->host, scratch, scratch->link, path.len,
			 scratch->real, SNR_PATH_MAX, &layer) >= 0 &&
	       layer != SNR_LAYER_ABSENT;
}

/* Was it there when the rules were compiled? It cannot have gone since (EBUSY), nor come (EEXIST).
 */
static bool was_on_disk(const struct snr_listing *listing, const struct snr_child *child)
{
	const struct snr_rule *rule = snr_rule(listing->image, child->rule);

	return rule->path.len != listing->len + 1 + child->name.len ||
	       (rule->flags & SNR_RULE_PATH_EXISTS);
}

/* Does the kernel list the name itself? */
static bool is_on_disk(struct snr_listing *listing, const struct snr_child *child)
{
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->pending, .size = sizeof(scratch->pending)};
	enum snr_layer layer;
	uint64_t inode;
	long kind;
	long n = snr_place(listing->image, listing->host, scratch,
			   listing->len ? scratch->where : "/", listing->len ? listing->len : 1,
			   scratch->pending, SNR_PATH_MAX, &layer);

	if (n < 0)
		return true;
	path.len = (size_t)n;
	snr_add(&path, "/", 1);
	snr_add(&path, snr_string(listing->image, child->name), child->name.len);
	if (snr_finish(&path) < 0)
		return true;
	kind = listing->host->kind(listing->host->context, scratch->pending, &inode);
	/* A directory may be readable, and not searchable. */
	return kind == -EACCES ? was_on_disk(listing, child) : kind != -ENOENT;
}

static bool is_hidden(struct snr_listing *listing, const char *name, size_t len)
{
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->link, .size = SNR_PATH_MAX};
	struct snr_position at = listing->at;

	snr_add(&path, scratch->where, listing->len);
	snr_add(&path, "/", 1);
	snr_add(&path, name, len);
	snr_match_step(listing->image, &at, name, len);
	return snr_finish(&path) >= 0 &&
	       snr_verdict_at(listing->image, &at, scratch->link, path.len,
			      SNR_KIND_BIT(SNR_HIDE)) != SNR_NO_RULE;
}

static bool next_child(struct snr_listing *listing, struct snr_listed *listed)
{
	while (listing->next && listing->next < snr_merged_from(listing->image)) {
		const struct snr_child *child = child_at(listing->image, listing->next);
		long kind;

		listing->next = child->last ? behind_children(listing) : listing->next + 1;
		listed->name = snr_string(listing->image, child->name);
		listed->len = child->name.len;
		if (is_on_disk(listing, child) || is_hidden(listing, listed->name, listed->len) ||
		    !locate(listing, listed->name, listed->len))
			continue;
		kind = listing->host->kind(listing->host->context, listing->scratch->real,
					   &listed->inode);
		if (kind < 0)
			continue;
		listed->type = (unsigned char)kind;
		return true;
	}
	return false;
}

bool snr_listing_next(struct snr_listing *listing, struct snr_listed *listed)
{
	if (next_child(listing, listed))
		return true;
	while (listing->next && snr_merge_next(listing, listed))
		if (!is_hidden(listing, listed->name, listed->len))
			return true;
	return false;
}

/* Write one record to OUT. Returns its size, or 0 where ROOM is too small. getdents64(2): inode,
 * offset, size, type, name; getdents(2): longs, the type behind the name and its NUL. */
static size_t put_record(const struct snr_listed *listed, int64_t offset, unsigned word, char *out,
			 size_t room)
{
	size_t number = word ? word : 8;
	size_t head = 2 * number + 2 + (word ? 0 : 1);
	size_t need = (head + listed->len + (word ? 2 : 1) + number - 1) & ~(number - 1);
	uint16_t size = (uint16_t)need;

	if (need > room)
		return 0;
	for (size_t i = 0; i < need; i++)
		out[i] = '\0';
	snr_copy(out, (const char *)&listed->inode, number);
	snr_copy(out + number, (const char *)&offset, number);
	snr_copy(out + 2 * number, (const char *)&size, sizeof(size));
	snr_copy(out + head, listed->name, listed->len);
	out[word ? need - 1 : head - 1] = (char)listed->type;
	return need;
}

long snr_listing_fill(struct snr_listing *listing, int64_t base, unsigned word, char *buffer,
		      size_t size)
{
	struct snr_listed listed;
	size_t used = 0;

	for (;;) {
		uint32_t here = listing->next, at = listing->merge.at;
		int64_t cookie = listing->merge.cookie;
		size_t n;

		if (!snr_listing_next(listing, &listed))
			return (long)used;
		if (listing->next >= snr_listing_range(base))
			listing->next = 0;
		n = put_record(&listed, base + listing->next, word, buffer + used, size - used);
		if (!n) {
			listing->next = here;
			listing->merge.at = at;
			listing->merge.cookie = cookie;
			listing->merge.chunk_at = listing->merge.chunk_len = 0;
			return used ? (long)used : -EINVAL;
		}
		used += n;
	}
}

/* Where in a record of getdents64(2), or of getdents(2) with longs of WORD bytes, things are. */
struct layout {
	size_t number; /* size of the inode's number, and of the offset behind it */
	size_t name;
	bool type_last; /* the type is the record's last byte, not the one before the name */
};

static struct layout layout_of(unsigned word)
{
	size_t number = word ? word : 8;

	return (struct layout){number, 2 * number + 2 + (word ? 0 : 1), word != 0};
}

/* Edit one record of SIZE bytes. False: it is not to be seen. */
static bool edit_record(struct snr_listing *listing, const struct layout *layout, char *record,
			size_t size)
{
	char *name = record + layout->name;
	char *type = layout->type_last ? record + size - 1 : name - 1;
	size_t len = snr_length_within(name, size - layout->name), shown = len;
	unsigned char kind = (unsigned char)*type;
	uint64_t inode = 0;

	if (!snr_listing_shows(listing, name, &shown, &kind, &inode))
		return false;
	if (inode)
		snr_copy(record, (const char *)&inode, layout->number);
	for (; len > shown; len--)
		name[len - 1] = '\0';
	*type = (char)kind;
	return true;
}

long snr_listing_edit(struct snr_listing *listing, unsigned word, char *buffer, size_t size)
{
	struct layout layout = layout_of(word);
	size_t from = 0, to = 0;

	if (snr_merge_is_gone(listing))
		return -ENOENT; /* iterate_dir in fs/readdir.c */
	while (size - from > layout.name) {
		uint16_t length;

		snr_copy((char *)&length, buffer + from + 2 * layout.number, sizeof(length));
		if (length <= layout.name || length > size - from)
			break;
		if (edit_record(listing, &layout, buffer + from, length)) {
			snr_move(buffer + to, buffer + from, length);
			to += length;
		}
		from += length;
	}
	return (long)to;
}
