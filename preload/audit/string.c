/* SPDX-License-Identifier: MIT
 * What compilers call by themselves to clear and copy structures. Linked into the shim's companion,
 * which has no libc, for nobody else. It must never be made into a call of itself: hence the
 * volatile.
 */
#include <stddef.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);

void *memset(void *to, int byte, size_t size)
{
	volatile unsigned char *out = to;

	while (size--)
		*out++ = (unsigned char)byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	volatile unsigned char *out = to;
	const unsigned char *in = from;

	while (size--)
		*out++ = *in++;
	return to;
}
