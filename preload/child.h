/* SPDX-License-Identifier: MIT
 * What a new program is to be started with: file, argument vector and environment, so that it is
 * redirected too. For the exec, spawn and command wrappers of preload/. Works in a vfork child: no
 * malloc, nothing left behind.
 */
#ifndef SHIM_CHILD_H
#define SHIM_CHILD_H

#include "preload/shim.h"

struct shim_child {
	int error;         /* 0, or -errno: the exec must fail with it */
	bool changed;      /* PATH is another file than was asked for, absolute and real */
	const char *path;  /* what to execute */
	char *const *argv; /* the interpreters in front where a script was unrolled */
	char *const *envp;
};

/* Prepare the execution of PATH relative to DIRFD as LOOKUP says, by a process whose cwd will be
 * CWD (snr_plan_exec). NULL: there is nothing to do about it (no rules, or arguments that the
 * kernel must refuse). Otherwise the answer lives until shim_child_release, or until the exec. */
struct shim_child *shim_child_prepare(int cwd, int dirfd, const char *path,
				      struct snr_lookup lookup, char *const argv[],
				      char *const envp[]);
void shim_child_release(struct shim_child *child);

/* execve(2) of PATH relative to DIRFD, with all of it. -1 with errno set. */
int shim_exec(int dirfd, const char *path, int flags, char *const argv[], char *const envp[]);

/* Does a search along PATH go on after ERROR? */
bool shim_looks_further(int error);

/* A file that is being looked at: what is asked for next lies mostly in one of three pieces. */
#define SHIM_PIECE 2048
struct shim_reader {
	uint64_t file; /* hash of its path; 0: none */
	long fd;       /* or -errno */
	unsigned next; /* the piece to give up */
	struct {
		uint64_t offset;
		long size; /* bytes; less than SHIM_PIECE: the file ends there */
		char bytes[SHIM_PIECE];
	} piece[3];
};

/* Read up to SIZE bytes at OFFSET of the real PATH. Bytes or -errno (files.c). First
 * shim_reader_start, in the end shim_reader_end: a descriptor is open in between. */
void shim_reader_start(struct shim_reader *reader);
long shim_read_file(struct shim_reader *reader, const char *path, uint64_t offset, void *out,
		    size_t size);
void shim_reader_end(struct shim_reader *reader);

/* One element of a PATH: steps *AT behind it. Writes "ELEMENT/FILE" to OUT; false if it is too
 * long. */
bool shim_next_candidate(const char **at, const char *file, char *out);

/* The PATH that execvp(3) searches. */
const char *shim_search_list(void);

/* Would a child that libc starts by itself, of the file PATH with the present environment, be just
 * what shim_child_prepare makes of it? */
bool shim_is_right_already(const char *path);

#endif
