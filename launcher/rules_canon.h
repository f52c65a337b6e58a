/* SPDX-License-Identifier: MIT
 * Where a path written in a rule really lies: links of the directories that exist are followed, as
 * mount(8) does. Only rules_check.c calls it. It must never change the file system.
 */
#ifndef LAUNCHER_RULES_CANON_H
#define LAUNCHER_RULES_CANON_H

#include <stdbool.h>

#include "launcher/rules_table.h"

/* The rules known so far, by whose targets a path beneath theirs is looked up. */
struct rules_canon {
	struct rules_table paths; /* canonical paths of rules; the index is one of TARGET */
	struct rules_table links; /* of symlink rules; the index is that of their text in TARGET */
	const char **target;
	uint32_t ntargets;
	uint32_t room;
	struct rules_table plain; /* real paths that are there and are no links */
};

enum rules_way {
	RULES_REAL,  /* what is on the disk; a rule's target */
	RULES_PLACE, /* rules known so far count, as mount(8) would find the path of one */
	RULES_NAME,  /* the same, but the last component is not followed */
};

struct rules_spot {
	char path[SNR_PATH_MAX]; /* canonical: absolute, no dots, no links, no trailing slash */
	uint32_t len;
	bool exists;
	bool is_dir;
};

/* Find the spot of PATH (absolute, shorter than SNR_PATH_MAX) in that WAY. A link whose text leads
 * nowhere as last component is the spot itself to RULES_PLACE (the rule then takes its place), to
 * RULES_REAL it is followed. Returns 0, -ELOOP, or -ENAMETOOLONG. What is not there, or may not be
 * searched, is taken as it is written. */
int rules_canon_find(struct rules_canon *canon, const char *path, enum rules_way way,
		     struct rules_spot *spot);

/* From now on PATH leads to TARGET; both strings must stay. */
void rules_canon_know(struct rules_canon *canon, const char *path, size_t len, const char *target);

/* From now on PATH is a link whose text is TEXT. */
void rules_canon_know_link(struct rules_canon *canon, const char *path, size_t len,
			   const char *text);

void rules_canon_free(struct rules_canon *canon);

#endif
