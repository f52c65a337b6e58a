/* SPDX-License-Identifier: MIT
 * Every call that looks at a name or opens it, on every kind of name, absolute and relative to a
 * descriptor. Run by tests/integration/ops-look.sh. It must change nothing but times and modes.
 */
#include "tests/programs/ops.h"
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static const char *const names[] = {
	"file",        "sub",       "link",    "back",          "dangling",
	"loop",        "missing",   "file/",   "sub/",          "link/",
	"back/",       "file/x",    "sub/..",  "sub/deep/.",    "sub/up",
	"sub/up/file", "inner",     "inner/f", "inner/../file", "home",
	"home/plain",  "missing/x", "loop/x",  "dangling/",     ".",
	"..",          ".//./file", "locked",  "locked/x",      NULL,
};

static void print_stat(const char *call, const char *name, long result, const struct stat *st)
{
	if (result < 0) {
		said(call, name, result);
		return;
	}
	printf("%s %s: ", call, name);
	ops_show_stat(st);
	putchar('\n');
}

/* The kernel's struct stat is libc's on 64 bit only; elsewhere success must do. */
static void look_stat(const char *path, int dirfd, const char *name)
{
	struct stat st;

	if (ops_way == OPS_LIBC) {
		print_stat("stat", name, stat(path, &st), &st);
		print_stat("lstat", name, lstat(path, &st), &st);
		print_stat("fstatat", name, fstatat(dirfd, name, &st, 0), &st);
		print_stat("fstatat nofollow", name, fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW),
			   &st);
		print_stat("fstatat empty", name, fstatat(dirfd, name, &st, AT_EMPTY_PATH), &st);
		return;
	}
	union ops_room room;
	(void)room;
#ifdef SYS_stat
	said("stat", name, OPS_CALL(SYS_stat, path, &room));
	said("lstat", name, OPS_CALL(SYS_lstat, path, &room));
#endif
#ifdef SYS_oldstat
	said("oldstat", name, OPS_CALL(SYS_oldstat, path, &room));
	said("oldlstat", name, OPS_CALL(SYS_oldlstat, path, &room));
#endif
#ifdef SYS_stat64
	said("stat64", name, OPS_CALL(SYS_stat64, path, &room));
	said("lstat64", name, OPS_CALL(SYS_lstat64, path, &room));
#endif
#ifdef SYS_fstatat64
	said("fstatat64", name, OPS_CALL(SYS_fstatat64, dirfd, name, &room, 0));
	said("fstatat64 nofollow", name,
	     OPS_CALL(SYS_fstatat64, dirfd, name, &room, AT_SYMLINK_NOFOLLOW));
#endif
#ifdef SYS_newfstatat
	said("newfstatat", name, OPS_CALL(SYS_newfstatat, dirfd, name, &room, 0));
	said("newfstatat nofollow", name,
	     OPS_CALL(SYS_newfstatat, dirfd, name, &room, AT_SYMLINK_NOFOLLOW));
	said("newfstatat empty", name, OPS_CALL(SYS_newfstatat, dirfd, name, &room, AT_EMPTY_PATH));
#endif
}

static void look_statx(int dirfd, const char *name, const char *call, int flags)
{
	union ops_room room;
	const struct statx *x = (const void *)&room;
	long result = WAY(statx(dirfd, name, flags, STATX_BASIC_STATS, (void *)&room), SYS_statx,
			  dirfd, name, flags, STATX_BASIC_STATS, &room);

	if (said(call, name, result) >= 0 && !S_ISDIR(x->stx_mode))
		printf("\tmode %o size %llu\n", x->stx_mode, (unsigned long long)x->stx_size);
}

static void look_access(const char *path, int dirfd, const char *name)
{
	static const int modes[] = {F_OK, R_OK, W_OK, X_OK};

	for (unsigned i = 0; i < 4; i++) {
#ifdef SYS_access
		said("access", name, WAY(access(path, modes[i]), SYS_access, path, modes[i]));
#endif
		said("faccessat", name,
		     WAY(faccessat(dirfd, name, modes[i], 0), SYS_faccessat, dirfd, name,
			 modes[i]));
		said("faccessat2 eaccess", name,
		     WAY(faccessat(dirfd, name, modes[i], AT_EACCESS), __NR_faccessat2, dirfd, name,
			 modes[i], AT_EACCESS));
	}
	said("faccessat2 nofollow", name,
	     WAY(faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW), __NR_faccessat2, dirfd, name,
		 F_OK, AT_SYMLINK_NOFOLLOW));
	if (ops_way == OPS_LIBC)
		said("euidaccess", name, euidaccess(path, R_OK));
}

static void print_text(const char *call, const char *name, long length, const char *text)
{
	if (length < 0)
		said(call, name, length);
	else
		printf("%s %s: %.*s\n", call, name, (int)length, text);
}

static void look_link(const char *path, int dirfd, const char *name)
{
	char text[PATH_MAX];

#ifdef SYS_readlink
	print_text("readlink", name,
		   WAY(readlink(path, text, sizeof(text)), SYS_readlink, path, text, sizeof(text)),
		   text);
	print_text("readlink short", name,
		   WAY(readlink(path, text, 3), SYS_readlink, path, text, 3), text);
#endif
	print_text("readlinkat", name,
		   WAY(readlinkat(dirfd, name, text, sizeof(text)), SYS_readlinkat, dirfd, name,
		       text, sizeof(text)),
		   text);
}

static void look_open(const char *path, int dirfd, const char *name)
{
	static const struct {
		const char *call;
		int flags;
	} kinds[] = {
		{"open", O_RDONLY},
		{"open rw", O_RDWR},
		{"open directory", O_RDONLY | O_DIRECTORY},
		{"open nofollow", O_RDONLY | O_NOFOLLOW},
		{"open path", O_PATH},
		{"open path nofollow", O_PATH | O_NOFOLLOW},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int flags = kinds[i].flags | O_NONBLOCK * !(kinds[i].flags & O_PATH) | O_CLOEXEC;

#ifdef SYS_open
		opened(kinds[i].call, name, WAY(open(path, flags), SYS_open, path, flags));
#endif
		opened(kinds[i].call, name,
		       WAY(openat(dirfd, name, flags), SYS_openat, dirfd, name, flags));
	}
}

/* openat2 has no libc function: through syscall(2) unless by the instruction. */
static void look_openat2(const char *path, int dirfd, const char *name)
{
	static const uint64_t resolves[] = {0,
					    RESOLVE_NO_XDEV,
					    RESOLVE_NO_MAGICLINKS,
					    RESOLVE_NO_SYMLINKS,
					    RESOLVE_BENEATH,
					    RESOLVE_IN_ROOT,
					    RESOLVE_CACHED,
					    UINT64_C(1) << 40};

	for (unsigned i = 0; i < sizeof(resolves) / sizeof(*resolves); i++) {
		struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolves[i]};
		char call[64];

		if (resolves[i] == RESOLVE_CACHED)
			continue; /* what is cached is nobody's promise */
		snprintf(call, sizeof(call), "openat2 %#llx at", (unsigned long long)resolves[i]);
		opened(call, name, OPS_CALL(__NR_openat2, dirfd, name, &how, sizeof(how)));
		if (resolves[i] ==
		    RESOLVE_NO_XDEV) /* from the cwd, that crosses mounts which we do not have */
			continue;
		snprintf(call, sizeof(call), "openat2 %#llx", (unsigned long long)resolves[i]);
		opened(call, name, OPS_CALL(__NR_openat2, AT_FDCWD, path, &how, sizeof(how)));
	}
}

static void look_rest(const char *path, int dirfd, const char *name)
{
	union ops_room room;
	struct {
		unsigned bytes;
		int type;
		char data[128];
	} handle;
	int mount;

	if (ops_way == OPS_LIBC || sizeof(long) == 8)
		said("statfs", name, WAY(statfs(path, (void *)&room), SYS_statfs, path, &room));
#ifdef SYS_statfs64
	else
		said("statfs64", name, OPS_CALL(SYS_statfs64, path, 84, &room));
#endif
	for (int flags = 0; flags <= AT_SYMLINK_FOLLOW; flags += AT_SYMLINK_FOLLOW) {
		handle.bytes = sizeof(handle.data);
		said(flags ? "name_to_handle_at follow" : "name_to_handle_at", name,
		     WAY(name_to_handle_at(dirfd, name, (void *)&handle, &mount, flags),
			 SYS_name_to_handle_at, dirfd, name, &handle, &mount, flags));
	}
	said("getxattr", name,
	     WAY(getxattr(path, "user.none", &room, 10), SYS_getxattr, path, "user.none", &room,
		 10));
	said("lgetxattr", name,
	     WAY(lgetxattr(path, "user.none", &room, 10), SYS_lgetxattr, path, "user.none", &room,
		 10));
	said("listxattr", name,
	     WAY(listxattr(path, (char *)&room, 100), SYS_listxattr, path, &room, 100));
	said("llistxattr", name,
	     WAY(llistxattr(path, (char *)&room, 100), SYS_llistxattr, path, &room, 100));
	if (ops_way != OPS_LIBC) {
		said("listxattrat", name, OPS_CALL(__NR_listxattrat, dirfd, name, 0, &room, 100));
		said("listxattrat nofollow", name,
		     OPS_CALL(__NR_listxattrat, dirfd, name, AT_SYMLINK_NOFOLLOW, &room, 100));
		said("file_getattr", name, OPS_CALL(__NR_file_getattr, dirfd, name, &room, 24, 0));
		said("file_getattr nofollow", name,
		     OPS_CALL(__NR_file_getattr, dirfd, name, &room, 24, AT_SYMLINK_NOFOLLOW));
	}
}

static const char *const described[] = {"file", "sub", "link", "inner", "one.conf", "home", NULL};

/* An empty path, and none: the descriptor itself, where the flags say so. A link, too, may be
 * opened. */
static void look_empty(const char *name)
{
	int fd = open(in(name), O_PATH | O_NOFOLLOW | O_CLOEXEC);

	for (int flags = 0; flags <= AT_EMPTY_PATH; flags += AT_EMPTY_PATH) {
		for (const char *path = ""; path; path = *path ? NULL : "x") {
			const char *volatile given = *path ? NULL : "";
			union ops_room room;
			struct {
				unsigned bytes;
				int type;
				char data[128];
			} handle = {.bytes = 128};
			int mount;

			printf("%s, %s, %s:\n", name, given ? "empty" : "NULL",
			       flags ? "AT_EMPTY_PATH" : "0");
#ifdef SYS_newfstatat
			said("newfstatat", name, OPS_CALL(SYS_newfstatat, fd, given, &room, flags));
#else
			said("fstatat64", name, OPS_CALL(SYS_fstatat64, fd, given, &room, flags));
#endif
			said("statx", name,
			     OPS_CALL(SYS_statx, fd, given, flags, STATX_BASIC_STATS, &room));
			said("faccessat2", name, OPS_CALL(__NR_faccessat2, fd, given, R_OK, flags));
			said("readlinkat", name, OPS_CALL(SYS_readlinkat, fd, given, &room, 100));
			said("name_to_handle_at", name,
			     OPS_CALL(SYS_name_to_handle_at, fd, given, &handle, &mount, flags));
			said("getxattrat", name,
			     OPS_CALL(__NR_getxattrat, fd, given, flags, "user.none", &room, 16));
			said("listxattrat", name,
			     OPS_CALL(__NR_listxattrat, fd, given, flags, &room, 100));
			said("file_getattr", name,
			     OPS_CALL(__NR_file_getattr, fd, given, &room, 24, flags));
			opened("open_tree", name, OPS_CALL(SYS_open_tree, fd, given, flags));
			opened("openat", name, OPS_CALL(SYS_openat, fd, given, O_PATH));
			said("utimensat", name, OPS_CALL(SYS_utimensat, fd, given, NULL, flags));
			said("fchownat", name, OPS_CALL(SYS_fchownat, fd, given, -1, -1, flags));
			said("fchmodat2", name,
			     OPS_CALL(__NR_fchmodat2, fd, given, 0640,
				      flags | AT_SYMLINK_NOFOLLOW));
		}
	}
	close(fd);
}

int main(int argc, char **argv)
{
	int dirfd;

	ops_start(argc, argv);
	dirfd = open(ops_base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (const char *const *name = names; *name; name++) {
		const char *path = in(*name);

		look_stat(path, dirfd, *name);
		look_statx(dirfd, *name, "statx", 0);
		look_statx(AT_FDCWD, path, "statx nofollow", AT_SYMLINK_NOFOLLOW);
		look_access(path, dirfd, *name);
		look_link(path, dirfd, *name);
		look_open(path, dirfd, *name);
		look_openat2(path, dirfd, *name);
		look_rest(path, dirfd, *name);
	}
	look_statx(dirfd, "", "statx of the descriptor", AT_EMPTY_PATH);
	look_statx(dirfd, "", "statx of nothing", 0);
	for (const char *const *name = described; *name; name++)
		look_empty(*name);
	return 0;
}
