/* SPDX-License-Identifier: MIT
 * What layouts need of a snap.yaml, as data with positions; YAML itself is libyaml's business.
 * Only layout.c and layout_check.c include it. It must never judge what is written.
 */
#ifndef LAUNCHER_LAYOUT_YAML_H
#define LAUNCHER_LAYOUT_YAML_H

#include <stdio.h>

#include "launcher/rules_text.h"

enum layout_key {
	LAYOUT_BIND,
	LAYOUT_BIND_FILE,
	LAYOUT_TYPE,
	LAYOUT_SYMLINK,
	LAYOUT_USER,
	LAYOUT_GROUP,
	LAYOUT_MODE,
	LAYOUT_KEYS,
};

extern const char *const layout_keys[LAYOUT_KEYS];

/* One layout, as it is written. */
struct layout_entry {
	struct rules_word path;
	struct rules_word value[LAYOUT_KEYS]; /* LEN 0: not there, or empty, which is the same */
	bool broken;                          /* a problem of what it says was told */
};

struct layout {
	const char *name; /* of the snap; "" where none is written */
	bool classic;
	struct layout_entry *entry; /* of malloc */
	size_t count;
};

/* Read STREAM, called FILE, to its end; of a snap that is not classic, UNLESS_STRICT, no layouts.
 * Strings go to the pool of RULES, problems to its diags. */
void layout_parse(struct rules *rules, FILE *stream, const char *file, bool unless_strict,
		  struct layout *layout);

#endif
