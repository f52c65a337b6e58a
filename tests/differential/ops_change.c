/* SPDX-License-Identifier: MIT
 * Operations that change the tree: make, remove, rename, link, modes, times, sizes.
 * Called by exerciser.c through the table at the end. Times must be set below SCRIPTED_TIMES.
 */
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Calls that newer architectures do not have answer ENOSYS in both runs. */
#ifndef SYS_mkdir
#define SYS_mkdir   -1
#define SYS_rmdir   -1
#define SYS_unlink  -1
#define SYS_link    -1
#define SYS_symlink -1
#define SYS_chmod   -1
#define SYS_lchown  -1
#define SYS_mknod   -1
#define SYS_utimes  -1
#endif
#ifndef SYS_rename
#define SYS_rename -1
#endif
#ifndef SYS_renameat
#define SYS_renameat -1
#endif

/* mkdir DIRFD PATH MODE */
static void run_mkdir(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]);
	mode_t mode = parse_octal(op->arg[2]);

	if (is_plain(op->arg[0]))
		say_result(op->raw ? syscall(SYS_mkdir, path, mode) : mkdir(path, mode));
	else
		say_result(op->raw ? syscall(SYS_mkdirat, dirfd, path, mode)
				   : mkdirat(dirfd, path, mode));
}

/* mkfifo DIRFD PATH MODE */
static void run_mkfifo(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]);
	mode_t mode = parse_octal(op->arg[2]);

	if (is_plain(op->arg[0]))
		say_result(op->raw ? syscall(SYS_mknod, path, S_IFIFO | mode, 0)
				   : mkfifo(path, mode));
	else
		say_result(op->raw ? syscall(SYS_mknodat, dirfd, path, S_IFIFO | mode, 0)
				   : mkfifoat(dirfd, path, mode));
}

/* rmdir PATH, unlink PATH, remove PATH */
static void run_rmdir(const struct op *op)
{
	char *path = path_of(op->arg[0]);

	say_result(op->raw ? syscall(SYS_rmdir, path) : rmdir(path));
}

static void run_unlink(const struct op *op)
{
	char *path = path_of(op->arg[0]);

	say_result(op->raw ? syscall(SYS_unlink, path) : unlink(path));
}

static void run_remove(const struct op *op)
{
	say_result(remove(path_of(op->arg[0])));
}

/* unlinkat DIRFD PATH FLAGS */
static void run_unlinkat(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), flags = (int)parse_flags(op->arg[2], AT_FLAGS);

	say_result(op->raw ? syscall(SYS_unlinkat, dirfd, path, flags)
			   : unlinkat(dirfd, path, flags));
}

/* rename DIRFD OLD DIRFD NEW FLAGS: both DIRFD "-" for rename, FLAGS "0" for renameat */
static void run_rename(const struct op *op)
{
	char *old = path_of(op->arg[1]), *new = path_of(op->arg[3]);
	int olddir = dirfd_of(op->arg[0]), newdir = dirfd_of(op->arg[2]);
	unsigned flags = parse_flags(op->arg[4], RENAME_FLAGS);
	bool plain = is_plain(op->arg[0]) && is_plain(op->arg[2]) && !flags;

	if (is_protected(olddir, old, AT_SYMLINK_NOFOLLOW) ||
	    is_protected(newdir, new, AT_SYMLINK_NOFOLLOW)) {
		say(" left alone");
		return;
	}
	if (plain)
		say_result(op->raw ? syscall(SYS_rename, old, new) : rename(old, new));
	else if (!flags)
		say_result(op->raw ? syscall(SYS_renameat, olddir, old, newdir, new)
				   : renameat(olddir, old, newdir, new));
	else
		say_result(op->raw ? syscall(SYS_renameat2, olddir, old, newdir, new, flags)
				   : renameat2(olddir, old, newdir, new, flags));
}

/* link DIRFD OLD DIRFD NEW FLAGS: both DIRFD "-" for link */
static void run_link(const struct op *op)
{
	char *old = path_of(op->arg[1]), *new = path_of(op->arg[3]);
	int olddir = dirfd_of(op->arg[0]), newdir = dirfd_of(op->arg[2]);
	int flags = (int)parse_flags(op->arg[4], AT_FLAGS);

	if (is_plain(op->arg[0]) && is_plain(op->arg[2]) && !flags)
		say_result(op->raw ? syscall(SYS_link, old, new) : link(old, new));
	else
		say_result(op->raw ? syscall(SYS_linkat, olddir, old, newdir, new, flags)
				   : linkat(olddir, old, newdir, new, flags));
}

/* symlink TEXT DIRFD PATH */
static void run_symlink(const struct op *op)
{
	char *text = path_of(op->arg[0]), *path = path_of(op->arg[2]);
	int dirfd = dirfd_of(op->arg[1]);

	if (is_plain(op->arg[1]))
		say_result(op->raw ? syscall(SYS_symlink, text, path) : symlink(text, path));
	else
		say_result(op->raw ? syscall(SYS_symlinkat, text, dirfd, path)
				   : symlinkat(text, dirfd, path));
}

/* truncate PATH SIZE */
static void run_truncate(const struct op *op)
{
	char *path = path_of(op->arg[0]);
	off_t size = atoi(op->arg[1]);

	say_result(op->raw ? syscall(SYS_truncate, path, size) : truncate(path, size));
}

/* chmod DIRFD PATH MODE */
static void run_chmod(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]);
	mode_t mode = parse_octal(op->arg[2]);

	if (!(mode & 0100) && must_stay_searchable(dirfd, path)) {
		say(" left alone");
		return;
	}
	if (is_plain(op->arg[0]))
		say_result(op->raw ? syscall(SYS_chmod, path, mode) : chmod(path, mode));
	else
		say_result(op->raw ? syscall(SYS_fchmodat, dirfd, path, mode)
				   : fchmodat(dirfd, path, mode, 0));
}

/* chown DIRFD PATH FLAGS: to the owner that we are */
static void run_chown(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), flags = (int)parse_flags(op->arg[2], AT_FLAGS);
	uid_t uid = getuid();

	if (is_plain(op->arg[0]) && flags)
		say_result(op->raw ? syscall(SYS_lchown, path, uid, -1) : lchown(path, uid, -1));
	else
		say_result(op->raw ? syscall(SYS_fchownat, dirfd, path, uid, -1, flags)
				   : fchownat(dirfd, path, uid, -1, flags));
}

/* utimens DIRFD PATH SECONDS FLAGS */
static void run_utimens(const struct op *op)
{
	char *path = path_of(op->arg[1]);
	int dirfd = dirfd_of(op->arg[0]), flags = (int)parse_flags(op->arg[3], AT_FLAGS);
	long seconds = atoi(op->arg[2]);
	struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
	struct timeval old_times[2] = {{seconds, 0}, {seconds, 0}};

	if (is_plain(op->arg[0]))
		say_result(op->raw ? syscall(SYS_utimes, path, old_times)
				   : utimes(path, old_times));
	else if (op->raw || path) /* libc answers EINVAL for a NULL path by itself */
		say_result(op->raw ? syscall(SYS_utimensat, dirfd, path, times, flags)
				   : utimensat(dirfd, path, times, flags));
}

/* setxattr PATH NAME VALUE, lsetxattr ..., removexattr PATH NAME */
static void run_setxattr(const struct op *op)
{
	say_result(setxattr(path_of(op->arg[0]), op->arg[1], op->arg[2], 3, 0));
}

static void run_lsetxattr(const struct op *op)
{
	say_result(lsetxattr(path_of(op->arg[0]), op->arg[1], op->arg[2], 3, 0));
}

static void run_removexattr(const struct op *op)
{
	say_result(removexattr(path_of(op->arg[0]), op->arg[1]));
}

/* The attribute "no dump", which says nothing else. */
static long change_flags(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return -1;
	flags ^= FS_NODUMP_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* change SLOT WHAT: what the descriptor is open on */
static void run_change(const struct op *op)
{
	int fd = slot_of(op->arg[0]);
	const char *what = op->arg[1];
	struct timespec times[2] = {{op->number, 0}, {op->number, 0}};
	struct stat st;

	if (!strcmp(what, "mode")) /* as it is: a directory may have to stay searchable */
		say_result(fstat(fd, &st) ? -1 : fchmod(fd, st.st_mode & 07777));
	else if (!strcmp(what, "owner"))
		say_result(fchown(fd, getuid(), -1));
	else if (!strcmp(what, "times"))
		say_result(op->raw ? syscall(SYS_utimensat, fd, NULL, times, 0)
				   : futimens(fd, times));
	else if (!strcmp(what, "attribute"))
		say_result(fsetxattr(fd, "user.two", "abc", 3, 0));
	else if (!strcmp(what, "flags"))
		say_result(change_flags(fd));
	else if (!strcmp(what, "size"))
		say_result(ftruncate(fd, 3));
	else if (!strcmp(what, "space"))
		say_result(fallocate(fd, 0, 0, 10));
	else if (!strcmp(what, "empty"))
		say_result(fchownat(fd, "", getuid(), -1, AT_EMPTY_PATH));
	else
		say_result(linkat(fd, "", AT_FDCWD, op->arg[1], AT_EMPTY_PATH));
}

/* chdir PATH, fchdir SLOT */
static void run_chdir(const struct op *op)
{
	char *path = path_of(op->arg[0]);

	say_result(op->raw ? syscall(SYS_chdir, path) : chdir(path));
}

static void run_fchdir(const struct op *op)
{
	int slot = slot_of(op->arg[0]);

	say_result(op->raw ? syscall(SYS_fchdir, slot) : fchdir(slot));
}

/* protect PATH */
static void run_protect(const struct op *op)
{
	protect_path(op->arg[0]);
}

/* nodirlinks */
static void run_nodirlinks(const struct op *op)
{
	(void)op;
	ignore_dir_links();
}

/* keepsearch */
static void run_keepsearch(const struct op *op)
{
	(void)op;
	keep_searchable();
}

/* norootdirs */
static void run_norootdirs(const struct op *op)
{
	(void)op;
	ignore_root_dirs();
}

const struct op_kind ops_change[] = {
	{"mkdir", 3, run_mkdir},           {"mkfifo", 3, run_mkfifo},
	{"rmdir", 1, run_rmdir},           {"unlink", 1, run_unlink},
	{"remove", 1, run_remove},         {"unlinkat", 3, run_unlinkat},
	{"rename", 5, run_rename},         {"link", 5, run_link},
	{"symlink", 3, run_symlink},       {"truncate", 2, run_truncate},
	{"chmod", 3, run_chmod},           {"chown", 3, run_chown},
	{"utimens", 4, run_utimens},       {"setxattr", 3, run_setxattr},
	{"lsetxattr", 3, run_lsetxattr},   {"removexattr", 2, run_removexattr},
	{"change", 2, run_change},         {"chdir", 1, run_chdir},
	{"fchdir", 1, run_fchdir},         {"protect", 1, run_protect},
	{"keepsearch", 0, run_keepsearch}, {"norootdirs", 0, run_norootdirs},
	{"nodirlinks", 0, run_nodirlinks}, {NULL, 0, NULL},
};
