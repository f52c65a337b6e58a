/* SPDX-License-Identifier: MIT
 * Paths that are longer for the kernel than for the program. Only walk.c and walk_answer.c call it.
 * It must never be asked where the path as it is would do: it opens a directory.
 */
#include "shared/reach.h"

#include "shared/text.h"

#include <errno.h>

#define SHORT_NAME 64   /* "/proc/PID/fd/FD" with room to spare */
#define CUT        4000 /* a directory's path up to here is short enough to be opened */

/* One text in two pieces. */
struct pieces {
	const char *first;
	size_t first_len;
	const char *second;
	size_t second_len;
};

static char at(const struct pieces *text, size_t i)
{
	return i < text->first_len ? text->first[i] : text->second[i - text->first_len];
}

static void add_range(struct snr_builder *builder, const struct pieces *text, size_t from,
		      size_t to)
{
	for (size_t i = from; i < to; i++) {
		char c = at(text, i);

		snr_add(builder, &c, 1);
	}
}

long snr_reach(const struct snr_image *image, const struct snr_host *host,
	       struct snr_scratch *scratch, const char *path, size_t len, char *out, bool *lent,
	       enum snr_layer *layer)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	char name[SHORT_NAME];
	struct pieces text = {.second_len = len};
	size_t rest, cut = CUT;
	uint32_t rule;
	long n = snr_place(image, host, scratch, path, len, out, SNR_PATH_MAX, layer);
	struct snr_text root;

	*lent = n == -ENAMETOOLONG;
	if (!*lent)
		return n;
	rule = snr_match_placing(image, path, len, &rest);
	if (rule == SNR_NO_RULE)
		return n;
	root = *layer == SNR_LAYER_LOWER && snr_is_overlay(image, rule)
		       ? snr_rule(image, rule)->text
		       : snr_rule(image, rule)->target;
	text = (struct pieces){snr_string(image, root), root.len, path + rest, len - rest};
	while (cut && at(&text, cut) != '/')
		cut--;
	if (!cut)
		return n;
	add_range(&builder, &text, 0, cut);
	snr_finish(&builder);
	n = host->shorten(host->context, out, name, sizeof(name));
	if (n < 0)
		return n;
	builder = (struct snr_builder){.out = out, .size = SNR_PATH_MAX};
	snr_add(&builder, name, (size_t)n);
	add_range(&builder, &text, cut, text.first_len + text.second_len);
	return snr_finish(&builder);
}

long snr_reach_from(const struct snr_host *host, const char *real, char *out, size_t len)
{
	char name[SHORT_NAME];
	long n = host->shorten(host->context, real, name, sizeof(name));

	if (n < 0)
		return n;
	if ((size_t)n + len >= SNR_PATH_MAX)
		return -ENAMETOOLONG;
	snr_move(out + n, out, len + 1);
	snr_copy(out, name, (size_t)n);
	return n + (long)len;
}
