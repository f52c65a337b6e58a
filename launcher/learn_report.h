/* SPDX-License-Identifier: MIT
 * --report: what a learning run heard, as one page that needs nothing else. learn.c calls it.
 * It must never let a file's name become a part of the page.
 */
#ifndef LAUNCHER_LEARN_REPORT_H
#define LAUNCHER_LEARN_REPORT_H

#include "launcher/learn_rules.h"

/* The page, with the suggested RULES of RULES_SIZE bytes in it, in memory of malloc; *SIZE bytes.
 * NULL: no memory. */
char *learn_report(const struct learnt *learnt, const char *rules, size_t rules_size, size_t *size);

#endif
