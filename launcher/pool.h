/* SPDX-License-Identifier: MIT
 * Memory for many small strings that live and die together: what was read from rules files.
 * The launcher's files call it. It must never be used in the shim or the tracer.
 */
#ifndef LAUNCHER_POOL_H
#define LAUNCHER_POOL_H

#include <stddef.h>

struct pool_chunk;

/* All zero is an empty pool. */
struct pool {
	struct pool_chunk *chunk; /* the newest; the others hang behind it */
};

/* SIZE bytes, aligned to 8. Dies with status 125 where no memory is left. */
char *pool_take(struct pool *pool, size_t size);

/* A copy of LEN bytes at TEXT, with a NUL. */
char *pool_copy(struct pool *pool, const char *text, size_t len);

/* Give everything back; the pool is empty then. */
void pool_free(struct pool *pool);

/* realloc(3) of COUNT elements of SIZE bytes, with the overflow check; dies like pool_take. */
void *pool_grow(void *old, size_t count, size_t size);

/* calloc(3); dies like pool_take. */
void *pool_zeroed(size_t count, size_t size);

#endif
