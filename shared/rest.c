/* SPDX-License-Identifier: MIT
 * What is left of a path to walk. Only walk.c and walk_answer.c call it.
 * It must never change the program's text.
 */
#include "shared/rest.h"

bool snr_rest_is_empty(const struct snr_rest *rest)
{
	struct snr_component c = {.end = rest->links_pos};

	if (snr_next_component(rest->links, rest->links_len, &c))
		return false;
	c.end = rest->pos;
	return !snr_next_component(rest->text, rest->len, &c);
}

bool snr_rest_next(struct snr_rest *rest, struct snr_name *name)
{
	struct snr_component c = {.end = rest->links_pos};
	bool of_link = snr_next_component(rest->links, rest->links_len, &c);

	if (of_link) {
		name->name = rest->links + c.start;
		name->slash = c.end < rest->links_len;
		rest->links_pos = c.end;
	} else {
		c.end = rest->pos;
		rest->links_pos = rest->links_len;
		if (!snr_next_component(rest->text, rest->len, &c))
			return false;
		name->name = rest->text + c.start;
		name->slash = c.end < rest->len;
		rest->pos = c.end;
	}
	name->own = !of_link;
	name->len = c.end - c.start;
	name->last = snr_rest_is_empty(rest);
	/* What is left of a link goes before the program's text: a slash parts them. */
	name->slash = name->slash || !name->last;
	return true;
}

void snr_rest_unread(struct snr_rest *rest, const struct snr_name *name)
{
	if (name->own)
		rest->pos = (size_t)(name->name - rest->text);
	else
		rest->links_pos = (size_t)(name->name - rest->links);
}

bool snr_rest_push(struct snr_rest *rest, const char *link, size_t len, bool slash)
{
	size_t left = rest->links_len - rest->links_pos;

	if (len + slash + left > rest->size)
		return false;
	snr_move(rest->links + len + slash, rest->links + rest->links_pos, left);
	snr_copy(rest->links, link, len);
	if (slash)
		rest->links[len] = '/';
	rest->links_pos = 0;
	rest->links_len = len + slash + left;
	return true;
}

/* No longer than need be, since the kernel limits the length of a path, and the program counted on
 * its own. What "." and doubled slashes ask for, a directory, a trailing slash asks for too. */
static void add_text(struct snr_builder *builder, const char *text, size_t pos, size_t len)
{
	struct snr_component c = {.end = pos};

	while (snr_next_component(text, len, &c)) {
		if (snr_is_dot(text + c.start, c.end - c.start) && c.end < len)
			continue;
		snr_add(builder, "/", 1);
		snr_add(builder, text + c.start, c.end - c.start);
	}
	if (pos < len && text[len - 1] == '/')
		snr_add(builder, "/", 1);
}

void snr_rest_add(const struct snr_rest *rest, struct snr_builder *builder)
{
	add_text(builder, rest->links, rest->links_pos, rest->links_len);
	add_text(builder, rest->text, rest->pos, rest->len);
}
