/* SPDX-License-Identifier: MIT
 * A hash table of the image's own entries that grows while the rules are compiled.
 * Only the launcher's rules_*.c call it. It must never hold hash 0.
 */
#include "launcher/rules_table.h"

#include <stdlib.h>

#include "launcher/pool.h"
#include "shared/text.h"

#define FEW 64 /* slots of a small table */
#define MANY                                                                                       \
	(1u << 20) /* no more are reserved: of 65,536 rules few lie in directories of their own */

static struct snr_entry *slot_of(const struct rules_table *table, uint64_t hash)
{
	uint32_t mask = table->slots - 1;
	uint32_t i = (uint32_t)hash & mask;

	while (table->slot[i].hash && table->slot[i].hash != hash)
		i = (i + 1) & mask;
	return &table->slot[i];
}

struct snr_entry *rules_table_find(const struct rules_table *table, uint64_t hash)
{
	if (!table->slots)
		return NULL;
	struct snr_entry *entry = slot_of(table, hash);
	return entry->hash ? entry : NULL;
}

static void grow(struct rules_table *table, uint32_t slots)
{
	struct rules_table wider = {.slots = slots};

	wider.slot = pool_zeroed(wider.slots, sizeof(*wider.slot));
	for (uint32_t i = 0; i < table->slots; i++)
		if (table->slot[i].hash)
			*slot_of(&wider, table->slot[i].hash) = table->slot[i];
	wider.used = table->used;
	free(table->slot);
	*table = wider;
}

void rules_table_reserve(struct rules_table *table, size_t count)
{
	uint32_t slots = FEW;

	while (slots / 2 < count + FEW && slots < MANY)
		slots *= 2;
	if (count > FEW && slots > table->slots)
		grow(table, slots);
}

struct snr_entry *rules_table_make(struct rules_table *table, uint64_t hash)
{
	struct snr_entry *entry = rules_table_find(table, hash);

	if (entry)
		return entry;
	if ((table->used + 1) * 2 > table->slots)
		grow(table, table->slots ? table->slots * 2 : FEW);
	entry = slot_of(table, hash);
	*entry = (struct snr_entry){.hash = hash, .rule = SNR_NO_RULE, .verdict = SNR_NO_RULE};
	table->used++;
	return entry;
}

/* The hashes of PATH's ancestors, the root first, and last its own. Returns how many ancestors. */
static unsigned hash_all(const char *path, size_t len, uint64_t *hash)
{
	struct snr_component c = {0};
	unsigned depth = 0;

	hash[0] = SNR_HASH_ROOT;
	while (snr_next_component(path, len, &c)) {
		hash[depth + 1] = snr_hash_step(hash[depth], path + c.start, c.end - c.start);
		depth++;
	}
	return depth;
}

uint32_t rules_table_enter(struct rules_table *table, const char *path, size_t len, uint32_t rule)
{
	uint64_t hash[SNR_PATH_MAX / 2 + 1];
	unsigned depth = hash_all(path, len, hash);
	struct snr_entry *own = rules_table_make(table, hash[depth]);

	if (own->rule == SNR_NO_RULE)
		own->rule = rule;
	uint32_t owner = own->rule;
	/* From the leaf upwards: above an ancestor that is known, all are. */
	while (depth-- > 0) {
		struct snr_entry *above = rules_table_make(table, hash[depth]);
		if (above->ancestor)
			break;
		above->ancestor = 1;
		above->flags |= SNR_ENTRY_BENEATH;
	}
	return owner;
}

struct snr_entry *rules_table_judge(struct rules_table *table, const char *path, size_t len)
{
	uint64_t hash[SNR_PATH_MAX / 2 + 1];
	unsigned depth = hash_all(path, len, hash);
	uint64_t own = hash[depth];

	rules_table_make(table, own);
	while (depth-- > 0) {
		struct snr_entry *above = rules_table_make(table, hash[depth]);
		if (above->flags & SNR_ENTRY_BENEATH)
			break;
		above->flags |= SNR_ENTRY_BENEATH;
	}
	return rules_table_find(table, own);
}

void rules_table_free(struct rules_table *table)
{
	free(table->slot);
	*table = (struct rules_table){0};
}
