/* SPDX-License-Identifier: MIT
 * What /proc tells of a thread (proc(5)). Used inside tracer/ only. It must never take a part of a
 * file for the whole.
 */
#ifndef SNR_TRACER_PROC_H
#define SNR_TRACER_PROC_H

#include <stddef.h>
#include <sys/types.h>

/* The file NAME of TID, SIZE bytes at most, no NUL. Returns how many, or -errno. */
ssize_t proc_read(pid_t tid, const char *name, char *out, size_t size);

/* A line of /proc/TID/status. */
struct proc_field {
	const char *name; /* without the colon */
	char *out; /* its value, SIZE bytes at most, a NUL behind; empty: there is no such line */
	size_t size;
};

/* Read N fields, wherever in the file they are: a line of groups may have a megabyte. Returns 0,
 * -ENOENT where one of them is missing, or -errno. */
int proc_status(pid_t tid, const struct proc_field *fields, unsigned n);

/* The one that is a decimal number, or -errno. */
long proc_number(pid_t tid, const char *name);

#endif
