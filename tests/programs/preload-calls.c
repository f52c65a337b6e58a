/* SPDX-License-Identifier: MIT
 * Calls libc's functions that take a path, one after the other, under all their names, and prints
 * what each said. Run by tests/integration/preload-calls.sh in a directory of its own. It must
 * never print what differs from run to run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef O_TMPFILE
#define O_TMPFILE 020200000
#endif

/* Names that no header declares; a libc that lacks one has no line for it. */
#define WEAK __attribute__((weak))
#ifdef __GLIBC__
extern int __open(const char *path, int flags, ...) WEAK;
extern int __open64(const char *path, int flags, ...) WEAK;
extern int __open_2(const char *path, int flags) WEAK;
extern int __open64_2(const char *path, int flags) WEAK;
extern int __openat_2(int dirfd, const char *path, int flags) WEAK;
extern int __openat64_2(int dirfd, const char *path, int flags) WEAK;
extern int __xstat(int version, const char *path, struct stat *st) WEAK;
extern int __xstat64(int version, const char *path, struct stat64 *st) WEAK;
extern int __lxstat(int version, const char *path, struct stat *st) WEAK;
extern int __lxstat64(int version, const char *path, struct stat64 *st) WEAK;
extern int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags) WEAK;
extern int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st,
			int flags) WEAK;
extern int __xmknod(int version, const char *path, mode_t mode, dev_t *dev) WEAK;
extern int __xmknodat(int version, int dirfd, const char *path, mode_t mode, dev_t *dev) WEAK;
extern FILE *_IO_fopen(const char *path, const char *mode) WEAK;
extern int __statfs(const char *path, struct statfs *st) WEAK;
#endif
#ifdef __i386__
#define STAT_VERSION  3
#define MKNOD_VERSION 1
#else
#define STAT_VERSION  1
#define MKNOD_VERSION 0
#endif

static const char *base; /* the directory under test */
static int base_fd;

/* BASE/NAME; a few at a time. */
static const char *in(const char *name)
{
	static char text[4][PATH_MAX];
	static unsigned turn;
	char *out = text[turn++ % 4];

	snprintf(out, PATH_MAX, "%s/%s", base, name);
	return out;
}

static void said(const char *call, long result)
{
	printf("%s: %s\n", call, result < 0 ? strerror(errno) : "ok");
}
#define SAY(call) (errno = 0, said(#call, (call)))

/* An open descriptor says what it is. */
static void opened(const char *call, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		printf("%s: %s\n", call, strerror(errno));
	else
		printf("%s: mode %o size %ld\n", call, (unsigned)st.st_mode,
		       S_ISREG(st.st_mode) ? (long)st.st_size : 0);
	if (fd >= 0)
		close(fd);
}
#define OPENED(call) opened(#call, (call))

static void streamed(const char *call, FILE *stream)
{
	char line[64] = "";

	if (!stream) {
		printf("%s: %s\n", call, strerror(errno));
		return;
	}
	printf("%s: %s\n", call, fgets(line, sizeof(line), stream) ? line : "empty");
	fclose(stream);
}
#define STREAMED(call) streamed(#call, (call))

/* The old file is closed whatever comes of the new one. */
static void reopen(const char *name, const char *mode)
{
	FILE *stream = fopen("/dev/null", "r");
	int fd = stream ? fileno(stream) : -1;
	FILE *other = freopen(in(name), mode, stream);
	int error = errno;

	printf("freopen %s %s: %s, descriptor %s\n", name, mode, other ? "ok" : strerror(error),
	       fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
	if (other)
		fclose(other);
}

static void do_open(void)
{
	OPENED(open(in("file"), O_RDONLY));
	OPENED(open(in("new1"), O_WRONLY | O_CREAT | O_EXCL, 0640));
	OPENED(open(in("new1"), O_WRONLY | O_CREAT | O_EXCL, 0640));
	OPENED(open64(in("new2"), O_WRONLY | O_CREAT, 0604));
	OPENED(open(in("link"), O_RDONLY | O_NOFOLLOW));
	OPENED(open(in("sub"), O_TMPFILE | O_WRONLY, 0600));
	OPENED(open(in("missing"), O_RDONLY));
	OPENED(openat(base_fd, "file", O_RDONLY));
	OPENED(openat64(base_fd, "sub/../file", O_RDONLY));
	OPENED(openat(AT_FDCWD, in("new3"), O_RDWR | O_CREAT, 0600));
	OPENED(creat(in("new4"), 0644));
	OPENED(creat64(in("new5"), 0644));
#ifdef __GLIBC__
	if (__open)
		OPENED(__open(in("file"), O_RDONLY));
	if (__open64)
		OPENED(__open64(in("new6"), O_RDWR | O_CREAT, 0611));
	if (__open_2)
		OPENED(__open_2(in("file"), O_RDONLY));
	if (__open64_2)
		OPENED(__open64_2(in("file"), O_RDONLY));
	if (__openat_2)
		OPENED(__openat_2(base_fd, "file", O_RDONLY));
	if (__openat64_2)
		OPENED(__openat64_2(AT_FDCWD, in("file"), O_RDONLY));
	if (_IO_fopen)
		STREAMED(_IO_fopen(in("file"), "r"));
#endif
	STREAMED(fopen(in("file"), "r"));
	STREAMED(fopen64(in("link"), "re"));
	STREAMED(fopen(in("new7"), "w+"));
	STREAMED(fopen(in("missing"), "r"));
	STREAMED(fopen(in("dangling"), "r"));
	STREAMED(fopen(in("dangling"), "wx"));
	STREAMED(fopen(in("dangling"), "a+e"));
	STREAMED(freopen(in("file"), "r", stdin));
	reopen("missing", "r");
	reopen("loop", "w");
	reopen("sub", "w");
	reopen("link", "a");
	reopen("loop", "no mode");
}

static void do_make(void)
{
	char beside[PATH_MAX];

	SAY(mkdir(in("d1"), 0750));
	SAY(mkdirat(base_fd, "d2", 0700));
	SAY(mkdir(in("d1"), 0750));
	SAY(mknod(in("n1"), S_IFREG | 0640, 0));
	SAY(mknodat(base_fd, "n2", S_IFIFO | 0600, 0));
	SAY(mkfifo(in("n3"), 0644));
	SAY(mkfifoat(base_fd, "n4", 0600));
#ifdef __GLIBC__
	dev_t dev = 0;

	if (__xmknod)
		SAY(__xmknod(MKNOD_VERSION, in("n5"), S_IFREG | 0600, &dev));
	if (__xmknodat)
		SAY(__xmknodat(MKNOD_VERSION, base_fd, "n6", S_IFREG | 0600, &dev));
#endif
	SAY(symlink("anywhere", in("s1")));
	SAY(symlinkat(in("file"), base_fd, "s2"));
	SAY(link(in("file"), in("h1")));
	SAY(linkat(base_fd, "link", AT_FDCWD, in("h2"), AT_SYMLINK_FOLLOW));
	SAY(linkat(base_fd, "link", base_fd, "h3", 0));
	SAY(rename(in("n1"), in("r1")));
	SAY(renameat(base_fd, "n2", AT_FDCWD, in("r2")));
#ifdef __GLIBC__
	SAY(renameat2(base_fd, "r1", AT_FDCWD, in("file"), 1 /* RENAME_NOREPLACE */));
	SAY(renameat2(base_fd, "r1", AT_FDCWD, in("h1"), 2 /* RENAME_EXCHANGE */));
#endif
	SAY(rename(in("file"), "outside"));
	SAY(remove(in("h2")));
	SAY(remove(in("d1")));
	SAY(remove(base));
	SAY(unlink(in("n3")));
	SAY(unlinkat(base_fd, "d2", AT_REMOVEDIR));
	SAY(unlinkat(AT_FDCWD, in("n4"), 0));
	SAY(rmdir(in("sub")));
	SAY(rmdir(base));
	snprintf(beside, sizeof(beside), "%s-beside", base);
	SAY(rename(base, beside));
}

/* struct stat and struct stat64 print alike. */
#define STAT(type, call)                                                                           \
	do {                                                                                       \
		type st;                                                                           \
		int result = (call);                                                               \
		printf("%s: %s", #call, result < 0 ? strerror(errno) : "ok");                      \
		printf(" %o\n", result < 0 ? 0 : (unsigned)st.st_mode);                            \
	} while (0)

static void do_stat(void)
{
	STAT(struct stat, stat(in("file"), &st));
	STAT(struct stat, lstat(in("link"), &st));
	STAT(struct stat, fstatat(base_fd, "sub/deep", &st, 0));
	STAT(struct stat, fstatat(AT_FDCWD, in("link"), &st, AT_SYMLINK_NOFOLLOW));
	STAT(struct stat, fstatat(base_fd, "", &st, AT_EMPTY_PATH));
	STAT(struct stat, stat("", &st));
#ifdef __GLIBC__
	STAT(struct stat64, stat64(in("link"), &st));
	STAT(struct stat64, lstat64(in("link"), &st));
	STAT(struct stat64, fstatat64(base_fd, "link", &st, 0));
	if (__xstat)
		STAT(struct stat, __xstat(STAT_VERSION, in("file"), &st));
	if (__xstat64)
		STAT(struct stat64, __xstat64(STAT_VERSION, in("sub"), &st));
	if (__lxstat)
		STAT(struct stat, __lxstat(STAT_VERSION, in("link"), &st));
	if (__lxstat64)
		STAT(struct stat64, __lxstat64(STAT_VERSION, in("link"), &st));
	if (__fxstatat)
		STAT(struct stat, __fxstatat(STAT_VERSION, base_fd, "file", &st, 0));
	if (__fxstatat64)
		STAT(struct stat64, __fxstatat64(STAT_VERSION, AT_FDCWD, in("file"), &st, 0));
	struct statx stx;
	struct statfs fs;
	struct statvfs vfs;

	SAY(statx(base_fd, "file", 0, STATX_SIZE, &stx));
	SAY(statx(AT_FDCWD, in("sub/deep"), AT_SYMLINK_NOFOLLOW, STATX_SIZE, &stx));
	SAY(statfs(in("file"), &fs));
	SAY(statvfs(in("missing"), &vfs));
	if (__statfs)
		SAY(__statfs(in("sub"), &fs));
	SAY(eaccess(in("file"), R_OK));
	SAY(euidaccess(in("missing"), R_OK));
#endif
	SAY(access(in("file"), R_OK | W_OK));
	SAY(access(in("missing"), F_OK));
	SAY(faccessat(base_fd, "sub", X_OK, 0));
	SAY(faccessat(AT_FDCWD, in("link"), R_OK, AT_EACCESS));
	SAY(pathconf(in("sub"), _PC_NAME_MAX));
	SAY(pathconf(in("missing"), _PC_LINK_MAX));
}

static void do_change(void)
{
	const struct timeval both[2] = {{1000, 0}, {2000, 0}};
	const struct timespec nano[2] = {{3000, 5}, {4000, 6}};
	const struct utimbuf old = {500, 600};
	char text[64];

	SAY(chmod(in("file"), 0604));
	SAY(fchmodat(base_fd, "sub", 0711, 0));
	SAY(fchmodat(AT_FDCWD, in("missing"), 0711, 0));
	SAY(chown(in("file"), getuid(), getgid()));
	SAY(lchown(in("link"), getuid(), getgid()));
	SAY(fchownat(base_fd, "link", getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
	SAY(utime(in("file"), &old));
	SAY(utimes(in("file"), both));
	SAY(lutimes(in("link"), both));
	SAY(futimesat(base_fd, "file", both));
	SAY(utimensat(base_fd, "file", nano, 0));
	SAY(utimensat(AT_FDCWD, in("link"), nano, AT_SYMLINK_NOFOLLOW));
	SAY(truncate(in("file"), 3));
	SAY(truncate(in("sub"), 3));
#ifdef __GLIBC__
	SAY(truncate64(in("file"), 100));
	SAY(lchmod(in("file"), 0644));
#endif
	SAY(setxattr(in("file"), "user.snapredir", "v", 1, 0));
	SAY(getxattr(in("link"), "user.snapredir", text, sizeof(text)));
	SAY(lgetxattr(in("link"), "user.snapredir", text, sizeof(text)));
	SAY(listxattr(in("file"), text, sizeof(text)));
	SAY(llistxattr(in("link"), text, sizeof(text)));
	SAY(removexattr(in("file"), "user.snapredir"));
	SAY(lremovexattr(in("link"), "user.snapredir"));
	SAY(lsetxattr(in("missing"), "user.snapredir", "v", 1, 0));
}

/* The same by syscall(2), which has to find its own way. */
static void do_syscall(void)
{
	char text[256] = "";
	long n;

	opened("openat by syscall", (int)syscall(SYS_openat, AT_FDCWD, in("file"), O_RDONLY));
	opened("openat to create by syscall",
	       (int)syscall(SYS_openat, base_fd, "new8", O_WRONLY | O_CREAT | O_EXCL, 0640));
	SAY(syscall(SYS_faccessat, AT_FDCWD, in("file"), R_OK));
	SAY(syscall(SYS_mkdirat, AT_FDCWD, in("d3"), 0700));
	SAY(syscall(SYS_renameat2, AT_FDCWD, in("d3"), base_fd, "d4", 0));
	SAY(syscall(SYS_unlinkat, AT_FDCWD, in("d4"), AT_REMOVEDIR));
	SAY(syscall(SYS_unlinkat, AT_FDCWD, base, AT_REMOVEDIR));
	SAY(syscall(SYS_chdir, base));
	n = syscall(SYS_getcwd, text, sizeof(text));
	printf("getcwd by syscall: %ld %s\n", n, text);
	n = syscall(SYS_getcwd, text, strlen(base));
	printf("getcwd too short: %ld %s\n", n, strerror(errno));
	memset(text, 0, sizeof(text));
	n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", text, sizeof(text));
	printf("readlinkat by syscall: %ld %s\n", n, text);
	memset(text, 0, sizeof(text));
	n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", text, 4);
	printf("readlinkat too short: %ld %s\n", n, text);
	printf("no path at all: %s\n", syscall(SYS_getpid) == getpid() ? "ok" : "wrong");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} groups[] = {{"open", do_open},
		      {"make", do_make},
		      {"stat", do_stat},
		      {"change", do_change},
		      {"syscall", do_syscall}};

	if (argc != 3)
		return 2;
	base = argv[2];
	base_fd = open(base, O_RDONLY | O_DIRECTORY);
	printf("descriptor: %s\n", base_fd < 0 ? strerror(errno) : "ok");
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(argv[1], groups[i].name) == 0)
			groups[i].run();
	return 0;
}
