/* SPDX-License-Identifier: MIT
 * snapd's own rules for layouts. Only layout.c calls it. It must never look at the disk, nor at the
 * environment: what snapd refuses, it refuses everywhere.
 */
#ifndef LAUNCHER_LAYOUT_CHECK_H
#define LAUNCHER_LAYOUT_CHECK_H

#include "launcher/layout_yaml.h"

/* Values of the variables that layouts may hold. */
struct layout_places {
	const char *snap;
	const char *data;
	const char *common;
};

/* TEXT with its variables replaced, in the pool of RULES. Returns NULL where it holds a variable
 * that layouts may not, and *UNKNOWN then gets its name, of *LEN bytes; or where the variable has
 * no value. */
const char *layout_expand(struct rules *rules, const char *text, const struct layout_places *places,
			  const char **unknown, size_t *len);

/* The key of ENTRY that says what it is: LAYOUT_BIND, LAYOUT_BIND_FILE, LAYOUT_TYPE or
 * LAYOUT_SYMLINK; LAYOUT_KEYS where none or several do. */
enum layout_key layout_kind(const struct layout_entry *entry);

/* The permission bits of ENTRY; -1 where it says something else. */
int layout_mode(const struct layout_entry *entry);

/* Put everything that snapd would say of LAYOUT into the diags of RULES. */
void layout_check(struct rules *rules, const struct layout *layout);

#endif
