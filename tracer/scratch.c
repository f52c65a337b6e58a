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

static bool has_free_slot(const struct tracee_chunk *chunk)
{
	return chunk->used != (1u << chunk->nslots) - 1;
}

/* The list of chunks with free slots that CHUNK belongs to: for calls that may wait long, hundreds
 * of chunks can be full, and none of them is looked at. Large ones, for one call each, are few. */
static struct tracee_chunk **list_of(struct tracee_space *space, bool large, unsigned word)
{
	return &space->free[2 * large + (word == 8)];
}

static void list_free(struct tracee_space *space, struct tracee_chunk *chunk)
{
	struct tracee_chunk **list = list_of(space, chunk->slot_size > SLOT_SIZE, chunk->word);

	chunk->next_free = *list;
	*list = chunk;
}

static uint64_t take_of(struct tracer *tracer, struct tracee *tracee, struct tracee_chunk **link,
			uint64_t size)
{
	while (*link) {
		struct tracee_chunk *chunk = *link;
		unsigned i = (unsigned)__builtin_ctz(~chunk->used);

		if (chunk->slot_size < size) {
			link = &chunk->next_free;
			continue;
		}
		if (!slot_is_ours(tracer, tracee, chunk, i)) {
			chunk->nslots = 0; /* others may hold slots of it: it is not freed */
			*link = chunk->next_free;
			continue;
		}
		chunk->used |= 1u << i;
		if (!has_free_slot(chunk))
			*link = chunk->next_free;
		tracee->slot = (struct tracee_slot){chunk, i};
		return chunk->address + i * chunk->slot_size + HEAD;
	}
	return 0;
}

uint64_t scratch_take(struct tracer *tracer, struct tracee *tracee, uint64_t size)
{
	bool large = size + HEAD > SLOT_SIZE;
	uint64_t address = 0;

	/* What a 32-bit call can name a 64-bit one can, too. */
	for (unsigned word = tracee->abi->word; !address && word >= 4; word -= 4)
		address = take_of(tracer, tracee, list_of(tracee->space, large, word), size + HEAD);
	return address;
}

void scratch_release(struct tracee *tracee)
{
	struct tracee_chunk *chunk = tracee->slot.chunk;

	tracee->slot.chunk = NULL;
	if (!chunk)
		return;
	if (chunk->nslots && !has_free_slot(chunk))
		list_free(tracee->space, chunk);
	chunk->used &= ~(1u << tracee->slot.index);
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

void scratch_add(struct tracee_space *space, struct tracee_chunk *chunk)
{
	chunk->next = space->chunks;
	space->chunks = chunk;
	if (chunk->nslots)
		list_free(space, chunk);
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
	scratch_add(tracee->space, chunk);
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
