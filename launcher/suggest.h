/* SPDX-License-Identifier: MIT
 * "did you mean ...?": the known word that is nearest to a mistyped one.
 * The launcher's files call it; pure. It must never offer a word that is not near at all.
 */
#ifndef LAUNCHER_SUGGEST_H
#define LAUNCHER_SUGGEST_H

/* The word of the NULL-terminated list KNOWN that differs from WORD in at most two edits (one for
 * words under five bytes), or NULL. */
const char *suggest(const char *word, const char *const known[]);

#endif
