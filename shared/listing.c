/* SPDX-License-Identifier: MIT
 * What the listing of a directory must show beside the names on the disk. Callable from everywhere.
 * It must never show a name twice.
 */
#include "shared/listing.h"

#include "shared/text.h"

#include <errno.h>

static const struct snr_child *child_at(const struct snr_image *image, uint32_t number)
{
	return (const struct snr_child *)((const char *)image + image->children_off) + number - 1;
}

bool snr_listing_begin(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len)
{
	const struct snr_entry *entry;
	long n;

	if (!image->nchildren || !len || real[0] != '/')
		return false;
	n = snr_unmap(image, real, len, scratch->where, SNR_PATH_MAX);
	if (n < 0)
		return false;
	entry = snr_match_path(image, snr_hash_path(scratch->where, (size_t)n));
	if (!entry || !entry->ancestor)
		return false;
	listing->image = image;
	listing->host = host;
	listing->scratch = scratch;
	listing->len = n == 1 ? 0 : (size_t)n;
	listing->next = entry->ancestor;
	return true;
}

/* The path of the child in scratch->link, and where it leads in scratch->real. */
static bool locate(struct snr_listing *listing, const char *name, size_t len)
{
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->link, .size = SNR_PATH_MAX};

	snr_add(&path, scratch->where, listing->len);
	snr_add(&path, "/", 1);
	snr_add(&path, name, len);
	return snr_finish(&path) >= 0 &&
	       snr_map(listing->image, scratch->link, path.len, scratch->real, SNR_PATH_MAX) >= 0;
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
	uint64_t inode;
	long kind;
	long n = snr_map(listing->image, listing->len ? scratch->where : "/",
			 listing->len ? listing->len : 1, scratch->pending, SNR_PATH_MAX);

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

bool snr_listing_next(struct snr_listing *listing, struct snr_listed *listed)
{
	while (listing->next) {
		const struct snr_child *child = child_at(listing->image, listing->next);
		long kind;

		listing->next = child->last ? 0 : listing->next + 1;
		listed->name = snr_string(listing->image, child->name);
		listed->len = child->name.len;
		if (is_on_disk(listing, child) || !locate(listing, listed->name, listed->len))
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
		uint32_t here = listing->next;
		size_t n;

		if (!snr_listing_next(listing, &listed))
			return (long)used;
		n = put_record(&listed, base + listing->next, word, buffer + used, size - used);
		if (!n) {
			listing->next = here;
			return used ? (long)used : -EINVAL;
		}
		used += n;
	}
}
