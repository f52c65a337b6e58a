/* SPDX-License-Identifier: MIT
 * What the listing of a directory must show beside the names on the disk. Callable from everywhere.
 * It must never show a name twice.
 */
#include "shared/listing.h"

#include "shared/text.h"

/* struct linux_dirent64 of getdents64(2), without its flexible name. */
struct record {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	unsigned char type;
} __attribute__((packed));

#define RECORD_NAME 19 /* offsetof(struct linux_dirent64, d_name) */

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

/* Does the kernel list the name itself? */
static bool is_on_disk(struct snr_listing *listing, const char *name, size_t len)
{
	struct snr_scratch *scratch = listing->scratch;
	struct snr_builder path = {.out = scratch->pending, .size = sizeof(scratch->pending)};
	uint64_t inode;
	long n = snr_map(listing->image, listing->len ? scratch->where : "/",
			 listing->len ? listing->len : 1, scratch->pending, SNR_PATH_MAX);

	if (n < 0)
		return true;
	path.len = (size_t)n;
	snr_add(&path, "/", 1);
	snr_add(&path, name, len);
	return snr_finish(&path) < 0 ||
	       listing->host->kind(listing->host->context, scratch->pending, &inode) >= 0;
}

bool snr_listing_next(struct snr_listing *listing, struct snr_listed *listed)
{
	while (listing->next) {
		const struct snr_child *child = child_at(listing->image, listing->next);
		long kind;

		listing->next = child->last ? 0 : listing->next + 1;
		listed->name = snr_string(listing->image, child->name);
		listed->len = child->name.len;
		if (is_on_disk(listing, listed->name, listed->len) ||
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

size_t snr_listing_fill(struct snr_listing *listing, int64_t offset, char *buffer, size_t size)
{
	struct snr_listed listed;
	size_t used = 0;

	for (;;) {
		uint32_t here = listing->next;
		struct record record;
		size_t need;

		if (!snr_listing_next(listing, &listed))
			return used;
		need = (RECORD_NAME + listed.len + 1 + 7) & ~(size_t)7;
		if (need > size - used) {
			listing->next = here;
			return used;
		}
		record.inode = listed.inode;
		record.offset = offset;
		record.size = (uint16_t)need;
		record.type = listed.type;
		__builtin_memcpy(buffer + used, &record, sizeof(record));
		snr_copy(buffer + used + RECORD_NAME, listed.name, listed.len);
		for (size_t i = RECORD_NAME + listed.len; i < need; i++)
			buffer[used + i] = '\0';
		used += need;
	}
}
