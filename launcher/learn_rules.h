/* SPDX-License-Identifier: MIT
 * What a learning run suggests: a text of rules with reasons. learn.c calls it. It must never
 * suggest a line that `--check` would refuse.
 */
#ifndef LAUNCHER_LEARN_RULES_H
#define LAUNCHER_LEARN_RULES_H

#include "launcher/tally.h"
#include "shared/rules.h"

/* A run that was learnt from. */
struct learnt {
	const struct tally *tally;
	const struct snr_image *image; /* the rules that it had */
	char *const *program;
	const char *where; /* ... and where they came from */
	int status;        /* as of waitpid(2) */
};

/* The suggestions as a rules file that will be called FILE, in memory of malloc; *SIZE bytes.
 * Looks at the file system, $SNAP above all, as it is now. */
char *learn_rules(const struct learnt *learnt, const char *file, size_t *size);

/* TEXT of LEN bytes to OUT: bytes that do not show, and what is no UTF-8, as \xHH. */
void learn_put_text(FILE *out, const char *text, size_t len);

#endif
