/* SPDX-License-Identifier: MIT
 * The log as the launcher writes it: its own lines, and the descriptor for the tracer's. The
 * launcher's files call it. It must never write to standard output.
 */
#ifndef LAUNCHER_JOURNAL_H
#define LAUNCHER_JOURNAL_H

#include <stdbool.h>

struct journal {
	int fd;       /* close-on-exec, or standard error; never -1 once open */
	bool is_file; /* a file of the log's own */
	bool json;
	unsigned verbose;
	char *path; /* absolute, or NULL: standard error; from malloc */
};

/* Open the log FILE (NULL: standard error) for appending. Returns 0 or -errno of open(2). */
int journal_open(struct journal *journal, const char *file, bool json, unsigned verbose);

/* One line, in one write(2), if LEVEL (1 or 2) is asked for; level 0 always. */
void journal_line(const struct journal *journal, unsigned level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The descriptor that the tracer's lines go to, or -1: there will be none. Standard error is held
 * open by the tracer only where lines are asked for, so that whoever waits for its end need not
 * wait for the tracer too. */
int journal_tracer_fd(const struct journal *journal);

#endif
