/* SPDX-License-Identifier: MIT
 * The table of tracees: chained hash by tid, and the address spaces they share.
 * Used inside tracer/ only. A look-up must never depend on how many tracees there are.
 */
#include "tracer/gate.h"
#include "tracer/tracee.h"

#include "tracer/hand.h"
#include "tracer/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

static unsigned bucket(const struct tracer *tracer, pid_t tid)
{
	return ((unsigned)tid * 0x9e3779b1u >> 7) & (tracer->table_size - 1);
}

int tracee_table_init(struct tracer *tracer)
{
	tracer->table = calloc(FIRST_SIZE, sizeof(*tracer->table));
	tracer->table_size = FIRST_SIZE;
	return tracer->table ? 0 : -ENOMEM;
}

struct tracee *tracee_find(const struct tracer *tracer, pid_t tid)
{
	struct tracee *tracee = tracer->table[bucket(tracer, tid)];

	while (tracee && tracee->tid != tid)
		tracee = tracee->next;
	return tracee;
}

static void link_in(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee **chain = &tracer->table[bucket(tracer, tracee->tid)];

	tracee->next = *chain;
	*chain = tracee;
}

static void link_out(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee **link = &tracer->table[bucket(tracer, tracee->tid)];

	while (*link != tracee)
		link = &(*link)->next;
	*link = tracee->next;
}

/* Longer chains are the only harm where there is no memory. */
static void grow(struct tracer *tracer)
{
	struct tracee **old = tracer->table;
	unsigned old_size = tracer->table_size;
	struct tracee **table = calloc(2 * (size_t)old_size, sizeof(*table));

	if (!table)
		return;
	tracer->table = table;
	tracer->table_size = 2 * old_size;
	for (unsigned i = 0; i < old_size; i++) {
		while (old[i]) {
			struct tracee *tracee = old[i];

			old[i] = tracee->next;
			link_in(tracer, tracee);
		}
	}
	free(old);
}

static void space_unref(struct tracee_space *space)
{
	if (!space || --space->refs)
		return;
	while (space->chunks) {
		struct tracee_chunk *chunk = space->chunks;

		space->chunks = chunk->next;
		free(chunk);
	}
	free(space);
}

static struct tracee_space *space_new(void)
{
	struct tracee_space *space = calloc(1, sizeof(*space));

	if (space) {
		space->refs = 1;
		space->dumpable = -1;
	}
	return space;
}

static void set_space(struct tracee *tracee, struct tracee_space *space)
{
	scratch_release(tracee);
	space_unref(tracee->space);
	tracee->space = space;
}

struct tracee *tracee_new(struct tracer *tracer, pid_t tid, pid_t tgid)
{
	struct tracee *tracee = tracer->free;

	if (tracee)
		tracer->free = tracee->next;
	else
		tracee = malloc(sizeof(*tracee));
	if (!tracee)
		return NULL;
	memset(tracee, 0, offsetof(struct tracee, regs));
	tracee->tid = tid;
	tracee->tgid = tgid;
	tracee->abi = &arch_abis[0];
	tracee->space = space_new();
	if (!tracee->space) {
		tracee->next = tracer->free;
		tracer->free = tracee;
		return NULL;
	}
	if (++tracer->count > 2 * tracer->table_size)
		grow(tracer);
	link_in(tracer, tracee);
	return tracee;
}

void tracee_drop(struct tracer *tracer, struct tracee *tracee)
{
	link_out(tracer, tracee);
	hand_forget(tracer, tracee);
	gate_drop_guest(tracer, tracee);
	set_space(tracee, NULL);
	free(tracee->names);
	list_forget(tracee);
	free(tracee->image);
	free(tracee->records);
	tracer->orphans -= tracee->orphan;
	tracer->count--;
	tracee->next = tracer->free;
	tracer->free = tracee;
}

void tracee_rename(struct tracer *tracer, struct tracee *tracee, pid_t tid)
{
	link_out(tracer, tracee);
	tracee->tid = tid;
	link_in(tracer, tracee);
}

void tracee_table_free(struct tracer *tracer)
{
	for (unsigned i = 0; i < tracer->table_size; i++)
		while (tracer->table[i])
			tracee_drop(tracer, tracer->table[i]);
	while (tracer->free) {
		struct tracee *tracee = tracer->free;

		tracer->free = tracee->next;
		free(tracee);
	}
	free(tracer->table);
}

int tracee_share_space(struct tracee *child, struct tracee *parent)
{
	parent->space->refs++;
	set_space(child, parent->space);
	return 0;
}

int tracee_fresh_space(struct tracee *tracee)
{
	struct tracee_space *space = space_new();

	if (!space)
		return -ENOMEM;
	set_space(tracee, space);
	return 0;
}

/* The child's slots lie where the parent's do, and nobody holds one yet. */
int tracee_copy_space(struct tracee *child, const struct tracee *parent)
{
	const struct tracee_chunk *from = parent->space->chunks;
	int r = tracee_fresh_space(child);

	if (r)
		return r;
	child->space->dumpable = parent->space->dumpable;
	child->space->bare = parent->space->bare;
	child->space->gated = parent->space->gated;
	for (; from; from = from->next) {
		struct tracee_chunk *chunk = malloc(sizeof(*chunk));

		if (!chunk)
			return -ENOMEM;
		*chunk = *from;
		chunk->used = 0;
		scratch_add(child->space, chunk);
	}
	return 0;
}
