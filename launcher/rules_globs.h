/* SPDX-License-Identifier: MIT
 * Patterns as paths of rules: checked, and put in the form that the matcher takes
 * (shared/verdict.h). Only rules_check.c calls it. It must never change the file system.
 */
#ifndef LAUNCHER_RULES_GLOBS_H
#define LAUNCHER_RULES_GLOBS_H

#include "launcher/rules_canon.h"
#include "launcher/rules_check.h"

/* Put the canonical form of RULE's pattern into SPOT: links in the directories before the first
 * name with a * are followed, as far as they exist. False where it is no pattern that can be
 * served, which is told. */
bool rules_find_pattern(struct rules *rules, struct rules_canon *canon,
			const struct rules_rule *rule, struct rules_spot *spot);

/* How much of the pattern PATH, LEN bytes, is the directory in which it begins. */
size_t rules_pattern_head(const char *path, size_t len);

#endif
