/* SPDX-License-Identifier: MIT
 * Operations that open files: open in all its forms, openat2, creat, fopen, temporary files.
 * Called by exerciser.c through the table at the end. They must leave no descriptor behind but in
 * the slots.
 */
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open
#define SYS_open -1
#endif
#ifndef SYS_creat
#define SYS_creat -1
#endif

static long open_by(const struct op *op, const char *dirfd_token, const char *path, int flags,
		    mode_t mode)
{
	int dirfd = dirfd_of(dirfd_token);

	flags |= O_NONBLOCK | O_CLOEXEC | O_NOCTTY; /* a FIFO must not stop us */
	if (is_plain(dirfd_token))
		return op->raw ? syscall(SYS_open, path, flags, mode) : open(path, flags, mode);
	return op->raw ? syscall(SYS_openat, dirfd, path, flags, mode)
		       : openat(dirfd, path, flags, mode);
}

/* By which name does the program know its descriptor? */
static void say_fd_name(const struct op *op, int fd)
{
	char link[64], name[4096];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = op->raw ? syscall(SYS_readlinkat, AT_FDCWD, link, name, sizeof name)
		      : readlink(link, name, sizeof name);
	if (len < 0) {
		say_result(len);
		return;
	}
	/* The names of descriptors without a path hold inode numbers; an O_TMPFILE's name too. */
	if (name[0] != '/')
		len = (ssize_t)strcspn(name, ":");
	if (memmem(name, (size_t)len, "/#", 2))
		len = (char *)memmem(name, (size_t)len, "/#", 2) - name;
	say(" is %.*s", (int)len, name);
}

static void say_content(int fd)
{
	char buffer[40];
	ssize_t got = pread(fd, buffer, sizeof buffer, 0);

	if (got < 0) {
		say(" read");
		say_result(got);
		return;
	}
	say(" '");
	for (ssize_t i = 0; i < got; i++)
		say("%c", buffer[i] >= 32 && buffer[i] < 127 ? buffer[i] : '~');
	say("'");
}

static void use_and_close(const struct op *op, int fd, int flags)
{
	struct stat st;
	char text[32];

	if (fstat(fd, &st) == 0)
		say_stat(&st);
	say_fd_name(op, fd);
	if (!(flags & O_PATH) && S_ISREG(st.st_mode)) {
		if ((flags & O_ACCMODE) != O_WRONLY)
			say_content(fd);
		if ((flags & O_ACCMODE) != O_RDONLY) {
			/* What is left of a line behind it is no command, should it be executed: a
			 * script must not execute itself. */
			int len = snprintf(text, sizeof text, ": by %d ", op->number);

			say(" wrote %zd", write(fd, text, (size_t)len));
		}
	}
	close(fd);
}

/* open DIRFD PATH FLAGS MODE */
static void run_open(const struct op *op)
{
	int flags = (int)parse_flags(op->arg[2], OPEN_FLAGS);
	long fd = say_result(
		open_by(op, op->arg[0], path_of(op->arg[1]), flags, parse_octal(op->arg[3])));

	if (fd >= 0)
		use_and_close(op, (int)fd, flags);
}

/* keep SLOT DIRFD PATH FLAGS: the descriptor stays, for later calls relative to it */
static void run_keep(const struct op *op)
{
	int slot = slot_of(op->arg[0]), flags = (int)parse_flags(op->arg[3], OPEN_FLAGS);
	long fd = say_result(open_by(op, op->arg[1], path_of(op->arg[2]), flags, 0644));

	if (fd < 0)
		return;
	dup3((int)fd, slot, O_CLOEXEC);
	close((int)fd);
	say_fd_name(op, slot);
}

/* drop SLOT */
static void run_drop(const struct op *op)
{
	say_result(close(slot_of(op->arg[0])));
}

/* fdname SLOT */
static void run_fdname(const struct op *op)
{
	say_fd_name(op, slot_of(op->arg[0]));
}

/* EAGAIN tells of a rename or a mount of anybody's meanwhile (openat2(2), RESOLVE_BENEATH), and the
 * program is to try again. */
static long open_how(const struct op *op, struct open_how *how)
{
	long fd;

	for (int tries = 0; tries < 1000; tries++) {
		fd = syscall(SYS_openat2, dirfd_of(op->arg[0]), path_of(op->arg[1]), how,
			     sizeof *how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/* openat2 DIRFD PATH FLAGS MODE RESOLVE: libc has no such function */
static void run_openat2(const struct op *op)
{
	int flags = (int)parse_flags(op->arg[2], OPEN_FLAGS);
	struct open_how how = {
		/* It refuses flags that have no meaning, such as O_NONBLOCK with O_PATH. */
		.flags = (unsigned)flags | (flags & O_PATH ? 0 : O_NONBLOCK) | O_CLOEXEC,
		.mode = flags & (O_CREAT | __O_TMPFILE) ? parse_octal(op->arg[3]) : 0,
		.resolve = parse_flags(op->arg[4], RESOLVE_FLAGS),
	};
	long fd = say_result(open_how(op, &how));

	if (fd >= 0)
		use_and_close(op, (int)fd, flags);
}

/* creat and fopen cannot be told not to wait for the other end of a FIFO. */
static bool is_fifo(const char *path)
{
	struct stat st;

	return path && path != (char *)8 && stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* creat PATH MODE */
static void run_creat(const struct op *op)
{
	char *path = path_of(op->arg[0]);
	mode_t mode = parse_octal(op->arg[1]);

	if (is_fifo(path)) {
		say(" is a FIFO");
		return;
	}
	long fd = say_result(op->raw ? syscall(SYS_creat, path, mode) : creat(path, mode));

	if (fd >= 0)
		use_and_close(op, (int)fd, O_WRONLY);
}

/* fopen PATH MODE */
static void run_fopen(const struct op *op)
{
	if (is_fifo(op->arg[0])) {
		say(" is a FIFO");
		return;
	}
	FILE *file = fopen(op->arg[0], op->arg[1]);

	if (say_result(file ? 0 : -1) < 0)
		return;
	char text[64] = "";

	if (op->arg[1][0] == 'r' && fgets(text, sizeof text, file)) {
		text[strcspn(text, "\n")] = '\0';
		for (char *p = text; *p; p++)
			say("%c", *p >= 32 && *p < 127 ? *p : '~');
	} else if (op->arg[1][0] != 'r') {
		say(" wrote %d", fprintf(file, ": by %d ", op->number));
	}
	say(" closed %d", fclose(file));
}

/* write PATH TEXT MODE: the file anew, with this text, in which "\n" stands for a newline */
static void run_write(const struct op *op)
{
	const char *text = op->arg[1];

	unlink(op->arg[0]);
	long fd = say_result(open_by(op, "-", op->arg[0], O_WRONLY | O_CREAT | O_TRUNC,
				     parse_octal(op->arg[2])));

	if (fd < 0)
		return;
	for (const char *p = text; *p; p++) {
		bool newline = p[0] == '\\' && p[1] == 'n';

		if (write((int)fd, newline ? "\n" : p, 1) != 1)
			say(" cut short");
		p += newline;
	}
	close((int)fd);
}

/* install SOURCE PATH MODE: a program anew */
static void run_install(const struct op *op)
{
	char buffer[16384];
	int from = open(op->arg[0], O_RDONLY | O_CLOEXEC);
	ssize_t got;

	unlink(op->arg[1]);
	long fd = say_result(open_by(op, "-", op->arg[1], O_WRONLY | O_CREAT | O_TRUNC,
				     parse_octal(op->arg[2])));

	while (fd >= 0 && (got = read(from, buffer, sizeof buffer)) > 0)
		if (write((int)fd, buffer, (size_t)got) != got)
			say(" cut short");
	close(from);
	if (fd >= 0)
		close((int)fd);
}

/* Print a name that ends in random letters without them. */
static void say_template(const char *name, size_t tail)
{
	size_t len = strlen(name);

	say(" %.*s", (int)(len > tail + 6 ? len - tail - 6 : 0), name);
	say(strstr(name, "XXXXXX") ? " unchanged" : " filled in");
}

/* mkstemp PREFIX SUFFIX: made, looked at by its name, removed */
static void run_mkstemp(const struct op *op)
{
	char name[8192];
	struct stat st;
	int suffix = (int)strlen(op->arg[1]), fd;

	snprintf(name, sizeof name, "%sXXXXXX%s", op->arg[0], op->arg[1]);
	fd = suffix ? mkostemps(name, suffix, O_CLOEXEC) : mkstemp(name);
	say_result(fd);
	say_template(name, (size_t)suffix);
	if (fd < 0)
		return;
	say_result(stat(name, &st));
	say_stat(&st);
	say_result(unlink(name));
	close(fd);
}

/* mkdtemp PREFIX */
static void run_mkdtemp(const struct op *op)
{
	char name[8192];
	struct stat st;
	char *made;

	snprintf(name, sizeof name, "%sXXXXXX", op->arg[0]);
	made = mkdtemp(name);
	if (say_result(made ? 0 : -1) < 0)
		return;
	say(made == name ? " same" : " other buffer");
	say_template(name, 0);
	say_result(stat(name, &st));
	say_stat(&st);
	say_result(rmdir(name));
}

const struct op_kind ops_open[] = {
	{"open", 4, run_open},     {"keep", 4, run_keep},       {"drop", 1, run_drop},
	{"fdname", 1, run_fdname}, {"openat2", 5, run_openat2}, {"creat", 2, run_creat},
	{"fopen", 2, run_fopen},   {"mkstemp", 2, run_mkstemp}, {"mkdtemp", 1, run_mkdtemp},
	{"write", 3, run_write},   {"install", 3, run_install}, {NULL, 0, NULL},
};
