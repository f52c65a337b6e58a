/* SPDX-License-Identifier: MIT
 * Operations that only look: the stat family, access, readlink, getcwd, realpath, listings, glob.
 * Called by exerciser.c through the table at the end. They must change nothing but the line.
 */
#include "exerciser.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifdef SYS_fstatat64 /* 32 bit: the calls whose struct is libc's with 64-bit offsets */
#define RAW_STAT    SYS_stat64
#define RAW_LSTAT   SYS_lstat64
#define RAW_FSTATAT SYS_fstatat64
#else
#ifndef SYS_stat
#define SYS_stat  -1
#define SYS_lstat -1
#endif
#define RAW_STAT    SYS_stat
#define RAW_LSTAT   SYS_lstat
#define RAW_FSTATAT SYS_newfstatat
#endif
#ifndef SYS_access
#define SYS_access -1
#endif
#ifndef SYS_readlink
#define SYS_readlink -1
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

#define MAX_NAMES 4096

/* stat PATH, lstat PATH */
static void run_stat(const struct op *op)
{
	struct stat st = {0};
	char *path = path_of(op->arg[0]);

	if (say_result(op->raw ? syscall(RAW_STAT, path, &st) : stat(path, &st)) >= 0)
		say_stat(&st);
}

static void run_lstat(const struct op *op)
{
	struct stat st;
	char *path = path_of(op->arg[0]);

	if (say_result(op->raw ? syscall(RAW_LSTAT, path, &st) : lstat(path, &st)) >= 0)
		say_stat(&st);
}

/* fstatat DIRFD PATH FLAGS */
static void run_fstatat(const struct op *op)
{
	struct stat st;
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), flags = (int)parse_flags(op->arg[2], AT_FLAGS);
	long got = op->raw ? syscall(RAW_FSTATAT, dirfd, path, &st, flags)
			   : fstatat(dirfd, path, &st, flags);

	if (say_result(got) >= 0)
		say_stat(&st);
}

/* statx DIRFD PATH FLAGS */
static void run_statx(const struct op *op)
{
	struct statx sx = {0};
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), flags = (int)parse_flags(op->arg[2], AT_FLAGS);
	long got = op->raw ? syscall(SYS_statx, dirfd, path, flags, STATX_BASIC_STATS, &sx)
			   : statx(dirfd, path, flags, STATX_BASIC_STATS, &sx);
	struct stat st = {.st_dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
			  .st_ino = sx.stx_ino,
			  .st_mode = sx.stx_mode,
			  .st_uid = sx.stx_uid,
			  .st_size = (off_t)sx.stx_size,
			  .st_nlink = sx.stx_nlink,
			  .st_mtim.tv_sec = sx.stx_mtime.tv_sec};

	if (say_result(got) >= 0)
		say_stat(&st);
}

/* fstat SLOT */
static void run_fstat(const struct op *op)
{
	struct stat st;

	if (say_result(fstat(slot_of(op->arg[0]), &st)) >= 0)
		say_stat(&st);
}

/* access PATH MODE */
static void run_access(const struct op *op)
{
	char *path = path_of(op->arg[0]);
	int mode = (int)parse_flags(op->arg[1], ACCESS_FLAGS);

	say_result(op->raw ? syscall(SYS_access, path, mode) : access(path, mode));
}

/* faccessat DIRFD PATH MODE FLAGS */
static void run_faccessat(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), mode = (int)parse_flags(op->arg[2], ACCESS_FLAGS);
	int flags = (int)parse_flags(op->arg[3], AT_FLAGS);

	if (!op->raw)
		say_result(faccessat(dirfd, path, mode, flags));
	else if (flags)
		say_result(syscall(SYS_faccessat2, dirfd, path, mode, flags));
	else
		say_result(syscall(SYS_faccessat, dirfd, path, mode));
}

/* statfs PATH: only whether it answers; the numbers are the disk's */
static void run_statfs(const struct op *op)
{
	struct statfs fs;
	char *path = path_of(op->arg[0]);

	say_result(op->raw ? syscall(SYS_statfs, path, &fs) : statfs(path, &fs));
}

/* readlink DIRFD PATH SIZE: a short buffer cuts the text */
static void run_readlink(const struct op *op)
{
	char text[PATH_MAX];
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]);
	size_t size = (size_t)atoi(op->arg[2]);
	long len;

	if (size > sizeof text)
		size = sizeof text;
	if (is_plain(op->arg[0]))
		len = op->raw ? syscall(SYS_readlink, path, text, size)
			      : readlink(path, text, size);
	else
		len = op->raw ? syscall(SYS_readlinkat, dirfd, path, text, size)
			      : readlinkat(dirfd, path, text, size);
	if (say_result(len) >= 0)
		say(" %ld %.*s", len, (int)len, text);
}

/* getcwd SIZE */
static void run_getcwd(const struct op *op)
{
	char text[PATH_MAX];
	size_t size = (size_t)atoi(op->arg[0]);
	long got;

	if (size > sizeof text)
		size = sizeof text;
	if (op->raw)
		got = syscall(SYS_getcwd, text, size);
	else
		got = getcwd(text, size) ? (long)strlen(text) + 1 : -1;
	if (say_result(got) >= 0)
		say(" %ld %s", got, text);
}

/* realpath PATH */
static void run_realpath(const struct op *op)
{
	char text[PATH_MAX];
	char *got = realpath(path_of(op->arg[0]), text);

	if (say_result(got ? 0 : -1) >= 0)
		say(" %s", got);
}

struct names {
	int n;
	char *name[MAX_NAMES];
};

static void names_add(struct names *names, const char *name, unsigned type)
{
	if (names->n < MAX_NAMES && asprintf(&names->name[names->n], "%s/%u", name, type) >= 0)
		names->n++;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_say(struct names *names)
{
	qsort(names->name, (size_t)names->n, sizeof *names->name, by_text);
	for (int i = 0; i < names->n; i++)
		say(" %s", names->name[i]);
}

static bool names_equal(const struct names *a, const struct names *b, int from)
{
	if (a->n - from != b->n)
		return false;
	for (int i = 0; i < b->n; i++)
		if (strcmp(a->name[from + i], b->name[i]))
			return false;
	return true;
}

static void names_free(struct names *names)
{
	while (names->n > 0)
		free(names->name[--names->n]);
}

/* Directories of the machine itself change under us: say nothing of their content. */
static bool is_foreign(int fd)
{
	struct stat st;
	char link[64], name[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, name, sizeof name - 1);
	if (len <= 1)
		return true;
	name[len] = '\0';
	return (fstat(fd, &st) == 0 && (st.st_mode & S_ISVTX)) || !strncmp(name, "/proc", 5);
}

static void read_names(DIR *dir, struct names *names, int most)
{
	struct dirent *d;

	errno = 0;
	while ((most < 0 || names->n < most) && (d = readdir(dir)))
		names_add(names, d->d_name, d->d_type);
}

/* The order must hold over rewinddir and seekdir. */
static void check_seeking(DIR *dir, const struct names *all)
{
	struct names again = {0}, rest = {0}, head = {0};
	int half = all->n / 2;

	rewinddir(dir);
	read_names(dir, &again, -1);
	say(names_equal(all, &again, 0) ? " rewinds" : " REWIND DIFFERS");
	rewinddir(dir);
	read_names(dir, &head, half);
	long place = telldir(dir);

	read_names(dir, &rest, -1);
	say(names_equal(all, &rest, half) ? " tells" : " TELL DIFFERS");
	names_free(&rest);
	seekdir(dir, place);
	read_names(dir, &rest, -1);
	say(names_equal(all, &rest, half) ? " seeks" : " SEEK DIFFERS");
	names_free(&again);
	names_free(&rest);
	names_free(&head);
}

static void list_stream(DIR *dir)
{
	struct names names = {0};

	if (is_foreign(dirfd(dir))) {
		say(" foreign");
		return;
	}
	read_names(dir, &names, -1);
	if (errno)
		say_result(-1);
	check_seeking(dir, &names);
	names_say(&names);
	names_free(&names);
}

struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static void list_raw(int fd, size_t size)
{
	char buffer[8192] __attribute__((aligned(8)));
	struct names names = {0};
	long got;

	if (size > sizeof buffer)
		size = sizeof buffer;
	if (is_foreign(fd)) {
		say(" foreign");
		return;
	}
	while ((got = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
		for (long at = 0; at < got;) {
			const struct kernel_dirent *d = (void *)(buffer + at);

			names_add(&names, d->name, d->type);
			at += d->reclen;
		}
		if (names.n == MAX_NAMES)
			break;
	}
	if (got < 0)
		say_result(got);
	names_say(&names);
	names_free(&names);
}

/* list PATH SIZE: opendir and readdir, or open and getdents64 with a buffer of SIZE */
static void run_list(const struct op *op)
{
	if (op->raw) {
		long fd = say_result(syscall(SYS_openat, AT_FDCWD, path_of(op->arg[0]),
					     O_RDONLY | O_DIRECTORY | O_CLOEXEC));

		if (fd < 0)
			return;
		list_raw((int)fd, (size_t)atoi(op->arg[1]));
		close((int)fd);
		return;
	}
	DIR *dir = opendir(path_of(op->arg[0]));

	if (say_result(dir ? 0 : -1) < 0)
		return;
	list_stream(dir);
	closedir(dir);
}

/* listslot SLOT SIZE: the directory that was opened before */
static void run_listslot(const struct op *op)
{
	int slot = slot_of(op->arg[0]);
	int fd = openat(slot, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (say_result(fd) < 0)
		return;
	if (op->raw) {
		list_raw(fd, (size_t)atoi(op->arg[1]));
		close(fd);
		return;
	}
	DIR *dir = fdopendir(fd);

	if (!dir)
		return;
	list_stream(dir);
	closedir(dir);
}

/* scandir DIRFD PATH */
static void run_scandir(const struct op *op)
{
	struct dirent **list;
	char *path = path_of(op->arg[1]);
	int n = is_plain(op->arg[0])
			? scandir(path, &list, NULL, alphasort)
			: scandirat(dirfd_of(op->arg[0]), path, &list, NULL, alphasort);
	struct names names = {0};
	struct stat st;
	bool foreign = fstatat(dirfd_of(op->arg[0]), path, &st, 0) == 0 && st.st_mode & S_ISVTX;

	errno = n < 0 ? errno : 0;
	if (say_result(n) < 0)
		return;
	for (int i = 0; i < n; i++) {
		if (!foreign && n < 1000)
			names_add(&names, list[i]->d_name, list[i]->d_type);
		free(list[i]);
	}
	free(list);
	names_say(&names);
	names_free(&names);
}

/* glob PATTERN */
static void run_glob(const struct op *op)
{
	glob_t found = {0};
	int result = glob(op->arg[0], GLOB_MARK, NULL, &found);

	say(" %d", result);
	for (size_t i = 0; i < found.gl_pathc; i++)
		say(" %s", found.gl_pathv[i]);
	globfree(&found);
}

static struct names walked;

static int walk_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	char text[PATH_MAX + 16];

	snprintf(text, sizeof text, "%s:%d:%d", path, flag, ftw->level);
	names_add(&walked, text, flag == FTW_NS ? 0 : st->st_mode >> 12);
	return walked.n >= 500;
}

/* nftw PATH FLAG: FLAG is phys, depth or chdir */
static void run_nftw(const struct op *op)
{
	int flags = !strcmp(op->arg[1], "depth")   ? FTW_DEPTH | FTW_PHYS
		    : !strcmp(op->arg[1], "chdir") ? FTW_CHDIR | FTW_PHYS
						   : FTW_PHYS;
	struct stat st;

	/* Only what is the world's own is worth walking, and safe to. */
	if (lstat(op->arg[0], &st) == 0 && (st.st_mode & S_ISVTX || st.st_ino < 3)) {
		say(" foreign");
		return;
	}
	int here = open(".", O_PATH | O_CLOEXEC);

	if (here < 0) { /* no way back */
		say_result(here);
		return;
	}
	say_result(nftw(op->arg[0], walk_entry, 8, flags));
	/* With "chdir" a walk that failed stays where it was. */
	if (fchdir(here) < 0)
		say(" lost");
	close(here);
	if (walked.n < 500) /* cut short: which ones came first is the disk's order */
		names_say(&walked);
	names_free(&walked);
}

/* inotify PATH */
static void run_inotify(const struct op *op)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	say_result(inotify_add_watch(fd, path_of(op->arg[0]), IN_MODIFY));
	close(fd);
}

/* getxattr PATH NAME, lgetxattr PATH NAME */
static void run_getxattr(const struct op *op)
{
	char value[64];
	ssize_t len = getxattr(path_of(op->arg[0]), op->arg[1], value, sizeof value);

	if (say_result(len) >= 0)
		say(" %.*s", (int)len, value);
}

static void run_lgetxattr(const struct op *op)
{
	char value[64];
	ssize_t len = lgetxattr(path_of(op->arg[0]), op->arg[1], value, sizeof value);

	if (say_result(len) >= 0)
		say(" %.*s", (int)len, value);
}

const struct op_kind ops_look[] = {
	{"stat", 1, run_stat},           {"lstat", 1, run_lstat},
	{"fstatat", 3, run_fstatat},     {"statx", 3, run_statx},
	{"fstat", 1, run_fstat},         {"access", 2, run_access},
	{"faccessat", 4, run_faccessat}, {"statfs", 1, run_statfs},
	{"readlink", 3, run_readlink},   {"getcwd", 1, run_getcwd},
	{"realpath", 1, run_realpath},   {"list", 2, run_list},
	{"listslot", 2, run_listslot},   {"scandir", 2, run_scandir},
	{"glob", 1, run_glob},           {"nftw", 2, run_nftw},
	{"inotify", 1, run_inotify},     {"getxattr", 2, run_getxattr},
	{"lgetxattr", 2, run_lgetxattr}, {NULL, 0, NULL},
};
