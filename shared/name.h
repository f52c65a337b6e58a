/* SPDX-License-Identifier: MIT
 * The name of what a path of the program means, for rules that speak of files by their names.
 * Allocates nothing, changes nothing.
 */
#ifndef SNR_NAME_H
#define SNR_NAME_H

#include "shared/resolve.h"

/* The canonical virtual path of what PATH, LEN bytes, relative to DIRFD, means to a call with
 * LOOKUP, in OUT of SNR_PATH_MAX bytes: of the file that a link leads to, if the call looks through
 * it and it is there; else of the name in its directory. An empty path is the descriptor's file.
 * Nothing of SCRATCH but scratch->path stays. Returns the length or -errno. */
long snr_name_of(const struct snr_image *image, const struct snr_host *host,
		 struct snr_scratch *scratch, int dirfd, const char *path, size_t len,
		 struct snr_lookup lookup, char *out);

#endif
