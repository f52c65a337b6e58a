/* SPDX-License-Identifier: MIT
 * What was learnt about symbolic links: sets of four hashes each. Callable from everywhere,
 * signal handlers and vfork children included. It must never block, and never be the only reason
 * why an answer is right: facts age.
 */
#include "shared/facts.h"

#include <stddef.h>

#define KIND_MASK 3ull
#define WAYS      4 /* names that fall on one place and are known side by side */

/* Threads share the entries. Where a word of 64 bits is not read at once (32-bit machines), two
 * halves of different hashes match nothing, but for one chance in 2^30: no more is asked. */
static uint64_t read_entry(const struct snr_facts *facts, size_t index)
{
	return *(const volatile uint64_t *)&facts->entry[index];
}

/* The hash with the epoch folded in, its low two bits free for the kind. 62 bits stay to tell paths
 * apart. */
static uint64_t tag(uint32_t epoch, uint64_t hash)
{
	return (hash + epoch * 0x9e3779b97f4a7c15ull) & ~KIND_MASK;
}

/* The first of the WAYS entries in which HASH may be. */
static size_t set_of(uint64_t hash)
{
	return (hash >> 20) & (SNR_FACTS - 1) & ~(size_t)(WAYS - 1);
}

uint32_t snr_facts_epoch(const struct snr_facts *facts)
{
	if (!facts)
		return 0;
	return __atomic_load_n(facts->common ? facts->common : &facts->epoch, __ATOMIC_ACQUIRE);
}

enum snr_fact snr_facts_get(const struct snr_facts *facts, uint32_t epoch, uint64_t hash)
{
	uint64_t wanted;
	size_t set = set_of(hash);

	if (!facts)
		return SNR_UNKNOWN;
	wanted = tag(epoch, hash);
	for (size_t i = set; i < set + WAYS; i++) {
		uint64_t entry = read_entry(facts, i);

		if ((entry & ~KIND_MASK) == wanted)
			return (enum snr_fact)(entry & KIND_MASK);
	}
	return SNR_UNKNOWN;
}

static void write_entry(struct snr_facts *facts, size_t index, uint64_t entry)
{
	*(volatile uint64_t *)&facts->entry[index] = entry;
}

/* The newest comes first, the oldest of the set goes. */
void snr_facts_put(struct snr_facts *facts, uint32_t epoch, uint64_t hash, enum snr_fact fact)
{
	size_t set = set_of(hash), place = 0;
	uint64_t new;

	if (!facts)
		return;
	new = tag(epoch, hash);
	while (place < WAYS - 1 && (read_entry(facts, set + place) & ~KIND_MASK) != new)
		place++;
	for (; place; place--)
		write_entry(facts, set + place, read_entry(facts, set + place - 1));
	write_entry(facts, set, new | fact);
}

void snr_facts_forget(struct snr_facts *facts)
{
	if (facts)
		__atomic_fetch_add(facts->common ? facts->common : &facts->epoch, 1,
				   __ATOMIC_ACQ_REL);
}
