/* SPDX-License-Identifier: MIT
 * Finding rules by a hash chain over the components of a path. Callable from everywhere.
 * It must never allocate, call libc or look at the file system.
 */
#include "shared/match.h"

#include "shared/text.h"

#include <errno.h>
#include <linux/limits.h>

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
	/* A product's low bits, which say the place in a table, know nothing of its factor's high
	 * ones, where the last letters are. */
	hash ^= load(name, len);
	hash = (hash ^ hash >> 32) * MIX;
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

static void take_entry(struct snr_position *position, const struct snr_entry *entry)
{
	position->entry = entry;
	if (!entry)
		return;
	if (entry->rule != SNR_NO_RULE)
		position->rule = entry->rule;
	position->patterns |= (entry->flags & SNR_ENTRY_PATTERNS) != 0;
}

static struct snr_position root_position(const struct snr_image *image)
{
	struct snr_position position = {.hash = SNR_HASH_ROOT, .rule = SNR_NO_RULE};

	take_entry(&position, snr_match_path(image, SNR_HASH_ROOT));
	return position;
}

void snr_match_step(const struct snr_image *image, struct snr_position *position, const char *name,
		    size_t len)
{
	position->hash = snr_hash_step(position->hash, name, len);
	if (position->entry)
		take_entry(position, position->entry->flags & SNR_ENTRY_BENEATH
					     ? snr_match_path(image, position->hash)
					     : NULL);
}

struct snr_position snr_match_position(const struct snr_image *image, const char *path, size_t len)
{
	struct snr_position position = root_position(image);
	struct snr_component c = {0};

	while (snr_next_component(path, len, &c))
		snr_match_step(image, &position, path + c.start, c.end - c.start);
	return position;
}

uint32_t snr_match_longest(const struct snr_image *image, const char *path, size_t len,
			   size_t *rest)
{
	struct snr_position position = root_position(image);
	struct snr_component c = {0};

	*rest = 0;
	while (position.entry && snr_next_component(path, len, &c)) {
		snr_match_step(image, &position, path + c.start, c.end - c.start);
		if (position.entry && position.entry->rule != SNR_NO_RULE)
			*rest = c.end;
	}
	return position.rule;
}

uint32_t snr_match_place(const struct snr_image *image, uint32_t rule)
{
	uint32_t under = rule == SNR_NO_RULE ? SNR_NO_RULE : snr_rule(image, rule)->under;

	return under == SNR_NO_RULE ? rule : under;
}

/* How much of a path beneath RULE's is its own: none where that is the root. */
static size_t rest_of(const struct snr_image *image, uint32_t rule)
{
	struct snr_text path = snr_rule(image, rule)->path;

	return path.len > 1 ? path.len : 0;
}

uint32_t snr_match_mount(const struct snr_image *image, uint32_t rule)
{
	while (rule != SNR_NO_RULE && snr_rule(image, rule)->kind == SNR_PARENT) {
		struct snr_text path = snr_rule(image, rule)->path;
		const char *text = snr_string(image, path);
		size_t len = path.len, rest;

		while (len && text[--len] != '/')
			;
		rule = snr_match_longest(image, text, len, &rest);
	}
	return rule;
}

uint32_t snr_match_placing(const struct snr_image *image, const char *path, size_t len,
			   size_t *rest)
{
	uint32_t rule = snr_match_longest(image, path, len, rest);
	uint32_t place = snr_match_place(image, rule);

	if (place != rule)
		*rest = rest_of(image, place);
	return place;
}

static bool is_prefix(const struct snr_image *image, uint32_t rule)
{
	return rule != SNR_NO_RULE && snr_rule(image, rule)->kind == SNR_PREFIX;
}

uint32_t snr_match_prefix(const struct snr_image *image, uint32_t rule, size_t len)
{
	uint32_t place = snr_match_place(image, rule);

	return is_prefix(image, place) && snr_rule(image, place)->path.len == len ? place
										  : SNR_NO_RULE;
}

long snr_find_prefix(const struct snr_image *image, uint32_t rule, const char *name, size_t len)
{
	struct snr_text text = snr_rule(image, rule)->text;
	const char *prefix = snr_string(image, text);
	size_t sem = snr_begins(name, len, SNR_SEMAPHORE) ? sizeof(SNR_SEMAPHORE) - 1 : 0;

	if (len - sem >= text.len && snr_equal(name + sem, prefix, text.len))
		return (long)sem;
	return sem && len >= text.len && snr_equal(name, prefix, text.len) ? 0 : -1;
}

void snr_add_prefixed(const struct snr_image *image, uint32_t rule, const char *name, size_t len,
		      struct snr_builder *builder)
{
	struct snr_text text = snr_rule(image, rule)->text;
	size_t sem = snr_begins(name, len, SNR_SEMAPHORE) ? sizeof(SNR_SEMAPHORE) - 1 : 0;

	if (snr_find_prefix(image, rule, name, len) >= 0) {
		snr_add(builder, name, len);
		return;
	}
	snr_add(builder, name, sem);
	snr_add(builder, snr_string(image, text), text.len);
	snr_add(builder, name + sem, len - sem);
}

/* Add REST, which begins with a slash, behind the target of a prefix rule. */
static void add_beneath(const struct snr_image *image, uint32_t rule, const char *rest, size_t len,
			struct snr_builder *builder)
{
	struct snr_component c = {0};

	if (!snr_next_component(rest, len, &c)) {
		snr_add(builder, rest, len);
		return;
	}
	snr_add(builder, "/", 1);
	snr_add_prefixed(image, rule, rest + c.start, c.end - c.start, builder);
	snr_add(builder, rest + c.end, len - c.end);
}

/* The other way round. */
static void add_without(const struct snr_image *image, uint32_t rule, const char *rest, size_t len,
			struct snr_builder *builder)
{
	struct snr_component c = {0};
	size_t cut = snr_rule(image, rule)->text.len;
	long at = -1;

	if (snr_next_component(rest, len, &c))
		at = snr_find_prefix(image, rule, rest + c.start, c.end - c.start);
	if (at >= 0 && c.end - c.start > (size_t)at + cut) {
		snr_add(builder, rest, c.start + (size_t)at);
		rest += c.start + (size_t)at + cut;
		len -= c.start + (size_t)at + cut;
	}
	snr_add(builder, rest, len);
}

bool snr_match_is_too_long(const struct snr_image *image, uint32_t rule, size_t len)
{
	return len > NAME_MAX && rule != SNR_NO_RULE && snr_rule(image, rule)->kind == SNR_PARENT;
}

long snr_map(const struct snr_image *image, const char *path, size_t len, char *out, size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};
	size_t rest;
	uint32_t place = snr_match_placing(image, path, len, &rest);

	if (place != SNR_NO_RULE) {
		struct snr_text target = snr_rule(image, place)->target;

		/* The target "/" would make a double slash with the rest. */
		if (target.len > 1 || rest == len)
			snr_add(&builder, snr_string(image, target), target.len);
	}
	if (is_prefix(image, place))
		add_beneath(image, place, path + rest, len - rest, &builder);
	else
		snr_add(&builder, path + rest, len - rest);
	return snr_finish(&builder);
}

/* Is PATH + REST, where PATH is RULE's, decided by RULE itself and not by one beneath it? */
static bool leads_back(const struct snr_image *image, uint32_t rule, const char *rest, size_t len)
{
	struct snr_text path = snr_rule(image, rule)->path;
	struct snr_position position = snr_match_position(image, snr_string(image, path), path.len);
	struct snr_component c = {0};
	uint32_t top = position.rule;

	/* What lies upon it, a readonly, leads back through it. */
	if (top != rule && (top == SNR_NO_RULE || snr_rule(image, top)->under != rule))
		return false;
	while (position.entry && snr_next_component(rest, len, &c))
		snr_match_step(image, &position, rest + c.start, c.end - c.start);
	return position.rule == top;
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
	if (found != SNR_NO_RULE && (rest == len || snr_rule(image, found)->path.len > 1))
		snr_add(&builder, snr_string(image, snr_rule(image, found)->path),
			snr_rule(image, found)->path.len);
	if (is_prefix(image, snr_match_place(image, found)))
		add_without(image, snr_match_place(image, found), path + rest, len - rest,
			    &builder);
	else
		snr_add(&builder, path + rest, len - rest);
	return snr_finish(&builder);
}
