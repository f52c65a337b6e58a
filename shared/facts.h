/* SPDX-License-Identifier: MIT
 * What was learnt about symbolic links, so that a path seen before costs no system call: a small
 * lossy set of hashes. One word an entry, each read and written at once: threads and signal
 * handlers need no lock, a lost write only costs a readlink later. The memory is the caller's,
 * zeroed, and may be dropped at any time.
 */
#ifndef SNR_FACTS_H
#define SNR_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#define SNR_FACTS 2048 /* entries, a power of two: 16 KiB */

enum snr_fact {
	SNR_UNKNOWN,
	SNR_PLAIN, /* it exists and is no symbolic link */
	SNR_TAME,  /* a link, but looking through it leads where the kernel goes, and no rule lies
		      beneath */
};

/* What somebody else tells of the working directory: the tracer, of what passes no gate. */
struct snr_told {
	uint32_t moves; /* a new number: it may be another one now */
	uint32_t apart; /* how many with this memory have one of their own: nothing is learnt */
};

/* The working directory, for shared/start.h. */
struct snr_start {
	bool moving; /* not every move is told by snr_start_forget: nothing is remembered of it */
	const struct snr_told *told; /* or NULL: nobody tells */
	uint32_t moves;
	uint32_t rule;
	uint64_t hash;
	uint64_t check;
};

struct snr_facts {
	uint32_t epoch;   /* a new one forgets everything */
	uint32_t *common; /* NULL, or the epoch that counts instead: several processes forget at
			     once (shared/gate.h) */
	struct snr_start start;
	uint64_t entry[SNR_FACTS];
};

/* What is learnt counts from EPOCH on, which is taken before the first look at the file system:
 * what others change meanwhile makes the fact be forgotten before it is known. FACTS may be NULL:
 * nothing is known, nothing is kept. */
uint32_t snr_facts_epoch(const struct snr_facts *facts);

/* HASH is that of the virtual path (shared/match.h). */
enum snr_fact snr_facts_get(const struct snr_facts *facts, uint32_t epoch, uint64_t hash);
void snr_facts_put(struct snr_facts *facts, uint32_t epoch, uint64_t hash, enum snr_fact fact);
void snr_facts_forget(struct snr_facts *facts);

#endif
