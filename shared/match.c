/* SPDX-License-Identifier: MIT
 * Finding rules by a hash chain over the components of a path. Callable from everywhere.
 * It must never allocate, call libc or look at the file system.
 */
#include "shared/match.h"

#include "shared/text.h"

#include <errno.h>

#define MIX 0xd6e8feb86659fd93ull

static uint64_t load(const char *text, size_t len)
{
	uint64_t word = 0;

	/* A copy of constant size is one instruction; the sizes between are laid over each other.
	 */
	if (len >= 8) {
		__builtin_memcpy(&word, text, 8);
	} else if (len >= 4) {
		uint32_t low, high;

		__builtin_memcpy(&low, text, 4);
		__builtin_memcpy(&high, text + len - 4, 4);
		word = (uint64_t)high << 32 | low;
	} else if (len) {
		word = (uint64_t)(unsigned char)text[0] << 16 |
		       (uint64_t)(unsigned char)text[len / 2] << 8 | (unsigned char)text[len - 1];
	}
	return word;
}

uint64_t snr_hash_step(uint64_t parent, const char *name, size_t len)
{
	uint64_t hash = (parent ^ len) * MIX;

	hash ^= hash >> 32;
	while (len > 8) {
		hash = (hash ^ load(name, 8)) * MIX;
		hash ^= hash >> 29;
		name += 8;
		len -= 8;
	}
	hash = (hash ^ load(name, len)) * MIX;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

uint64_t snr_hash_path(const char *path, size_t len)
{
	struct snr_component c = {0};
	uint64_t hash = SNR_HASH_ROOT;

	while (snr_next_component(path, len, &c))
		if (!snr_is_dot(path + c.start, c.end - c.start))
			hash = snr_hash_step(hash, path + c.start, c.end - c.start);
	return hash;
}

static const struct snr_entry *find(const struct snr_image *image, uint32_t table_off,
				    uint32_t slots, uint64_t hash)
{
	const struct snr_entry *table = (const struct snr_entry *)((const char *)image + table_off);

	for (uint32_t i = (uint32_t)hash & (slots - 1); table[i].hash; i = (i + 1) & (slots - 1))
		if (table[i].hash == hash)
			return &table[i];
	return NULL;
}

const struct snr_entry *snr_match_path(const struct snr_image *image, uint64_t hash)
{
	return find(image, image->path_table_off, image->path_slots, hash);
}

const struct snr_entry *snr_match_target(const struct snr_image *image, uint64_t hash)
{
	return find(image, image->target_table_off, image->target_slots, hash);
}

const struct snr_entry *snr_match_point(const struct snr_image *image, uint64_t hash)
{
	return find(image, image->point_table_off, image->point_slots, hash);
}

bool snr_match_name(const struct snr_image *image, const char *name, size_t len)
{
	const uint64_t *words = (const uint64_t *)((const char *)image + image->names_off);
	uint64_t hash = snr_hash_step(0, name, len);
	uint32_t mask = image->names_words * 64 - 1;
	uint32_t first = (uint32_t)hash & mask;
	uint32_t second = (uint32_t)(hash >> 32) & mask;

	return (words[first / 64] >> (first % 64) & 1) && (words[second / 64] >> (second % 64) & 1);
}

uint32_t snr_match_longest(const struct snr_image *image, const char *path, size_t len,
			   size_t *rest)
{
	const struct snr_entry *entry = snr_match_path(image, SNR_HASH_ROOT);
	uint64_t hash = SNR_HASH_ROOT;
	struct snr_component c = {0};
	uint32_t rule = SNR_NO_RULE;

	*rest = 0;
	while (entry && entry->ancestor && snr_next_component(path, len, &c)) {
		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		entry = snr_match_path(image, hash);
		if (entry && entry->rule != SNR_NO_RULE) {
			rule = entry->rule;
			*rest = c.end;
		}
	}
	return rule;
}

long snr_map(const struct snr_image *image, const char *path, size_t len, char *out, size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};
	size_t rest;
	uint32_t rule = snr_match_longest(image, path, len, &rest);

	if (rule != SNR_NO_RULE) {
		struct snr_text target = snr_rule(image, rule)->target;

		/* The target "/" would make a double slash with the rest. */
		if (target.len > 1 || rest == len)
			snr_add(&builder, snr_string(image, target), target.len);
	}
	snr_add(&builder, path + rest, len - rest);
	return snr_finish(&builder);
}

/* Is PATH + REST, where PATH is RULE's, decided by RULE itself and not by one beneath it? */
static bool leads_back(const struct snr_image *image, uint32_t rule, const char *rest, size_t len)
{
	struct snr_text path = snr_rule(image, rule)->path;
	uint64_t hash = snr_hash_path(snr_string(image, path), path.len);
	const struct snr_entry *entry = snr_match_path(image, hash);
	struct snr_component c = {0};

	if (!entry || entry->rule != rule)
		return false;
	while (entry && entry->ancestor && snr_next_component(rest, len, &c)) {
		hash = snr_hash_step(hash, rest + c.start, c.end - c.start);
		entry = snr_match_path(image, hash);
		if (entry && entry->rule != SNR_NO_RULE)
			return false;
	}
	return true;
}

long snr_unmap(const struct snr_image *image, const char *path, size_t len, char *out, size_t size)
{
	const struct snr_entry *entry = snr_match_target(image, SNR_HASH_ROOT);
	struct snr_builder builder = {.out = out, .size = size};
	uint64_t hash = SNR_HASH_ROOT;
	struct snr_component c = {0};
	uint32_t found = SNR_NO_RULE;
	size_t rest = 0;

	for (;;) {
		if (entry && entry->rule != SNR_NO_RULE &&
		    leads_back(image, entry->rule, path + c.end, len - c.end)) {
			found = entry->rule;
			rest = c.end;
		}
		if (!entry || !entry->ancestor || !snr_next_component(path, len, &c))
			break;
		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		entry = snr_match_target(image, hash);
	}
	if (found != SNR_NO_RULE)
		snr_add(&builder, snr_string(image, snr_rule(image, found)->path),
			snr_rule(image, found)->path.len);
	snr_add(&builder, path + rest, len - rest);
	return snr_finish(&builder);
}
