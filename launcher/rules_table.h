/* SPDX-License-Identifier: MIT
 * A hash table of the image's own entries that grows while the rules are compiled.
 * Only the launcher's rules_*.c call it. It must never hold hash 0.
 */
#ifndef LAUNCHER_RULES_TABLE_H
#define LAUNCHER_RULES_TABLE_H

#include "shared/match.h"

/* All zero is an empty table. Linear probing, at most half full, as shared/rules.h wants it. */
struct rules_table {
	struct snr_entry *slot;
	uint32_t slots;
	uint32_t used;
};

/* Make room for the paths of COUNT rules: to grow again and again costs as much as all the rest. */
void rules_table_reserve(struct rules_table *table, size_t count);

/* The entry with HASH, or NULL. */
struct snr_entry *rules_table_find(const struct rules_table *table, uint64_t hash);

/* The entry with HASH, made with SNR_NO_RULE if it was not there. Valid until the next one is
 * made. */
struct snr_entry *rules_table_make(struct rules_table *table, uint64_t hash);

/* Enter PATH (LEN bytes, canonical) as that of RULE, and all its ancestors. A path that another
 * rule has already keeps the first one's index, which is returned; else RULE. */
uint32_t rules_table_enter(struct rules_table *table, const char *path, size_t len, uint32_t rule);

/* The entry of PATH, made if need be, above which it is marked that rules lie beneath; none of them
 * becomes the ancestor of a mount-like rule by that. Valid until the next one is made. */
struct snr_entry *rules_table_judge(struct rules_table *table, const char *path, size_t len);

void rules_table_free(struct rules_table *table);

#endif
