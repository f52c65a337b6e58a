/* SPDX-License-Identifier: MIT
 * What was learnt about symbolic links: a direct-mapped set of hashes. Callable from everywhere,
 * signal handlers and vfork children included. It must never block, and never be the only reason
 * why an answer is right: facts age.
 */
#include "shared/facts.h"

#include <stddef.h>

#define KIND_MASK 3ull

/* Threads share the entries. Where a word of 64 bits is not read at once (32-bit machines), two
 * halves of different hashes match nothing, but for one chance in 2^30: no more is asked. */
static uint64_t read_entry(const struct snr_facts *facts, size_t index)
{
	return *(const volatile uint64_t *)&facts->entry[index];
}

/* The hash with the epoch folded in, its low two bits free for the kind. 62 bits stay to tell paths
 * apart. */
static uint64_t tag(const struct snr_facts *facts, uint64_t hash)
{
	return (hash + __atomic_load_n(&facts->epoch, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15ull) &
	       ~KIND_MASK;
}

static size_t slot(uint64_t hash)
{
	return (hash >> 20) & (SNR_FACTS - 1);
}

enum snr_fact snr_facts_get(const struct snr_facts *facts, uint64_t hash)
{
	uint64_t entry;

	if (!facts)
		return SNR_UNKNOWN;
	entry = read_entry(facts, slot(hash));
	return (entry & ~KIND_MASK) == tag(facts, hash) ? (enum snr_fact)(entry & KIND_MASK)
							: SNR_UNKNOWN;
}

void snr_facts_put(struct snr_facts *facts, uint64_t hash, enum snr_fact fact)
{
	if (facts)
		*(volatile uint64_t *)&facts->entry[slot(hash)] = tag(facts, hash) | fact;
}

void snr_facts_forget(struct snr_facts *facts)
{
	if (facts)
		__atomic_fetch_add(&facts->epoch, 1, __ATOMIC_RELAXED);
}
