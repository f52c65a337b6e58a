/* SPDX-License-Identifier: MIT
 * Where relative paths start, remembered: getcwd costs as much as half a stat. One of these a
 * process, beside its facts; lossy and lock-free as they are. It must never be the only reason why
 * a path is changed: only the answer "nothing is to be done" is given from it.
 */
#ifndef SNR_START_H
#define SNR_START_H

#include "shared/resolve.h"

/* The time at which a working directory is asked for, for snr_start_keep. */
uint64_t snr_start_now(const struct snr_facts *facts);

/* At time NOW the cwd was the directory with this HASH of its virtual path, on the side of RULE; no
 * rule lies beneath it. Nothing is kept where the cwd is not that of all with this memory. */
void snr_start_keep(struct snr_facts *facts, uint64_t now, uint64_t hash, uint32_t rule);

/* The cwd may be another one. */
void snr_start_forget(struct snr_facts *facts);

/* Does the relative PATH, of LEN bytes and a NUL, lead where the kernel goes? True only if all that
 * matters is known: where it starts, that no name of it is a rule's, and that what is looked
 * through is no link. *RULE is the rule on whose side it lies. With HOST what is not known is asked
 * for; SCRATCH is what that takes. */
bool snr_start_stays(const struct snr_image *image, struct snr_facts *facts,
		     const struct snr_host *host, struct snr_scratch *scratch, const char *path,
		     size_t len, struct snr_lookup lookup, uint32_t *rule);

/* Is PATH one name, so that it does not matter in which directory: no rule ends in that name, and
 * no link is looked through? */
bool snr_is_foreign_name(const struct snr_image *image, const char *path, size_t len,
			 struct snr_lookup lookup);

#endif
