/* SPDX-License-Identifier: MIT
 * Where a path leads: the complete way, component by component, as the kernel's own lookup does it.
 * Only resolve.c calls it.
 */
#ifndef SNR_WALK_H
#define SNR_WALK_H

#include "shared/resolve.h"

#define SNR_MAX_LINKS 40 /* MAXSYMLINKS of the kernel */

/* Put the virtual path of the directory of DIRFD (AT_FDCWD: the cwd) into scratch->base. Returns
 * its length, or -errno; -ENOENT for one that lies where a rule covers it: no path of the program
 * leads there. */
long snr_base(const struct snr_image *image, const struct snr_host *host,
	      struct snr_scratch *scratch, int dirfd);

/* Walk PATH from scratch->base (BASE_LEN bytes; 0 for an absolute PATH), fill RESULT and, if it is
 * changed, OUT. What is learnt about links goes to FACTS. */
void snr_walk(const struct snr_image *image, struct snr_facts *facts, const struct snr_host *host,
	      struct snr_scratch *scratch, size_t base_len, const char *path, size_t len,
	      struct snr_lookup lookup, char *out, struct snr_resolved *result);

#endif
