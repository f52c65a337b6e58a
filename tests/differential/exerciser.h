/* SPDX-License-Identifier: MIT
 * What the parts of the exerciser share: one operation of the script, the line being printed.
 * Only tests/differential uses it. It must never know of rules or engines: it is a plain program.
 */
#ifndef EXERCISER_H
#define EXERCISER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define MAX_ARGS  8
#define SLOTS     8
#define SLOT_BASE 100 /* descriptor of slot 0: far from what an engine may use */

struct op {
	int number; /* from the script, only for printing */
	bool raw;   /* by syscall(2), not by libc's function of that name */
	int argc;
	char *arg[MAX_ARGS];
};

struct op_kind {
	const char *name;
	int argc; /* least number of arguments */
	void (*run)(const struct op *op);
};

/* Each ends with a NULL name. */
extern const struct op_kind ops_open[];
extern const struct op_kind ops_look[];
extern const struct op_kind ops_change[];
extern const struct op_kind ops_run[];
extern const struct op_kind ops_rare[];

/* Add to the line of the current operation. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* RESULT below 0: the name of errno; otherwise "ok". Returns RESULT. */
long say_result(long result);
void say_stat(const struct stat *st);
/* Where mount points are missing on the disk, their parents count one link less. */
void ignore_dir_links(void);
/* Where even the parents of mount points are missing, some read-only directory stands in. */
void ignore_root_dirs(void);
/* Write the line out; a child that prints must do it before it leaves. */
void say_end(void);

/* "%NULL" and "%BAD" are pointers that the kernel must refuse. */
char *path_of(const char *token);
/* "cwd", "bad", or the number of a slot. */
int dirfd_of(const char *token);
/* "-": the form without a descriptor. */
bool is_plain(const char *token);
int slot_of(const char *token);

enum flag_set { OPEN_FLAGS, AT_FLAGS, RENAME_FLAGS, RESOLVE_FLAGS, ACCESS_FLAGS };
/* Names of SET joined by '|', or "0". */
unsigned parse_flags(const char *token, enum flag_set set);
unsigned parse_octal(const char *token);

/* Moving an ancestor of a mount point takes the mount with it, which a redirector by path cannot
 * do: the script names those directories, and rename leaves them alone. */
void protect_path(const char *path);
bool is_protected(int dirfd, const char *path, int flags);
/* What is given up: with an unsearchable directory above a rule an ordinary user does not get out
 * of the rule by "..". The script says when chmod must not make one. */
void keep_searchable(void);
bool must_stay_searchable(int dirfd, const char *path);

#endif
