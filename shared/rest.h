/* SPDX-License-Identifier: MIT
 * What is left of a path to walk: first of the links that were met, then of the program's own text.
 * Called by walk.c, walk_answer.c and the shim's realpath.
 */
#ifndef SNR_REST_H
#define SNR_REST_H

#include "shared/text.h"

struct snr_rest {
	const char *text; /* the program's; LEN bytes */
	size_t len;
	size_t pos;
	char *links; /* the caller's room for the text of links, SIZE bytes */
	size_t size;
	size_t links_pos;
	size_t links_len;
};

struct snr_name {
	const char *name; /* LEN bytes, no NUL behind; valid until the next push */
	size_t len;
	bool slash; /* something, if only a slash, follows */
	bool last;  /* no further name does */
	bool own;   /* it is of the program's text, not of a link's */
};

/* Take the next name. False: nothing is left. */
bool snr_rest_next(struct snr_rest *rest, struct snr_name *name);

/* Has every name been taken? */
bool snr_rest_is_empty(const struct snr_rest *rest);

/* Put NAME, the one that was taken last, back. */
void snr_rest_unread(struct snr_rest *rest, const struct snr_name *name);

/* Put the text of a link before everything else, with a slash behind it if SLASH. False: no room.
 */
bool snr_rest_push(struct snr_rest *rest, const char *link, size_t len, bool slash);

/* Add all that is left to BUILDER, a slash before each name. */
void snr_rest_add(const struct snr_rest *rest, struct snr_builder *builder);

#endif
