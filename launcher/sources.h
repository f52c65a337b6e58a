/* SPDX-License-Identifier: MIT
 * Where the rules come from: what was named, or else the places that a snap has for them. Only
 * main.c calls it. It must never read rules of a place that nobody named outside $SNAP/meta.
 */
#ifndef LAUNCHER_SOURCES_H
#define LAUNCHER_SOURCES_H

#include "launcher/options.h"
#include "launcher/rules_text.h"

/* Read all rules that OPTIONS or, where it names none, $SNAP/meta/snapredir.rules and
 * $SNAP/meta/snapredir.d/ *.rules in byte order hold, and the layouts of a classic snap. Problems
 * go to rules->diags. WHERE (SIZE bytes) gets a sentence on where they came from, for the log. */
void sources_read(const struct options *options, struct rules *rules, char *where, size_t size);

#endif
