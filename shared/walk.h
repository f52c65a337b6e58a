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

/* Is a symbolic link as last component looked through, given a slash behind it or not? A slash
 * means what is behind a link, but not to calls that name the entry, and O_CREAT refuses it before
 * it looks (open_last_lookups in fs/namei.c). */
static inline bool snr_looks_through(struct snr_lookup lookup, bool slash)
{
	if (slash)
		return !lookup.entry && !lookup.create;
	return lookup.follow;
}

/* Key of the fact that the directory with HASH can be searched. */
static inline uint64_t snr_hash_searched(uint64_t hash)
{
	return hash ^ 0x5bd1e995a5a5a5a5ull;
}

/* Walk PATH from scratch->base (BASE_LEN bytes, the directory of DIRFD; 0 for an absolute PATH),
 * fill RESULT and, if it is changed, OUT. What is learnt about links goes to FACTS. */
void snr_walk(const struct snr_image *image, struct snr_facts *facts, const struct snr_host *host,
	      struct snr_scratch *scratch, int dirfd, size_t base_len, const char *path, size_t len,
	      struct snr_lookup lookup, char *out, struct snr_resolved *result);

#endif
