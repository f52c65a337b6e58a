/* SPDX-License-Identifier: MIT
 * --stats: the memory that everybody counts in, and the watcher, a side process that holds it and
 * writes the table once the program has ended. The launcher's files call it. It must never make the
 * program wait for longer than the table takes.
 */
#ifndef LAUNCHER_STATS_H
#define LAUNCHER_STATS_H

#include <stdio.h>

#include "launcher/journal.h"
#include "shared/stats.h"

struct stats {
	struct snr_stats *memory; /* NULL: nobody asked */
	int image_fd;             /* an empty memfd for the image: the watcher has it too */
	int talk;                 /* the tracer's end: one int there, one back when all is said */
	char path[64];            /* by which a shim finds the memory */
};

/* Make the memory for NRULES rules and start the watcher, or die. */
void stats_begin(struct stats *stats, uint32_t nrules, const struct journal *journal);

/* Write the table for IMAGE, the rules that were counted by: text, or a JSON object a line. */
void stats_show(const struct snr_stats *stats, const struct snr_image *image, bool json, FILE *out);

#endif
