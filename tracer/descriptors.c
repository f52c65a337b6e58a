/* SPDX-License-Identifier: MIT
 * Closes what a side process has no use for. Used inside tracer/ only. It must never close what
 * the caller keeps.
 */
#include "tracer/descriptors.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_from(unsigned first, unsigned last)
{
	struct rlimit limit;

	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	/* Before Linux 5.9. */
	if (getrlimit(RLIMIT_NOFILE, &limit))
		limit.rlim_cur = 65536;
	if (last > limit.rlim_cur)
		last = (unsigned)limit.rlim_cur;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

void descriptors_close_but(const int *kept, size_t n)
{
	unsigned first = 0;

	for (;;) {
		unsigned next = ~0u;

		for (size_t i = 0; i < n; i++)
			if (kept[i] >= 0 && (unsigned)kept[i] >= first && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next > first)
			close_from(first, next == ~0u ? next : next - 1);
		if (next == ~0u)
			return;
		first = next + 1;
	}
}
