/* SPDX-License-Identifier: MIT
 * The names in each directory above a rule that lead to rules: what its listing must show. Only
 * rules_compile.c calls it. It must never look at the file system.
 */
#ifndef LAUNCHER_RULES_CHILDREN_H
#define LAUNCHER_RULES_CHILDREN_H

#include "launcher/rules_check.h"
#include "launcher/rules_table.h"

struct rules_children {
	struct snr_child *child; /* those of one directory side by side; name.off counts from
				    FIRST_RULE's path */
	uint32_t count;
};

/* Find them all. PATHS is the table of SET's paths: its entries' `ancestor` becomes 1 + the index
 * of the directory's first child. name.off is set to the offset in the path of rule `reserved`, for
 * the caller to turn into one in the image. */
void rules_children_find(const struct rules_set *set, struct rules_table *paths,
			 struct rules_children *children);

#endif
