/* SPDX-License-Identifier: MIT
 * "did you mean ...?": the known word that is nearest to a mistyped one.
 * The launcher's files call it; pure. It must never offer a word that is not near at all.
 */
#include "launcher/suggest.h"

#include <stddef.h>
#include <string.h>

#define LONGEST 32

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edits (insert, delete, replace, swap of neighbours) from A to B, both at most LONGEST bytes. */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= alen; i++)
		row[i][0] = (unsigned)i;
	for (size_t j = 0; j <= blen; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		for (size_t j = 1; j <= blen; j++) {
			row[i][j] = least(row[i - 1][j] + 1, row[i][j - 1] + 1,
					  row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[i - 2][j - 2] + 1 < row[i][j])
				row[i][j] = row[i - 2][j - 2] + 1;
		}
	}
	return row[alen][blen];
}

const char *suggest(const char *word, const char *const known[])
{
	const char *best = NULL;
	size_t len = strlen(word);
	unsigned limit = (len < 5 ? 1 : 2) + 1;

	if (len > LONGEST)
		return NULL;
	for (size_t i = 0; known[i]; i++) {
		size_t klen = strlen(known[i]);
		if (klen > LONGEST)
			continue;
		unsigned far = distance(word, len, known[i], klen);
		if (far < limit) {
			limit = far;
			best = known[i];
		}
	}
	return best;
}
