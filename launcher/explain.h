/* SPDX-License-Identifier: MIT
 * --explain: which rule decides a path, where it leads, which links were met. Only main.c calls it.
 * The answer is shared/resolve.h's, the same that programs get.
 */
#ifndef LAUNCHER_EXPLAIN_H
#define LAUNCHER_EXPLAIN_H

#include "shared/rules.h"

/* Write to standard output where PATH (relative ones: to the working directory) leads under IMAGE.
 * Returns 0, or -ENAMETOOLONG. */
int explain_path(const struct snr_image *image, const char *path);

#endif
