/* SPDX-License-Identifier: MIT
 * Every call that makes, changes, moves or removes a name, on every kind of name, absolute and
 * relative to a descriptor; after each group what is there now. Run by
 * tests/integration/ops-change.sh in a directory of its own. It must never name anything outside of
 * it.
 */
#include "tests/programs/ops.h"
#include <dirent.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

static int base_fd;

/* Names beneath BASE on which most calls are tried, one after the other. */
static const char *const names[] = {
	"file",     "sub/deep",  "link",  "back",  "dangling", "loop",     "missing", "sub/up/file",
	"file/x",   "sub",       "file/", "link/", "inner/f",  "inner",    "home",    "home/plain",
	"one.conf", "missing/x", ".",     "..",    "inner/..", "locked/x", NULL,
};

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What is in the directory NAME, with kinds, modes and link counts. */
static void show(const char *name)
{
	struct dirent **list;
	int n = scandir(in(name), &list, NULL, by_name);

	printf("[%s]\n", name);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX * 2], text[PATH_MAX];
		struct stat st;
		ssize_t len;

		snprintf(path, sizeof(path), "%s/%s", in(name), list[i]->d_name);
		if (list[i]->d_name[0] != '.' && lstat(path, &st) == 0) {
			printf("\t%s ", list[i]->d_name);
			ops_show_stat(&st);
			len = S_ISLNK(st.st_mode) ? readlink(path, text, sizeof(text)) : -1;
			printf(len < 0 ? "\n" : " -> %.*s\n", (int)len, text);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void make(const char *name)
{
	const char *path = in(name);

#ifdef SYS_mkdir
	said("mkdir", name, WAY(mkdir(path, 0751), SYS_mkdir, path, 0751));
	said("mknod", name,
	     WAY(mknod(path, S_IFREG | 0640, 0), SYS_mknod, path, S_IFREG | 0640, 0));
	said("symlink", name,
	     WAY(symlink("/opt/acme/file", path), SYS_symlink, "/opt/acme/file", path));
	opened("creat excl", name,
	       WAY(open(path, O_CREAT | O_EXCL | O_WRONLY, 0604), SYS_open, path,
		   O_CREAT | O_EXCL | O_WRONLY, 0604));
#endif
	said("mkdirat", name, WAY(mkdirat(base_fd, name, 0751), SYS_mkdirat, base_fd, name, 0751));
	said("mknodat", name,
	     WAY(mknodat(base_fd, name, S_IFIFO | 0640, 0), SYS_mknodat, base_fd, name,
		 S_IFIFO | 0640, 0));
	said("symlinkat", name,
	     WAY(symlinkat("file", base_fd, name), SYS_symlinkat, "file", base_fd, name));
	if (ops_way == OPS_LIBC) {
		said("mkfifo", name, mkfifo(path, 0600));
		said("mkfifoat", name, mkfifoat(base_fd, name, 0600));
	}
}

static void make_all(void)
{
	static const char *const fresh[] = {"new1",      "new2/",        "sub/new3",
					    "home/new4", "inner/new5",   "back/new6",
					    "file/new7", "missing/new8", "inner",
					    "dangling",  "sub/up/new9",  "loop",
					    "one.conf",  "link",         ".",
					    "..",        "locked/new",   NULL};

	for (const char *const *name = fresh; *name; name++)
		make(*name);
	show(".");
	show("sub");
	show("inner");
	show("home");
}

static void open_all(void)
{
	for (const char *const *name = names; *name; name++) {
		const char *path = in(*name);

#ifdef SYS_creat
		if (strcmp(*name, "missing"))
			opened("creat", *name, WAY(creat(path, 0600), SYS_creat, path, 0600));
#endif
		opened("open creat", *name,
		       WAY(openat(base_fd, *name, O_CREAT | O_RDWR | O_NONBLOCK, 0620), SYS_openat,
			   base_fd, *name, O_CREAT | O_RDWR | O_NONBLOCK, 0620));
		opened("open creat nofollow", *name,
		       WAY(openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK,
				  0620),
			   SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK,
			   0620));
		opened("open tmpfile", *name,
		       WAY(openat(AT_FDCWD, path, O_TMPFILE | O_RDWR, 0600), SYS_openat, AT_FDCWD,
			   path, O_TMPFILE | O_RDWR, 0600));
	}
	show(".");
	show("home");
}

/* One of ours; -1: the time of now. */
static long long given_time(const struct stat *st)
{
	return st->st_mtime < 1000000 ? (long long)st->st_mtime : -1;
}

/* What a call did to NAME itself and, if that is a link, to what is behind it. */
static void show_both(const char *name, bool times)
{
	struct stat own, behind;

	if (lstat(in(name), &own) < 0)
		return;
	if (stat(in(name), &behind) < 0)
		behind = own;
	if (times)
		printf("\tat %lld, behind it %lld\n", given_time(&own), given_time(&behind));
	else
		printf("\tof %u:%u, behind it %u:%u\n", own.st_uid, own.st_gid, behind.st_uid,
		       behind.st_gid);
}

/* Every call gives another owner, another time, so that it is seen whom it gave it to. */
static unsigned turn;

static void owned(const char *call, const char *name, long result)
{
	if (said(call, name, result) >= 0)
		show_both(name, false);
	turn++;
}

static void timed(const char *call, const char *name, long result)
{
	if (said(call, name, result) >= 0)
		show_both(name, true);
	turn++;
}

static void change_modes(const char *name)
{
	const char *path = in(name);

#ifdef SYS_chmod
	said("chmod", name, WAY(chmod(path, 0644), SYS_chmod, path, 0644));
	owned("chown", name, WAY(chown(path, turn, 1), SYS_chown, path, turn, 1));
	owned("lchown", name, WAY(lchown(path, turn, 2), SYS_lchown, path, turn, 2));
#endif
#ifdef SYS_lchown32
	if (ops_way != OPS_LIBC) {
		owned("chown32", name, OPS_CALL(SYS_chown32, path, turn, 70000));
		owned("lchown32", name, OPS_CALL(SYS_lchown32, path, turn, 70001));
	}
#endif
	said("fchmodat", name,
	     WAY(fchmodat(base_fd, name, 0755, 0), SYS_fchmodat, base_fd, name, 0755));
	if (ops_way != OPS_LIBC)
		said("fchmodat2 nofollow", name,
		     OPS_CALL(__NR_fchmodat2, base_fd, name, 0640, AT_SYMLINK_NOFOLLOW));
	owned("fchownat nofollow", name,
	      WAY(fchownat(base_fd, name, turn, 3, AT_SYMLINK_NOFOLLOW), SYS_fchownat, base_fd,
		  name, turn, 3, AT_SYMLINK_NOFOLLOW));
	owned("fchownat", name,
	      WAY(fchownat(AT_FDCWD, path, turn, 4, 0), SYS_fchownat, AT_FDCWD, path, turn, 4, 0));
}

static void change_times(const char *name)
{
	const char *path = in(name);
	struct timeval second[2] = {{1, 0}, {10 + turn, 0}};
	struct timespec moment[2] = {{3, 0}, {11 + turn, 0}};
	struct utimbuf old = {5, 12 + turn};

#ifdef SYS_utime
	timed("utime", name, WAY(utime(path, &old), SYS_utime, path, &old));
	timed("utimes", name, WAY(utimes(path, second), SYS_utimes, path, second));
	second[1].tv_sec += 100;
	timed("futimesat", name,
	      WAY(futimesat(base_fd, name, second), SYS_futimesat, base_fd, name, second));
#endif
	timed("utimensat", name,
	      WAY(utimensat(base_fd, name, moment, 0), SYS_utimensat, base_fd, name, moment, 0));
	moment[1].tv_sec += 200;
	timed("utimensat nofollow", name,
	      WAY(utimensat(AT_FDCWD, path, moment, AT_SYMLINK_NOFOLLOW), SYS_utimensat, AT_FDCWD,
		  path, moment, AT_SYMLINK_NOFOLLOW));
	second[1].tv_sec += 300;
	if (ops_way == OPS_LIBC)
		timed("lutimes", name, lutimes(path, second));
#ifdef SYS_utimensat_time64
	else {
		int64_t wide[4] = {7, 0, 400 + turn, 0};

		timed("utimensat_time64", name,
		      OPS_CALL(SYS_utimensat_time64, base_fd, name, wide, 0));
		wide[2] += 400;
		timed("utimensat_time64 nofollow", name,
		      OPS_CALL(SYS_utimensat_time64, AT_FDCWD, path, wide, AT_SYMLINK_NOFOLLOW));
	}
#endif
}

static void change_size(const char *name)
{
	const char *path = in(name);

	said("truncate", name, WAY(truncate(path, 3), SYS_truncate, path, 3));
#ifdef SYS_truncate64
	said("truncate64", name, WAY(truncate64(path, 4), SYS_truncate64, path, 4, 0));
#endif
	said("setxattr", name,
	     WAY(setxattr(path, "user.a", "1", 1, 0), SYS_setxattr, path, "user.a", "1", 1, 0));
	said("lsetxattr", name,
	     WAY(lsetxattr(path, "user.b", "1", 1, 0), SYS_lsetxattr, path, "user.b", "1", 1, 0));
	said("removexattr", name,
	     WAY(removexattr(path, "user.a"), SYS_removexattr, path, "user.a"));
	said("lremovexattr", name,
	     WAY(lremovexattr(path, "user.b"), SYS_lremovexattr, path, "user.b"));
	if (ops_way != OPS_LIBC) {
		struct {
			uint64_t value;
			uint32_t size, flags;
		} attribute = {(uintptr_t) "1", 1, 0};
		const uint64_t nothing[3] = {0}; /* struct file_attr */

		said("setxattrat", name,
		     OPS_CALL(__NR_setxattrat, base_fd, name, 0, "user.c", &attribute,
			      sizeof(attribute)));
		said("getxattrat", name,
		     OPS_CALL(__NR_getxattrat, base_fd, name, 0, "user.c", &attribute,
			      sizeof(attribute)));
		said("removexattrat", name,
		     OPS_CALL(__NR_removexattrat, base_fd, name, 0, "user.c"));
		said("setxattrat nofollow", name,
		     OPS_CALL(__NR_setxattrat, base_fd, name, AT_SYMLINK_NOFOLLOW, "user.c",
			      &attribute, sizeof(attribute)));
		said("getxattrat nofollow", name,
		     OPS_CALL(__NR_getxattrat, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, "user.c",
			      &attribute, sizeof(attribute)));
		said("removexattrat nofollow", name,
		     OPS_CALL(__NR_removexattrat, base_fd, name, AT_SYMLINK_NOFOLLOW, "user.c"));
		said("file_setattr", name,
		     OPS_CALL(__NR_file_setattr, base_fd, name, &nothing, sizeof(nothing), 0));
		said("file_setattr nofollow", name,
		     OPS_CALL(__NR_file_setattr, AT_FDCWD, path, &nothing, sizeof(nothing),
			      AT_SYMLINK_NOFOLLOW));
	}
}

static void link_pair(const char *old, const char *name)
{
	char pair[PATH_MAX];
	int old_fd = base_fd;

	snprintf(pair, sizeof(pair), "%s -> %s", old, name);
#ifdef SYS_link
	said("link", pair, WAY(link(in(old), in(name)), SYS_link, in(old), in(name)));
	unlink(in(name));
#endif
	for (int flags = 0; flags <= AT_SYMLINK_FOLLOW; flags += AT_SYMLINK_FOLLOW) {
		said(flags ? "linkat follow" : "linkat", pair,
		     WAY(linkat(old_fd, old, base_fd, name, flags), SYS_linkat, old_fd, old,
			 base_fd, name, flags));
		unlink(in(name));
	}
}

static void rename_pair(const char *old, const char *name)
{
	char pair[PATH_MAX];

	snprintf(pair, sizeof(pair), "%s -> %s", old, name);
	for (unsigned flags = 0; flags <= 2; flags++) { /* none, NOREPLACE, EXCHANGE */
		static const char *const calls[] = {"renameat2", "renameat2 noreplace",
						    "renameat2 exchange"};

		said(calls[flags], pair,
		     WAY(renameat2(base_fd, old, AT_FDCWD, in(name), flags), SYS_renameat2, base_fd,
			 old, AT_FDCWD, in(name), flags));
		said(calls[flags], "and back",
		     WAY(renameat2(AT_FDCWD, in(name), base_fd, old, flags), SYS_renameat2,
			 AT_FDCWD, in(name), base_fd, old, flags));
	}
#ifdef SYS_rename
	said("rename", pair, WAY(rename(in(old), in(name)), SYS_rename, in(old), in(name)));
	said("rename", "and back", WAY(rename(in(name), in(old)), SYS_rename, in(name), in(old)));
#endif
#ifdef SYS_renameat
	said("renameat", pair,
	     WAY(renameat(base_fd, old, base_fd, name), SYS_renameat, base_fd, old, base_fd, name));
	said("renameat", "and back",
	     WAY(renameat(base_fd, name, base_fd, old), SYS_renameat, base_fd, name, base_fd, old));
#endif
}

static void move_all(void)
{
	static const char *const pairs[][2] = {
		{"file", "file2"},
		{"file", "sub/file2"},
		{"sub", "sub2"},
		{"link", "link2"},
		{"dangling", "dangling2"},
		{"missing", "missing2"},
		{"file", "inner/file2"},
		{"inner/f", "f2"},
		{"inner/f", "inner/f2"},
		{"inner", "inner2"},
		{"file", "one.conf"},
		{"one.conf", "one2"},
		{"file", "home/file2"},
		{"back", "back2"},
		{"sub", "sub/x"},
		{"file", "link"},
		{"file", "sub"},
		{"sub", "file"},
		{"file", "file"},
		{"file/", "file2"},
		{"sub", "inner"},
		{"file", "loop/x"},
		{".", "x"},
		{"..", "x"},
	};

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		link_pair(pairs[i][0],
			  pairs[i][1][0] == 'l' || pairs[i][1][0] == 'o' ? "fresh" : pairs[i][1]);
		rename_pair(pairs[i][0], pairs[i][1]);
	}
	show(".");
	show("sub");
	show("inner");
	show("home");
}

static void remove_all(void)
{
	static const char *const also[] = {"new1",       "new2",      "sub/new3",
					   "inner/new5", "home/new4", NULL};
	const char *const *lists[] = {names, also};

	for (unsigned i = 0; i < 2; i++) {
		for (const char *const *name = lists[i]; *name; name++) {
			const char *path = in(*name);

#ifdef SYS_rmdir
			said("rmdir", *name, WAY(rmdir(path), SYS_rmdir, path));
#endif
			said("unlinkat dir", *name,
			     WAY(unlinkat(base_fd, *name, AT_REMOVEDIR), SYS_unlinkat, base_fd,
				 *name, AT_REMOVEDIR));
			if (ops_way == OPS_LIBC && i)
				said("remove", *name, remove(path));
#ifdef SYS_unlink
			said("unlink", *name, WAY(unlink(path), SYS_unlink, path));
#endif
			said("unlinkat", *name,
			     WAY(unlinkat(base_fd, *name, 0), SYS_unlinkat, base_fd, *name, 0));
		}
	}
	show(".");
	show("sub");
	show("inner");
}

int main(int argc, char **argv)
{
	ops_start(argc, argv);
	base_fd = open(ops_base, O_RDONLY | O_DIRECTORY);
	for (const char *const *name = names; *name; name++) {
		if (!strcmp(*name, ".."))
			continue;
		change_modes(*name);
		change_times(*name);
		change_size(*name);
	}
	show(".");
	open_all();
	make_all();
	move_all();
	remove_all();
	return 0;
}
