/* SPDX-License-Identifier: MIT
 * An overlay beneath another one. Part of rules_layers.h. It must never change the file system.
 */
#include "launcher/rules_layers.h"

#include <string.h>

#include "shared/overlay.h"
#include "shared/text.h"

/* Bytes of PATH that lie in OUTER's own path, 0: it is not above. */
static size_t part_above(const struct rules_final *outer, const char *path, size_t len)
{
	size_t own = outer->path_len > 1 ? outer->path_len : 0;

	return own < len && memcmp(path, outer->path, own) == 0 && path[own] == '/' ? own + 1 : 0;
}

/* The rule that says where the directory of PATH lies, or NULL. */
static const struct rules_final *find_above(const struct rules_final *rule, size_t count,
					    const char *path, size_t len)
{
	const struct rules_final *found = NULL;
	size_t most = 0;

	for (size_t i = 0; i < count; i++) {
		size_t part;

		if (!rule[i].path || !rules_is_mount(&rule[i]) ||
		    rules_kind(&rule[i]) == SNR_READONLY)
			continue;
		part = part_above(&rule[i], path, len);
		if (part > most) {
			most = part;
			found = &rule[i];
		}
	}
	return found;
}

static bool is_directory(long upper)
{
	return upper == SNR_UPPER_DIRECTORY || upper == SNR_UPPER_MARKED ||
	       upper == SNR_UPPER_OPAQUE;
}

/* What one layer has at its root and REST: as host.upper says it, and the path in OUT. */
static long look(const char *root, const char *rest, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};

	if (root[0] && root[1])
		snr_add_text(&builder, root);
	snr_add_text(&builder, rest);
	return snr_finish(&builder) < 0 ? -1 : snr_upper_look(out);
}

/* The lower layer of OUTER itself. */
static void find_outer_lower(const struct rules_final *rule, size_t count,
			     const struct rules_final *outer, char *out)
{
	const struct rules_final *above = find_above(rule, count, outer->path, outer->path_len);
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};

	if (outer->text_len) {
		snr_add_text(&builder, outer->text);
	} else if (above) {
		if (above->target_len > 1)
			snr_add_text(&builder, above->target);
		snr_add_text(&builder,
			     outer->path + part_above(above, outer->path, outer->path_len) - 1);
	} else {
		snr_add_text(&builder, outer->path);
	}
	if (snr_finish(&builder) < 0)
		out[0] = '\0';
}

enum rules_lower rules_find_lower(const struct rules_final *rule, size_t count, const char *path,
				  size_t len, char *out, const struct rules_final **outer)
{
	char other[SNR_PATH_MAX], below[SNR_PATH_MAX];
	const char *rest;
	long upper, lower;

	*outer = find_above(rule, count, path, len);
	if (!*outer || rules_kind(*outer) != SNR_OVERLAY)
		return RULES_LOWER_PLAIN;
	rest = path + part_above(*outer, path, len) - 1;
	find_outer_lower(rule, count, *outer, below);
	upper = look((*outer)->target, rest, out);
	lower = look(below, rest, other);
	if (upper == SNR_UPPER_OPAQUE || (is_directory(upper) && !is_directory(lower)))
		return RULES_LOWER_FOUND;
	if (!is_directory(lower) || upper >= 0)
		return is_directory(lower) && is_directory(upper) ? RULES_LOWER_BOTH
								  : RULES_LOWER_NONE;
	memcpy(out, other, strlen(other) + 1);
	return RULES_LOWER_FOUND;
}
