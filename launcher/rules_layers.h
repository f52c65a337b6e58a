/* SPDX-License-Identifier: MIT
 * An overlay beneath another one: which of the outer layers lies beneath it. Only rules_check.c
 * calls it.
 */
#ifndef SNR_RULES_LAYERS_H
#define SNR_RULES_LAYERS_H

#include <stddef.h>

#include "launcher/rules_check.h"

enum rules_lower {
	RULES_LOWER_PLAIN, /* beneath no overlay: what the disk has at the path */
	RULES_LOWER_FOUND, /* on one of its layers, whose path is in OUT */
	RULES_LOWER_NONE,  /* on neither */
	RULES_LOWER_BOTH,  /* on both, OUTER's: a third layer would be needed */
};

/* What lies at PATH, LEN bytes, as the COUNT rules at RULE (path NULL: it does not count) have it?
 * OUT has SNR_PATH_MAX bytes. */
enum rules_lower rules_find_lower(const struct rules_final *rule, size_t count, const char *path,
				  size_t len, char *out, const struct rules_final **outer);

#endif
