/* SPDX-License-Identifier: MIT
 * The kinds of rules as they are written: words, arguments, options. Only the launcher's rules_*.c
 * call it. It must never look at the disk, nor act on a rule.
 */
#ifndef LAUNCHER_RULES_KINDS_H
#define LAUNCHER_RULES_KINDS_H

#include "launcher/rules_words.h"

/* Read LINE, which begins with the name of a kind, into RULES; or say what is wrong with it. */
void rules_read_kind(struct rules *rules, const struct rules_line *line);

/* Does TEXT hold a * that is not written \*? */
bool rules_has_glob(const char *text);

/* The name of one bit of enum snr_fault_op. */
const char *rules_fault_name(uint32_t op);

#endif
