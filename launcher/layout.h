/* SPDX-License-Identifier: MIT
 * The `layout:` section of a snap.yaml as rules: what snapd mounts for a strict snap, and ignores
 * in a classic one. The launcher calls it. It must never act on a layout that snapd would refuse.
 */
#ifndef LAUNCHER_LAYOUT_H
#define LAUNCHER_LAYOUT_H

#include "launcher/rules_text.h"

enum layout_when {
	LAYOUT_ALWAYS,     /* somebody asked for it: a file that is missing is a problem */
	LAYOUT_IF_CLASSIC, /* of a strict snap the layouts are mounted already */
};

/* Add the layouts of the snap.yaml FILE to RULES. FROM: the word that names it, NULL where none of
 * a file does. All that is wrong goes to rules->diags. Returns how many there were. */
size_t layout_read(struct rules *rules, const char *file, const struct place *from,
		   enum layout_when when);

#endif
