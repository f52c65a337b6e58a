/* SPDX-License-Identifier: MIT
 * How the launcher speaks to its user, and the statuses it ends with when it is to blame itself.
 * The launcher's files call it. It must never write to standard output: that is the program's.
 */
#ifndef LAUNCHER_FAIL_H
#define LAUNCHER_FAIL_H

/* As env(1) and timeout(1) do it. */
enum launcher_status {
	STATUS_FAILED = 125,     /* snapredir itself failed: usage, rules, engine */
	STATUS_CANNOT_RUN = 126, /* the program is there and cannot be executed */
	STATUS_NOT_FOUND = 127,  /* the program is not there */
};

/* Write `snapredir: SUBJECT: what, and what to do about it` to standard error in one write(2). A
 * NULL subject is left out. Longer than 8 KiB is cut. errno is kept. */
void say(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* say(), then exit with STATUS. */
_Noreturn void die(int status, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What die() still has to do, or NULL. */
extern void (*fail_last)(void);

#endif
