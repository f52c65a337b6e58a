/* SPDX-License-Identifier: MIT
 * How all of tests/bench/ measures: many short windows, and of those the 10th percentile, which a
 * busy machine disturbs least. Included once by each program there. It must not allocate.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WINDOWS   200
#define WINDOW_NS 250000
#define LEAST     8         /* windows of what takes long ... */
#define ENOUGH_NS 400000000 /* ... once so much time is over */

static inline uint64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of one call of BODY(context): as many calls a window as fill 250 us. */
static inline double bench_measure(void (*body)(void *), void *context)
{
	static double window[WINDOWS];
	uint64_t start, began, spent = 0;
	unsigned calls = 1, n = 0;

	for (; calls < 1u << 24; calls *= 2) {
		start = bench_now();
		for (unsigned i = 0; i < calls; i++)
			body(context);
		spent = bench_now() - start;
		if (spent >= WINDOW_NS / 2)
			break;
	}
	for (began = bench_now(); n < WINDOWS; n++) {
		start = bench_now();
		if (n >= LEAST && start - began > ENOUGH_NS)
			break;
		for (unsigned i = 0; i < calls; i++)
			body(context);
		window[n] = (double)(bench_now() - start) / calls;
	}
	qsort(window, n, sizeof(window[0]), bench_compare);
	return window[n / 10];
}

#endif
