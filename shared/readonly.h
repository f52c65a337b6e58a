/* SPDX-License-Identifier: MIT
 * What a read-only mount refuses (EROFS), and in which order with what the kernel looks at itself.
 * Only resolve.c and rewrite.c call it.
 */
#ifndef SNR_READONLY_H
#define SNR_READONLY_H

#include "shared/rewrite.h"

/* The readonly rule on whose side lies what a writing lookup, RESOLVED, is about to write: the
 * directory of a name that is to be made or removed, else the file. Or SNR_NO_RULE. */
uint32_t snr_readonly_rule(const struct snr_image *image, const struct snr_scratch *scratch,
			   const struct snr_resolved *resolved, struct snr_lookup lookup);

/* The readonly rule on whose side lies what the program's descriptor FD is open on, or SNR_NO_RULE.
 */
uint32_t snr_readonly_descriptor(const struct snr_image *image, const struct snr_host *host,
				 struct snr_scratch *scratch, int fd);

/* CALL writes through its only path to what is frozen, at the absolute real path REAL, LEN bytes
 * with room for two more, which are used.
 * Must it fail with EROFS? If not, the kernel refuses it for another reason, which it looks at
 * before, or it may be done (a device, a pipe). Sources: do_open, open_last_lookups, do_faccessat,
 * filename_create, vfs_truncate in 6.18. */
bool snr_readonly_refuses(const struct snr_host *host, const struct snr_pathop *op,
			  struct snr_lookup lookup, uint64_t flags, char *real, size_t len);

#endif
