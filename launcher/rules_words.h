/* SPDX-License-Identifier: MIT
 * The words of a rules line: quotes, joined lines, comments, variables.
 * Only rules_text.c calls it. It must never know what a word means.
 */
#ifndef LAUNCHER_RULES_WORDS_H
#define LAUNCHER_RULES_WORDS_H

#include "launcher/rules_text.h"

#define RULES_WORDS 16 /* of a line; no kind takes as many */

/* Where the reader is in a text. */
struct rules_reader {
	struct rules *rules;
	const char *file; /* as messages call it */
	const char *at;   /* the next byte */
	const char *end;
	const char *line_start;
	uint32_t line; /* from 1 */
	char *word;    /* the word being put together; grows */
	size_t len;
	size_t room;
};

/* One line of the rules, joined lines counting as one. */
struct rules_line {
	unsigned count;
	bool broken; /* a problem in it was told; it must not become a rule */
	struct rules_word word[RULES_WORDS];
	bool bad[RULES_WORDS]; /* this word has a problem of its own, so its text means nothing */
};

void rules_reader_start(struct rules_reader *reader, struct rules *rules, const char *file,
			const char *text, size_t size);

/* The next line that holds any words. False at the end of the text. */
bool rules_next_line(struct rules_reader *reader, struct rules_line *line);

void rules_reader_end(struct rules_reader *reader);

#endif
