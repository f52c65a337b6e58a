/* SPDX-License-Identifier: MIT
 * A learning run (--learn, --report): this process stays behind as the program's parent, as
 * strace(1) does, hears what it asks for, and writes that down at the end. Only main.c calls it.
 * It must never keep a signal or a status from where it belongs.
 */
#ifndef LAUNCHER_LEARN_H
#define LAUNCHER_LEARN_H

#include <sys/types.h>

#include "launcher/learn_rules.h"

struct learn {
	const char *rules_file; /* NULL: not asked for */
	const char *report_file;
	int in; /* the pipe of records */
	int out;
	bool by_shim;   /* records come by name, from shims; otherwise from the tracer */
	char name[64];  /* of OUT, for the image ... */
	uint32_t inode; /* ... and its inode */
};

/* Make the pipe, and look whether the files can be written later. Dies with status 125 where they
 * cannot. */
void learn_prepare(struct learn *learn, bool by_shim);

/* Fork. The child returns, and is to become the program. The parent hears and waits, writes the
 * files, and ends as the program did. LEARNT's tally and status need not be set. */
void learn_fork(struct learn *learn, struct learnt *learnt);

#endif
