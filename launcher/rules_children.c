/* SPDX-License-Identifier: MIT
 * The names in each directory above a rule that lead to rules. Only rules_compile.c calls it.
 * It must never look at the file system.
 */
#include "launcher/rules_children.h"

#include <stdlib.h>

#include "launcher/pool.h"
#include "shared/text.h"

/* A name met for the first time on the way to rule RULE. */
struct found {
	uint32_t parent; /* slot of its directory */
	uint32_t rule;
	uint32_t off;
	uint32_t len;
};

struct search {
	struct rules_table *paths;
	unsigned char *met; /* by slot */
	struct found *found;
	uint32_t count;
	uint32_t room;
};

static uint32_t slot_of(const struct search *search, uint64_t hash)
{
	return (uint32_t)(rules_table_find(search->paths, hash) - search->paths->slot);
}

static void search_path(struct search *search, const char *path, size_t len, uint32_t rule)
{
	uint32_t parent = slot_of(search, SNR_HASH_ROOT);
	uint64_t hash = SNR_HASH_ROOT;
	struct snr_component c = {0};

	while (snr_next_component(path, len, &c)) {
		uint32_t slot;

		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		slot = slot_of(search, hash);
		if (!search->met[slot]) {
			search->met[slot] = 1;
			if (search->count == search->room) {
				search->room += search->room / 2 + 64;
				search->found = pool_grow(search->found, search->room,
							  sizeof(*search->found));
			}
			search->found[search->count++] =
				(struct found){parent, rule, (uint32_t)c.start,
					       (uint32_t)(c.end - c.start)};
		}
		parent = slot;
	}
}

/* Directories in the order of their slots, and within one, names in the order of the rules. */
static int by_parent(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

void rules_children_find(const struct rules_set *set, struct rules_table *paths,
			 struct rules_children *children)
{
	struct search search = {.paths = paths};

	*children = (struct rules_children){0};
	if (!paths->slots)
		return;
	search.met = pool_grow(NULL, paths->slots, 1);
	for (uint32_t i = 0; i < paths->slots; i++)
		search.met[i] = 0;
	for (uint32_t i = 0; i < set->count; i++)
		if (rules_is_mount(&set->rule[i]) && !set->rule[i].covered)
			search_path(&search, set->rule[i].path, set->rule[i].path_len, i);
	if (search.count)
		qsort(search.found, search.count, sizeof(*search.found), by_parent);
	children->child = pool_grow(NULL, search.count, sizeof(*children->child));
	children->count = search.count;
	for (uint32_t i = 0; i < search.count; i++) {
		const struct found *found = &search.found[i];
		bool first = !i || found[-1].parent != found->parent;
		bool last = i + 1 == search.count || found[1].parent != found->parent;

		children->child[i] =
			(struct snr_child){{found->off, found->len}, found->rule, last};
		if (first)
			paths->slot[found->parent].ancestor = i + 1;
	}
	free(search.met);
	free(search.found);
}
