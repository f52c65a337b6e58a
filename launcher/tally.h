/* SPDX-License-Identifier: MIT
 * What a learning run has heard, added up: each path once, each way in which it was asked for once.
 * learn*.c of the launcher call it. It must never look at the file system: what was, was then.
 */
#ifndef LAUNCHER_TALLY_H
#define LAUNCHER_TALLY_H

#include "launcher/pool.h"
#include "shared/record.h"

/* One path, absolute, without dots. */
struct tally_path {
	const char *path;
	uint32_t len;
	uint32_t count;    /* of calls */
	uint32_t rule;     /* that decided the first of them, or SNR_NO_RULE */
	uint32_t first_by; /* index of its row: who asked first, and how */
	uint32_t wrote_by; /* ... who was the first to make, write or remove it */
	int32_t first;     /* result of the first call */
	bool found;        /* some call found it */
	bool wrote;        /* wrote_by is set */
	bool directory;    /* somebody made it as a directory, or opened it as one */
	bool replaced;     /* it was removed, or renamed onto */
	bool opened;       /* for reading, or executed */
};

/* One program in one process. */
struct tally_process {
	int32_t pid;
	char comm[17];
};

/* One way in which one process asked for a path, with one outcome. */
struct tally_row {
	uint32_t path;
	uint32_t process;
	uint32_t rule;
	uint32_t to; /* 1 + index into TO, or 0: nowhere else */
	uint32_t count;
	int32_t result;
	uint16_t op;
	uint8_t engine;
	bool writes;
};

struct tally_table {
	uint32_t *slot; /* 1 + index, 0: free */
	uint32_t slots; /* a power of two, at most half full */
};

/* All zero is an empty tally. */
struct tally {
	struct tally_path *path;
	struct tally_process *process;
	struct tally_row *row;
	const char **to;
	uint32_t npaths, nprocesses, nrows, nto;
	uint64_t calls;
	uint64_t lost; /* whose names were too long, or relative to nobody knows what */
	bool waits;    /* what comes before the first program is the launcher's own */
	bool ran;      /* a program was executed */
	struct tally_table paths, processes, rows, tos;
	struct pool pool;
};

/* Add RECORD, which is whole. */
void tally_add(struct tally *tally, const struct snr_record *record);

/* The path PATH of LEN bytes, or NULL: nobody asked for it. */
const struct tally_path *tally_find(const struct tally *tally, const char *path, size_t len);

void tally_free(struct tally *tally);

#endif
