/* SPDX-License-Identifier: MIT
 * Memory of ours inside a tracee, for the strings that take the place of its own. Used inside
 * tracer/ only. It must never write where the program may have put something: not below the stack
 * pointer, and not over a slot that does not begin with what was last seen there.
 */
#include "tracer/memory.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <stdlib.h>

#define SLOT_SIZE                                                                                  \
	16384u /* two paths, or a path and a name that comes back; untouched pages are free */
#define SLOTS      8u
#define HEAD       16u /* the signature, and alignment */
#define PAGE_ROUND 4095u

/* A slot that nobody used is zero, one that was used begins with the signature. Anything else: the
 * program has mapped something over it. */
static bool slot_is_ours(struct tracer *tracer, const struct tracee *tracee,
			 struct tracee_chunk *chunk, unsigned index)
{
	uint64_t address = chunk->address + index * chunk->slot_size;
	struct tracee_piece signature = {&tracer->signature, sizeof(tracer->signature)};
	uint64_t seen;

	if (tracee_read(tracer, tracee, address, &seen, sizeof(seen)))
		return false;
	if (chunk->marked >> index & 1)
		return seen == tracer->signature;
	if (seen != 0 || tracee_write(tracer, tracee, address, &signature, 1))
		return false;
	chunk->marked |= 1u << index;
	return true;
}

static unsigned free_slot(const struct tracee_chunk *chunk)
{
	for (unsigned i = 0; i < chunk->nslots; i++)
		if (!(chunk->used >> i & 1))
			return i;
	return chunk->nslots;
}

uint64_t scratch_take(struct tracer *tracer, struct tracee *tracee, uint64_t size)
{
	struct tracee_chunk *chunk;

	for (chunk = tracee->space->chunks; chunk; chunk = chunk->next) {
		unsigned i;

		if (chunk->word > tracee->abi->word || chunk->slot_size < size + HEAD)
			continue;
		i = free_slot(chunk);
		if (i == chunk->nslots)
			continue;
		if (!slot_is_ours(tracer, tracee, chunk, i)) {
			chunk->nslots = 0; /* others may hold slots of it: it stays listed */
			continue;
		}
		chunk->used |= 1u << i;
		tracee->slot = (struct tracee_slot){chunk, i};
		return chunk->address + i * chunk->slot_size + HEAD;
	}
	return 0;
}

void scratch_release(struct tracee *tracee)
{
	if (tracee->slot.chunk)
		tracee->slot.chunk->used &= ~(1u << tracee->slot.index);
	tracee->slot.chunk = NULL;
}

int scratch_map(struct tracee *tracee, uint64_t size)
{
	bool large = size + HEAD > SLOT_SIZE;
	int r;

	tracee->slot_size = large ? (size + HEAD + PAGE_ROUND) & ~(uint64_t)PAGE_ROUND : SLOT_SIZE;
	tracee->map_size = large ? tracee->slot_size : SLOTS * SLOT_SIZE;
	r = arch_inject_map(tracee->tid, tracee->abi, tracee->map_size, &tracee->regs);
	if (r)
		return r;
	tracee->due = TRACEE_MAP;
	tracee_resume(tracee, 0);
	return 0;
}

static void add_chunk(struct tracee *tracee, uint64_t address)
{
	struct tracee_chunk *chunk = calloc(1, sizeof(*chunk));

	if (!chunk) {
		tracee->map_error = -ENOMEM;
		return;
	}
	chunk->address = address;
	chunk->slot_size = tracee->slot_size;
	chunk->nslots = (uint32_t)(tracee->map_size / tracee->slot_size);
	chunk->word = tracee->abi->word;
	chunk->next = tracee->space->chunks;
	tracee->space->chunks = chunk;
}

int scratch_mapped(struct tracee *tracee)
{
	int64_t address;
	int r = arch_get_result(tracee->tid, &address);

	if (r)
		return r;
	tracee->map_error = 0;
	if (address < 0 && address > -4096)
		tracee->map_error = (int)address;
	else
		add_chunk(tracee, (uint64_t)address);
	return arch_run_again(tracee->tid, &tracee->regs);
}
