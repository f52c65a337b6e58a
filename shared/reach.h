/* SPDX-License-Identifier: MIT
 * Paths that are longer for the kernel than for the program: PATH_MAX limits what is handed over,
 * not how deep a file lies, so a long path is reached through a short name of a directory on its
 * way. Only walk.c and walk_answer.c call it.
 */
#ifndef SNR_REACH_H
#define SNR_REACH_H

#include "shared/host.h"
#include "shared/overlay.h"

/* snr_place, but where the real path is too long for OUT (SNR_PATH_MAX bytes) it goes through
 * host->shorten, and *LENT says so. Returns the length or -errno: that of the directory which would
 * have to be opened, or -ENAMETOOLONG. */
long snr_reach(const struct snr_image *image, const struct snr_host *host,
	       struct snr_scratch *scratch, const char *path, size_t len, char *out, bool *lent,
	       enum snr_layer *layer);

/* Put a short name of the directory REAL before the LEN bytes of text that are in OUT. Returns the
 * new length or -errno. */
long snr_reach_from(const struct snr_host *host, const char *real, char *out, size_t len);

#endif
