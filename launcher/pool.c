/* SPDX-License-Identifier: MIT
 * Memory for many small strings that live and die together.
 * The launcher's files call it. It must never be used in the shim or the tracer.
 */
#include "launcher/pool.h"

#include <stdlib.h>
#include <string.h>

#include "launcher/fail.h"

#define CHUNK_SIZE 65536

struct pool_chunk {
	struct pool_chunk *next;
	size_t used;
	size_t size;
	char bytes[];
};

static struct pool_chunk *new_chunk(size_t size)
{
	struct pool_chunk *chunk = pool_grow(NULL, 1, sizeof(*chunk) + size);

	chunk->next = NULL;
	chunk->used = 0;
	chunk->size = size;
	return chunk;
}

char *pool_take(struct pool *pool, size_t size)
{
	struct pool_chunk *chunk = pool->chunk;

	size = (size + 7) & ~(size_t)7;
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = new_chunk(size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE);
		/* A chunk of one big string goes behind the one that still has room. */
		if (pool->chunk && chunk->size == size) {
			chunk->next = pool->chunk->next;
			pool->chunk->next = chunk;
		} else {
			chunk->next = pool->chunk;
			pool->chunk = chunk;
		}
	}
	char *taken = chunk->bytes + chunk->used;
	chunk->used += size;
	return taken;
}

char *pool_copy(struct pool *pool, const char *text, size_t len)
{
	char *copy = pool_take(pool, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void pool_free(struct pool *pool)
{
	while (pool->chunk) {
		struct pool_chunk *next = pool->chunk->next;
		free(pool->chunk);
		pool->chunk = next;
	}
}

static _Noreturn void give_up(void)
{
	die(STATUS_FAILED, "memory",
	    "none left while reading the rules; raise the limit (ulimit -v)");
}

void *pool_grow(void *old, size_t count, size_t size)
{
	void *grown = reallocarray(old, count, size);

	if (!grown)
		give_up();
	return grown;
}

void *pool_zeroed(size_t count, size_t size)
{
	void *zeroed = calloc(count, size);

	if (!zeroed)
		give_up();
	return zeroed;
}
