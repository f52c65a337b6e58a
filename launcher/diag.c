/* SPDX-License-Identifier: MIT
 * Problems found in rules, collected so that all of them are told in one run.
 * The launcher's files call it. It must never print by itself before it is asked to.
 */
#include "launcher/diag.h"

#include <stdlib.h>
#include <string.h>

#include "launcher/pool.h"

/* Files stay in the order in which they were first spoken of. */
static size_t order_of(const struct diags *diags, const char *file)
{
	for (size_t i = diags->count; i-- > 0;)
		if (strcmp(diags->item[i].place.file, file) == 0)
			return diags->item[i].order;
	return diags->count;
}

void diags_add(struct diags *diags, enum diag_kind kind, struct place place, const char *format,
	       ...)
{
	va_list list;
	char *text = NULL;

	/* Grows at powers of two: a broken file of 65,536 lines is 65,536 problems. */
	if (!(diags->count & (diags->count - 1)))
		diags->item = pool_grow(diags->item, diags->count ? diags->count * 2 : 1,
					sizeof(*diags->item));
	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		text = NULL;
	va_end(list);
	diags->item[diags->count] = (struct diag){kind, place, order_of(diags, place.file), text};
	diags->count++;
	if (kind == DIAG_ERROR)
		diags->errors++;
}

static int by_place(const void *left, const void *right)
{
	const struct diag *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

void diags_sort(struct diags *diags)
{
	if (diags->count)
		qsort(diags->item, diags->count, sizeof(*diags->item), by_place);
}

void diag_format(const struct diag *diag, char *out, size_t size)
{
	const char *mark = diag->kind == DIAG_WARNING ? "warning: " : "";
	const char *text = diag->text ? diag->text : "a problem, and no memory left to tell it";
	const struct place *at = &diag->place;

	if (at->line)
		snprintf(out, size, "%s:%u:%u: %s%s", at->file, at->line, at->column, mark, text);
	else
		snprintf(out, size, "snapredir: %s: %s%s", at->file, mark, text);
}

void diags_print(struct diags *diags, bool warnings, FILE *stream)
{
	char line[16384];

	diags_sort(diags);
	for (size_t i = 0; i < diags->count; i++) {
		if (diags->item[i].kind == DIAG_WARNING && !warnings)
			continue;
		diag_format(&diags->item[i], line, sizeof(line));
		fprintf(stream, "%s\n", line);
	}
	fflush(stream);
}

void diags_free(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		free(diags->item[i].text);
	free(diags->item);
	*diags = (struct diags){0};
}
