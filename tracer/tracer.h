/* SPDX-License-Identifier: MIT
 * The tracer as the launcher sees it: a side process that serves the system calls with a path in
 * them. Only the launcher calls this. Nothing here may print or exit.
 */
#ifndef SNR_TRACER_H
#define SNR_TRACER_H

#include "shared/stats.h"

#include <stddef.h>
#include <sys/types.h>

struct tracer_setup {
	const struct snr_image *image; /* mapped, checked */
	pid_t program;                 /* the process that will become the program */
	int log_fd;                    /* where log lines go, or -1 */
	int record_fd;                 /* where records go (shared/record.h), or -1 */
	int ready_fd;                  /* gets one int: 0, or an errno */
	int image_fd;                  /* the image's memfd */
	struct snr_stats *stats;       /* NULL: nothing is counted */
	int stats_fd;                  /* an int is written there when the program is about to end,
					  and one read before it does; -1: none */
	int kept_fd;                   /* stays open, too; -1: none */
};

/* Body of the side process. Attaches to setup->program, writes one int (0 or an errno) to ready_fd,
 * closes all descriptors but log_fd and record_fd, serves until the last tracee has gone. Returns
 * the status to exit with: 0, or 1 where it could not attach. */
int tracer_main(const struct tracer_setup *setup);

/* In the program's own process, once the tracer is attached: NO_NEW_PRIVS where CAP_SYS_ADMIN is
 * missing, then the filter that stops every call of shared/pathops.def. What is installed cannot be
 * taken back. Returns 0 or -errno of prctl(2) or seccomp(2). */
int tracer_filter_install(const struct snr_image *image);

/* Can programs be traced here? Tries it on a short-lived child: seize, filter, a stop, reading its
 * memory. Returns 0, or -errno with a sentence of at most SIZE bytes in WHY: the cause, and what
 * would change it. */
int tracer_probe(char *why, size_t size);

#endif
