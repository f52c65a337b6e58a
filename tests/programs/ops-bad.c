/* SPDX-License-Identifier: MIT
 * Bad arguments in every call that names a file: wild pointers, strings that end where memory does,
 * names and paths at and beyond the limits, descriptors that are none. Run by
 * tests/integration/ops-bad.sh. It must end by itself: a crash is a failure.
 */
#include "tests/programs/ops.h"
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <sys/wait.h>
#include <utime.h>

static union ops_room room;
static char **volatile no_vector; /* NULL, which the compiler must not know */

/* One call each with PATH relative to DIRFD, or without one. What they are called with is bad
 * anyway. */
#define CALL(name, libc, ...)                                                                      \
	static long name(int dirfd, const char *path)                                              \
	{                                                                                          \
		return WAY(libc, __VA_ARGS__);                                                     \
	}
CALL(do_openat, openat(dirfd, path, O_RDONLY), SYS_openat, dirfd, path, O_RDONLY)
CALL(do_creat_at, openat(dirfd, path, O_CREAT | O_EXCL | O_RDWR, 0600), SYS_openat, dirfd, path,
     O_CREAT | O_EXCL | O_RDWR, 0600)
CALL(do_mkdirat, mkdirat(dirfd, path, 0700), SYS_mkdirat, dirfd, path, 0700)
CALL(do_mknodat, mknodat(dirfd, path, S_IFIFO | 0600, 0), SYS_mknodat, dirfd, path, S_IFIFO | 0600,
     0)
CALL(do_unlinkat, unlinkat(dirfd, path, AT_REMOVEDIR), SYS_unlinkat, dirfd, path, AT_REMOVEDIR)
CALL(do_symlinkat, symlinkat("x", dirfd, path), SYS_symlinkat, "x", dirfd, path)
CALL(do_symlinkat_text, symlinkat(path, dirfd, "new-link"), SYS_symlinkat, path, dirfd, "new-link")
CALL(do_linkat_old, linkat(dirfd, path, AT_FDCWD, "new-name", 0), SYS_linkat, dirfd, path, AT_FDCWD,
     "new-name", 0)
CALL(do_linkat_new, linkat(AT_FDCWD, "/opt/acme/sub/deep", dirfd, path, 0), SYS_linkat, AT_FDCWD,
     "/opt/acme/sub/deep", dirfd, path, 0)
CALL(do_rename_old, renameat2(dirfd, path, AT_FDCWD, "/opt/acme/missing/x", 0), SYS_renameat2,
     dirfd, path, AT_FDCWD, "/opt/acme/missing/x", 0)
CALL(do_rename_new, renameat2(AT_FDCWD, "/opt/acme/missing", dirfd, path, 0), SYS_renameat2,
     AT_FDCWD, "/opt/acme/missing", dirfd, path, 0)
CALL(do_statx, statx(dirfd, path, 0, STATX_BASIC_STATS, (void *)&room), SYS_statx, dirfd, path, 0,
     STATX_BASIC_STATS, &room)
CALL(do_faccessat, faccessat(dirfd, path, R_OK, 0), SYS_faccessat, dirfd, path, R_OK)
CALL(do_readlinkat, readlinkat(dirfd, path, room.bytes, 100), SYS_readlinkat, dirfd, path, &room,
     100)
CALL(do_fchmodat, fchmodat(dirfd, path, 0700, 0), SYS_fchmodat, dirfd, path, 0700)
CALL(do_fchownat, fchownat(dirfd, path, (uid_t)-1, (gid_t)-1, 0), SYS_fchownat, dirfd, path, -1, -1,
     0)
CALL(do_getxattr, getxattr(path, "user.x", room.bytes, 10), SYS_getxattr, path, "user.x", &room, 10)
CALL(do_truncate, truncate(path, 0), SYS_truncate, path, 0)
CALL(do_chdir, chdir(path), SYS_chdir, path)
CALL(do_execve, execve(path, no_vector, no_vector), SYS_execve, path, NULL, NULL)
CALL(do_execveat, (int)syscall(SYS_execveat, dirfd, path, NULL, NULL, 0), SYS_execveat, dirfd, path,
     NULL, NULL, 0)
#ifdef SYS_open
CALL(do_open, open(path, O_RDONLY), SYS_open, path, O_RDONLY)
CALL(do_stat, stat(path, (void *)&room), SYS_stat, path, &room)
CALL(do_lstat, lstat(path, (void *)&room), SYS_lstat, path, &room)
CALL(do_access, access(path, F_OK), SYS_access, path, F_OK)
CALL(do_readlink, readlink(path, room.bytes, 100), SYS_readlink, path, &room, 100)
CALL(do_rename, rename(path, "/opt/acme/missing/x"), SYS_rename, path, "/opt/acme/missing/x")
CALL(do_utime, utime(path, NULL), SYS_utime, path, NULL)
#endif

static long do_openat2(int dirfd, const char *path)
{
	struct open_how how = {.flags = O_RDONLY};

	return OPS_CALL(__NR_openat2, dirfd, path, &how, sizeof(how));
}

static const struct {
	const char *name;
	long (*call)(int dirfd, const char *path);
} calls[] = {
	{"openat", do_openat},
	{"openat creat", do_creat_at},
	{"openat2", do_openat2},
	{"mkdirat", do_mkdirat},
	{"mknodat", do_mknodat},
	{"unlinkat", do_unlinkat},
	{"symlinkat", do_symlinkat},
	{"symlinkat text", do_symlinkat_text},
	{"linkat old", do_linkat_old},
	{"linkat new", do_linkat_new},
	{"renameat2 old", do_rename_old},
	{"renameat2 new", do_rename_new},
	{"statx", do_statx},
	{"faccessat", do_faccessat},
	{"readlinkat", do_readlinkat},
	{"fchmodat", do_fchmodat},
	{"fchownat", do_fchownat},
	{"getxattr", do_getxattr},
	{"truncate", do_truncate},
	{"chdir", do_chdir},
	{"execve", do_execve},
	{"execveat", do_execveat},
#ifdef SYS_open
	{"open", do_open},
	{"stat", do_stat},
	{"lstat", do_lstat},
	{"access", do_access},
	{"readlink", do_readlink},
	{"rename", do_rename},
	{"utime", do_utime},
#endif
};

static void each(const char *what, int dirfd, const char *path)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		long result = calls[i].call(dirfd, path);
		int error = errno;

		printf("%s, %s: %s\n", calls[i].name, what, result < 0 ? ops_error(error) : "ok");
		if (result > 2 && strstr(calls[i].name, "open"))
			close((int)result);
		unlinkat(AT_FDCWD, "new-link", 0);
		unlinkat(AT_FDCWD, "new-name", 0);
		if (!strcmp(calls[i].name, "chdir") && result == 0)
			chdir(ops_base);
	}
}

/* TEXT so that its last byte, NUL or not, is the last of its page and nothing is mapped behind it.
 */
static char *at_the_end(const char *text, size_t len)
{
	static char *pages;
	size_t page = 4096;

	if (!pages) {
		pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		munmap(pages + 2 * page, page);
	}
	return memcpy(pages + 2 * page - len, text, len);
}

/* BASE, then SEPARATOR again and again, then END: LEN bytes. */
static const char *long_path(size_t len, const char *separator, const char *end)
{
	static char text[70000];
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", ops_base), n = strlen(separator);

	while (at + strlen(end) < len)
		for (size_t i = 0; i < n && at + strlen(end) < len; i++)
			text[at++] = separator[i];
	strcpy(text + at, end);
	return text;
}

static void pointers(int base_fd)
{
	char *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	each("NULL", AT_FDCWD, (const char *)(uintptr_t)(ops_way * 0));
	each("NULL with a descriptor", base_fd, (const char *)(uintptr_t)(ops_way * 0));
	each("wild", AT_FDCWD, (const char *)8);
	each("wildest", base_fd, (const char *)-1);
	each("no permission", AT_FDCWD, closed);
	each("no end", AT_FDCWD, at_the_end("/opt/acme/file", 14));
	each("no end, relative", base_fd, at_the_end("file", 4));
	each("an end at the end", AT_FDCWD, at_the_end("/opt/acme/sub", 14));
	each("an end at the end, relative", base_fd, at_the_end("sub", 4));
	each("an empty string", AT_FDCWD, at_the_end("", 1));
	munmap(closed, 4096);
}

static void lengths(int base_fd)
{
	static char name[300];

	each("4095 bytes of slashes", AT_FDCWD, long_path(4095, "/", "/file"));
	each("4096 bytes of slashes", AT_FDCWD, long_path(4096, "/", "/file"));
	each("65536 bytes of slashes", AT_FDCWD, long_path(65536, "/", "/file"));
	each("4095 bytes of dots", AT_FDCWD, long_path(4095, "/.", "/./sub"));
	each("4096 bytes of dots", AT_FDCWD, long_path(4096, "/.", "/./sub"));
	each("4095 bytes of names", AT_FDCWD, long_path(4095, "/sub/..", "/sub"));
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	each("a name of 255 bytes", base_fd, name);
	each("a name of 255 bytes, absolute", AT_FDCWD, in(name));
	name[255] = 'n';
	name[256] = '\0';
	each("a name of 256 bytes", base_fd, name);
	each("a name of 256 bytes, absolute", AT_FDCWD, in(name));
	strcat(name, "/x");
	each("a name of 256 bytes in the middle", AT_FDCWD, in(name));
}

static void descriptors(void)
{
	int file = open(in("file"), O_RDONLY), link = open(in("link"), O_PATH | O_NOFOLLOW),
	    pipes[2];

	each("a closed descriptor", 999, "file");
	each("descriptor -1", -1, "file");
	each("a negative descriptor", -1000, "file");
	each("a descriptor of a file", file, "file");
	each("a descriptor of a link", link, "file");
	if (pipe(pipes) == 0)
		each("a descriptor of a pipe", pipes[0], "file");
	each("a closed descriptor, absolute", 999, "/opt/acme/sub/deep");
	each("a descriptor of a file, empty", file, "");
}

/* Lengths that are none, of what comes back. */
static void sizes(void)
{
	static const long all[] = {0, 1, 4, 9, 10, 11, -1, 0x7fffffff};
	struct open_how how = {.flags = O_RDONLY};
	char text[PATH_MAX];

	chdir(ops_base);
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
		long n;

		memset(text, '~', sizeof(text));
		printf("size %ld: ", all[i]);
		if (all[i] >= 0 &&
		    all[i] < (long)sizeof(text)) { /* getcwd of libc allocates for none */
			n = OPS_CALL(SYS_getcwd, text, all[i]);
			printf("getcwd %ld %s %.20s, ", n, n < 0 ? ops_error(errno) : "", text);
		}
		memset(text, '~', sizeof(text));
		n = OPS_CALL(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", text, all[i]);
		printf("readlinkat %ld %s %.20s, ", n, n < 0 ? ops_error(errno) : "", text);
		n = OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/file", &how, all[i]);
		printf("openat2 %s\n", n < 0 ? ops_error(errno) : "ok");
		if (n >= 0)
			close((int)n);
	}
	said("getcwd", "wild", OPS_CALL(SYS_getcwd, 8, 100));
	said("readlinkat", "into wild",
	     OPS_CALL(SYS_readlinkat, AT_FDCWD, "/opt/acme/link", 8, 100));
	said("readlinkat", "into wild, of /proc",
	     OPS_CALL(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", 8, 100));
	said("openat2", "wild", OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/file", 8, sizeof(how)));
	said("openat2", "NULL", OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/file", 0, sizeof(how)));
	said("openat2", "too long, zeroes",
	     OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/missing", memset(text, 0, 100), 100));
	text[90] = 1;
	said("openat2", "too long", OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/file", text, 100));
	said("openat2", "a page and more",
	     OPS_CALL(__NR_openat2, AT_FDCWD, "/opt/acme/file", text, 5000));
}

/* Other arguments are looked at before the links of the path are counted. */
static void arguments_and_loops(void)
{
	static const char *const paths[] = {"/opt/acme/loop", "/opt/acme/loop/x", "/opt/acme/link/",
					    "/opt/acme/sub/up/", "/opt/acme/file"};

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *path = paths[i];
		struct open_how how = {.flags = 1ull << 40};

		said("statx with a bad flag", path,
		     OPS_CALL(SYS_statx, AT_FDCWD, path, 1, STATX_BASIC_STATS, &room));
		said("faccessat2 with a bad mode", path,
		     OPS_CALL(__NR_faccessat2, AT_FDCWD, path, 9, 0));
		said("fchownat with a bad flag", path,
		     OPS_CALL(SYS_fchownat, AT_FDCWD, path, -1, -1, 1));
		said("utimensat with a bad flag", path,
		     OPS_CALL(SYS_utimensat, AT_FDCWD, path, NULL, 1));
		said("unlinkat with a bad flag", path, OPS_CALL(SYS_unlinkat, AT_FDCWD, path, 1));
		said("truncate to -1", path, OPS_CALL(SYS_truncate, path, -1L));
		said("readlinkat into 0 bytes", path,
		     OPS_CALL(SYS_readlinkat, AT_FDCWD, path, &room, 0));
		said("getxattr without a name", path, OPS_CALL(SYS_getxattr, path, "", &room, 9));
		said("openat2 with a bad flag", path,
		     OPS_CALL(__NR_openat2, AT_FDCWD, path, &how, sizeof(how)));
		how.flags = O_PATH | O_CREAT;
		said("openat2 with O_PATH and O_CREAT", path,
		     OPS_CALL(__NR_openat2, AT_FDCWD, path, &how, sizeof(how)));
		said("openat with O_PATH and O_CREAT", path,
		     OPS_CALL(SYS_openat, AT_FDCWD, path, O_PATH | O_CREAT, 0600));
		said("openat with O_PATH, O_CREAT and O_EXCL", path,
		     OPS_CALL(SYS_openat, AT_FDCWD, path, O_PATH | O_CREAT | O_EXCL, 0600));
		said("openat with O_TMPFILE for reading", path,
		     OPS_CALL(SYS_openat, AT_FDCWD, path, O_TMPFILE, 0600));
		said("stat", path, OPS_CALL(SYS_statx, AT_FDCWD, path, 0, 0, &room));
		how = (struct open_how){.resolve = 8 /* RESOLVE_BENEATH */};
		said("openat2 beneath", path,
		     OPS_CALL(__NR_openat2, AT_FDCWD, path + sizeof("/opt/acme/") - 1, &how,
			      sizeof(how)));
		said("symlinkat of nothing", path, OPS_CALL(SYS_symlinkat, "", AT_FDCWD, path));
	}
}

/* Vectors of an exec; a child each, for one of them might succeed. */
static void vectors(void)
{
	static char *const fine[] = {(char *)"true", NULL};
	static char *const wild[] = {(char *)"true", (char *)8, NULL};
	static char huge[200000];
	static char *too_long[] = {(char *)"true", huge, NULL};
	const struct {
		const char *name;
		char *const *arguments, *const *environment;
	} all[] = {{"wild argv", (char *const *)8, fine},
		   {"wild envp", fine, (char *const *)8},
		   {"wild argument", wild, NULL},
		   {"wild variable", fine, wild},
		   {"too long an argument", too_long, NULL},
		   {"no vectors", NULL, NULL}};

	memset(huge, 'a', sizeof(huge) - 1);
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int status = 0;

		fflush(stdout);
		if (fork() == 0) {
			WAY(execve("/opt/acme/sub/deep", all[i].arguments, all[i].environment),
			    SYS_execve, "/opt/acme/sub/deep", all[i].arguments, all[i].environment);
			_exit(errno);
		}
		wait(&status);
		printf("execve, %s: %s\n", all[i].name,
		       WIFEXITED(status) ? ops_error(WEXITSTATUS(status)) : "a signal");
	}
}

int main(int argc, char **argv)
{
	int base_fd;

	ops_start(argc, argv);
	base_fd = open(ops_base, O_RDONLY | O_DIRECTORY);
	chdir(ops_base);
	pointers(base_fd);
	lengths(base_fd);
	descriptors();
	sizes();
	arguments_and_loops();
	vectors();
	return 0;
}
