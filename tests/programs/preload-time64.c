/* SPDX-License-Identifier: MIT
 * Calls whose names in libc differ where times have 64 bits, on 32 bit, and the mount API's. Run by
 * tests/integration/preload-time64.sh. It must change nothing but what lies in the directory given.
 */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS        64
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#define WEAK __attribute__((weak))
extern int open_tree(int dirfd, const char *path, unsigned flags) WEAK;
extern int fspick(int dirfd, const char *path, unsigned flags) WEAK;
extern int move_mount(int fromdir, const char *from, int dirfd, const char *path,
		      unsigned flags) WEAK;
extern int pivot_root(const char *root, const char *old) WEAK;
extern int quotactl(int command, const char *special, int id, char *address) WEAK;
extern int openat2(int dirfd, const char *path, const void *how, size_t size) WEAK;

static const char *dir;

static const char *in(const char *name)
{
	static char text[2][4096];
	static int turn;
	char *out = text[turn++ & 1];

	snprintf(out, sizeof(text[0]), "%s/%s", dir, name);
	return out;
}

static void said(const char *call, const char *name, long result)
{
	printf("%s %s: %s\n", call, name, result < 0 ? strerror(errno) : "done");
}

static void show(const char *call, const char *name, int result, const struct stat *st)
{
	if (result < 0)
		said(call, name, result);
	else
		printf("%s %s: %o %lld %lld\n", call, name, (unsigned)st->st_mode,
		       S_ISDIR(st->st_mode) ? 0 : (long long)st->st_size,
		       S_ISREG(st->st_mode) ? (long long)st->st_mtim.tv_sec : 0);
}

static void look(const char *name)
{
	struct stat st;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	show("stat", name, stat(in(name), &st), &st);
	show("lstat", name, lstat(in(name), &st), &st);
	show("fstatat", name, fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW), &st);
	show("fstatat of a path", name, fstatat(AT_FDCWD, in(name), &st, 0), &st);
	close(fd);
}

static void touch(const char *name)
{
	const struct utimbuf buffer = {1000, 2000};
	const struct timeval values[2] = {{3000, 0}, {4000, 0}};
	const struct timespec specs[2] = {{5000, 0}, {6000, 0}};

	said("utime", name, utime(in(name), &buffer));
	look(name);
	said("utimes", name, utimes(in(name), values));
	look(name);
	said("futimesat", name, futimesat(AT_FDCWD, in(name), values));
	said("utimensat", name, utimensat(AT_FDCWD, in(name), specs, 0));
	look(name);
	said("lutimes", name, lutimes(in(name), values));
	look(name);
}

static void match(const char *pattern, int flags)
{
	glob_t found;
	int result = glob(in(pattern), flags, NULL, &found);

	printf("glob %s: %d\n", pattern, result);
	if (result)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		printf("\t%s\n", found.gl_pathv[i]);
	globfree(&found);
}

static void mounts(const char *name)
{
	const unsigned long long how[3] = {O_PATH, 0, 0};
	int fd;

	if (open_tree) {
		fd = open_tree(AT_FDCWD, in(name), 0);
		said("open_tree", name, fd);
		close(fd);
	}
	if (fspick)
		said("fspick", name, fspick(AT_FDCWD, in(name), 0x100));
	if (move_mount)
		said("move_mount", name,
		     move_mount(AT_FDCWD, in("missing"), AT_FDCWD, in(name), 0));
	if (pivot_root)
		said("pivot_root", name, pivot_root(in("missing"), in(name)));
	if (quotactl)
		said("quotactl", name, quotactl((int)0x80000700, in(name), 0, NULL));
	fd = openat2 ? openat2(AT_FDCWD, in(name), how, sizeof(how))
		     : open(in(name), O_PATH | O_CLOEXEC);
	said("openat2", name, fd);
	close(fd);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"file", "sub", "link", "back", "dangling", "missing"};

	if (argc < 2)
		return 2;
	dir = argv[1];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		look(names[i]);
		touch(names[i]);
		mounts(names[i]);
	}
	match("*", 0);
	match("*", GLOB_MARK);
	match("s*/d*", 0);
	match("x*", GLOB_NOCHECK);
	return 0;
}
