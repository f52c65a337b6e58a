/* SPDX-License-Identifier: MIT
 * The words of a rules line: quotes, joined lines, comments, variables.
 * Only rules_text.c calls it. It must never know what a word means.
 */
#include "launcher/rules_words.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_DEPTH 8 /* of ${A:-${B:-...}} */

void rules_reader_start(struct rules_reader *reader, struct rules *rules, const char *file,
			const char *text, size_t size)
{
	*reader = (struct rules_reader){
		.rules = rules,
		.file = file,
		.at = text,
		.end = text + size,
		.line_start = text,
		.line = 1,
	};
	/* A byte order mark says UTF-8, which is what we take anyway. */
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reader->line_start = reader->at += 3;
}

void rules_reader_end(struct rules_reader *reader)
{
	free(reader->word);
	reader->word = NULL;
}

static struct place here(const struct rules_reader *reader)
{
	return (struct place){reader->file, reader->line,
			      (uint32_t)(reader->at - reader->line_start) + 1};
}

/* The byte OFFSET further on, or -1 behind the end. */
static int peek(const struct rules_reader *reader, size_t offset)
{
	if ((size_t)(reader->end - reader->at) <= offset)
		return -1;
	return (unsigned char)reader->at[offset];
}

/* Length of a line's end at the cursor: "\n", "\r\n", or 0. */
static size_t newline(const struct rules_reader *reader, size_t offset)
{
	if (peek(reader, offset) == '\n')
		return 1;
	if (peek(reader, offset) == '\r' && peek(reader, offset + 1) == '\n')
		return 2;
	return 0;
}

static bool at_line_end(const struct rules_reader *reader)
{
	return reader->at == reader->end || newline(reader, 0);
}

static void pass_newline(struct rules_reader *reader)
{
	reader->at += newline(reader, 0);
	reader->line_start = reader->at;
	reader->line++;
}

/* Step over a backslash at the end of a line. True if there was one. */
static bool pass_joint(struct rules_reader *reader)
{
	if (peek(reader, 0) != '\\' || !newline(reader, 1))
		return false;
	reader->at++;
	pass_newline(reader);
	return true;
}

static void put(struct rules_reader *reader, const char *text, size_t len)
{
	if (reader->room - reader->len < len) {
		reader->room = (reader->room + len) * 2 + 64;
		reader->word = pool_grow(reader->word, reader->room, 1);
	}
	memcpy(reader->word + reader->len, text, len);
	reader->len += len;
}

static bool starts_name(int byte)
{
	return byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static size_t name_length(const struct rules_reader *reader)
{
	size_t len = 0;

	if (!starts_name(peek(reader, 0)))
		return 0;
	while (starts_name(peek(reader, len)) ||
	       (peek(reader, len) >= '0' && peek(reader, len) <= '9'))
		len++;
	return len;
}

/* The value of the variable whose name is LEN bytes long at NAME, or NULL. */
static const char *value_of(struct rules_reader *reader, const char *name, size_t len)
{
	return getenv(pool_copy(&reader->rules->pool, name, len));
}

static bool unset(struct rules_reader *reader, struct place place, const char *name, size_t len)
{
	diags_add(&reader->rules->diags, DIAG_ERROR, place,
		  "$%.*s is not set; set it, or write ${%.*s:-DEFAULT}", (int)len, name, (int)len,
		  name);
	return false;
}

static bool put_value(struct rules_reader *reader, struct place place, const char *name, size_t len)
{
	const char *value = value_of(reader, name, len);

	if (!value)
		return unset(reader, place, name, len);
	if (!*value)
		diags_add(&reader->rules->diags, DIAG_WARNING, place,
			  "$%.*s is empty; write ${%.*s:-DEFAULT} if it may be", (int)len, name,
			  (int)len, name);
	put(reader, value, strlen(value));
	return true;
}

static bool read_variable(struct rules_reader *reader, unsigned depth, bool used);

/* The text between `:-` and the brace, where the variables in it count too, unless it is not
 * USED. */
static bool read_default(struct rules_reader *reader, unsigned depth, bool used)
{
	bool fine = true;

	while (!at_line_end(reader) && peek(reader, 0) != '}') {
		if (pass_joint(reader))
			continue;
		if (peek(reader, 0) == '$') {
			fine &= read_variable(reader, depth + 1, used);
			continue;
		}
		if (peek(reader, 0) == '\\' && peek(reader, 1) > 0 &&
		    strchr("\\\"$}", peek(reader, 1)))
			reader->at++;
		if (used)
			put(reader, reader->at, 1);
		reader->at++;
	}
	return fine;
}

/* `${...}`, the cursor on the brace. */
static bool read_braces(struct rules_reader *reader, struct place place, unsigned depth, bool used)
{
	bool fine = true;

	reader->at++;
	const char *name = reader->at;
	size_t len = name_length(reader);
	reader->at += len;
	if (len && peek(reader, 0) == ':' && peek(reader, 1) == '-' && depth < DEFAULT_DEPTH) {
		const char *value = value_of(reader, name, len);
		bool set = value && *value;

		reader->at += 2;
		if (used && set)
			put(reader, value, strlen(value));
		fine = read_default(reader, depth, used && !set);
	} else if (len && peek(reader, 0) == '}') {
		fine = !used || put_value(reader, place, name, len);
	}
	if (peek(reader, 0) == '}' && len) {
		reader->at++;
		return fine;
	}
	diags_add(&reader->rules->diags, DIAG_ERROR, place,
		  "this ${...} cannot be read; write ${NAME} or ${NAME:-DEFAULT} on one line");
	return false;
}

/* A `$` at the cursor. USED false: only step over it. False if something was wrong, which was
 * told. */
static bool read_variable(struct rules_reader *reader, unsigned depth, bool used)
{
	struct place place = here(reader);

	reader->at++;
	if (peek(reader, 0) == '{')
		return read_braces(reader, place, depth, used);
	size_t len = name_length(reader);
	if (!len) {
		diags_add(&reader->rules->diags, DIAG_ERROR, place,
			  "no name follows this $; write \"\\$\" in quotes for a dollar sign");
		return false;
	}
	const char *name = reader->at;
	reader->at += len;
	return !used || put_value(reader, place, name, len);
}

/* `"..."`, the cursor on the first quote. */
static bool read_quoted(struct rules_reader *reader)
{
	struct place place = here(reader);
	bool fine = true;

	reader->at++;
	while (!at_line_end(reader) && peek(reader, 0) != '"') {
		if (pass_joint(reader))
			continue;
		if (peek(reader, 0) == '$') {
			fine &= read_variable(reader, 0, true);
			continue;
		}
		if (peek(reader, 0) == '\\') {
			int next = peek(reader, 1);
			if (next > 0 && strchr("\\\"$", next)) {
				reader->at++;
			} else {
				diags_add(&reader->rules->diags, DIAG_ERROR, here(reader),
					  "this \\ means nothing; in quotes write \\\\ for a "
					  "backslash, \\\" for a quote, \\$ for a dollar sign");
				fine = false;
			}
		}
		put(reader, reader->at++, 1);
	}
	if (peek(reader, 0) == '"') {
		reader->at++;
		return fine;
	}
	diags_add(&reader->rules->diags, DIAG_ERROR, place,
		  "this quote is not closed on its line; add a \" at its end");
	return false;
}

/* One word into reader->word. False if something was wrong with it, which was told. */
static bool read_word(struct rules_reader *reader)
{
	bool fine = true;

	reader->len = 0;
	while (!at_line_end(reader)) {
		int byte = peek(reader, 0);

		if (byte == ' ' || byte == '\t')
			break;
		if (pass_joint(reader))
			continue;
		if (byte == '"')
			fine &= read_quoted(reader);
		else if (byte == '$')
			fine &= read_variable(reader, 0, true);
		else
			put(reader, reader->at++, 1);
	}
	return fine;
}

/* Step over blanks and joined lines; a comment takes the rest of its line. */
static void pass_blanks(struct rules_reader *reader)
{
	while (peek(reader, 0) == ' ' || peek(reader, 0) == '\t' || pass_joint(reader))
		if (peek(reader, 0) == ' ' || peek(reader, 0) == '\t')
			reader->at++;
	if (peek(reader, 0) == '#')
		while (!at_line_end(reader))
			reader->at++;
}

static void add_word(struct rules_reader *reader, struct rules_line *line, struct place place,
		     bool fine)
{
	if (line->count == RULES_WORDS) {
		if (!line->broken)
			diags_add(&reader->rules->diags, DIAG_ERROR, place,
				  "too many words on this line; a rule takes at most a path, a "
				  "target and its options");
		line->broken = true;
		return;
	}
	line->bad[line->count] = !fine;
	line->broken |= !fine;
	line->word[line->count++] =
		(struct rules_word){pool_copy(&reader->rules->pool, reader->len ? reader->word : "",
					      reader->len),
				    (uint32_t)reader->len, place};
}

bool rules_next_line(struct rules_reader *reader, struct rules_line *line)
{
	line->count = 0;
	line->broken = false;
	while (reader->at < reader->end) {
		pass_blanks(reader);
		if (at_line_end(reader)) {
			if (reader->at < reader->end)
				pass_newline(reader);
			if (line->count)
				return true;
			continue;
		}
		struct place place = here(reader);
		bool fine = read_word(reader);
		add_word(reader, line, place, fine);
	}
	return line->count > 0;
}
