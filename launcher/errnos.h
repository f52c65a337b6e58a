/* SPDX-License-Identifier: MIT
 * Names of errors, as errno(3) has them. The launcher's files call it; pure.
 * It must never know what an error means.
 */
#ifndef LAUNCHER_ERRNOS_H
#define LAUNCHER_ERRNOS_H

/* All names, NULL behind the last. */
extern const char *const errno_names[];

/* The number of the error called NAME ("EIO"), or 0. */
int errno_named(const char *name);

/* The name of error NUMBER, or "?". */
const char *errno_name(int number);

#endif
