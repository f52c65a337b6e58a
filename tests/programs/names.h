/* SPDX-License-Identifier: MIT
 * Names that a program collects from a listing, and prints sorted: the same names give the same
 * text. Used by the programs that list directories.
 */
#ifndef TEST_NAMES_H
#define TEST_NAMES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *names[20000];
static size_t count;

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(const char *name, unsigned type)
{
	char text[5000];

	snprintf(text, sizeof(text), "%s/%u", name, type);
	if (count < sizeof(names) / sizeof(*names))
		names[count++] = strdup(text);
}

/* Few names are printed, of many their number and a sum; a name that is there twice always. */
static void show(const char *what)
{
	unsigned sum = 0;

	qsort(names, count, sizeof(*names), compare);
	printf("%s: %zu", what, count);
	for (size_t i = 0; i < count; i++) {
		if (count < 40)
			printf(" %s", names[i]);
		if (i && !strcmp(names[i], names[i - 1]))
			printf(" TWICE %s", names[i]);
		for (const char *c = names[i]; *c; c++)
			sum = sum * 31 + (unsigned char)*c;
	}
	printf(" sum %u\n", sum);
	while (count)
		free(names[--count]);
}

#endif
