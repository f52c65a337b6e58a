/* SPDX-License-Identifier: MIT
 * Problems found in rules, collected so that all of them are told in one run.
 * The launcher's files call it. It must never print by itself before it is asked to.
 */
#ifndef LAUNCHER_DIAG_H
#define LAUNCHER_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Where something was written. LINE 0: not in a file but on the command line (FILE is "-m"), or the
 * file as a whole. The strings belong to whoever made the place. */
struct place {
	const char *file;
	uint32_t line;
	uint32_t column; /* bytes, from 1 */
};

enum diag_kind { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_kind kind;
	struct place place;
	size_t order; /* the first problem of the same file */
	char *text;   /* what is wrong, and what to do about it */
};

/* All zero is an empty list. */
struct diags {
	struct diag *item;
	size_t count;
	size_t errors;
};

/* Remember one problem. */
void diags_add(struct diags *diags, enum diag_kind kind, struct place place, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* Put the list in the order in which a reader goes through the files. */
void diags_sort(struct diags *diags);

/* One line: `FILE:LINE:COLUMN: text` (`warning: ` before the text of a warning), or `snapredir:
 * FILE: text` where there is no line. */
void diag_format(const struct diag *diag, char *out, size_t size);

/* Sort, and write every error (and every warning, if WARNINGS) to STREAM. */
void diags_print(struct diags *diags, bool warnings, FILE *stream);

void diags_free(struct diags *diags);

#endif
