/* SPDX-License-Identifier: MIT
 * Every call that a read-only mount refuses, on a tree: what it answers, line by line.
 * tests/integration/kinds-readonly.sh runs it over a real read-only bind mount and under each
 * engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

static void say(const char *call, const char *path, long result)
{
	printf("%s %s: %s\n", call, path, result < 0 ? strerrorname_np(errno) : "done");
}

static void try_open(const char *path, int flags, const char *how)
{
	int fd = open(path, flags, 0600);

	say(how, path, fd);
	if (fd >= 0)
		close(fd);
}

#define OPEN(path, flags)    try_open(path, flags, "open " #flags)
#define TRY(call, path, ...) say(#call, path, call(path, ##__VA_ARGS__))

static void change(const char *path)
{
	const struct timespec times[2] = {{1, 0}, {2, 0}};

	TRY(chmod, path, 0640);
	TRY(chown, path, 0, 0);
	TRY(lchown, path, 0, 0);
	TRY(truncate, path, 1);
	TRY(utime, path, NULL);
	say("utimensat", path, utimensat(AT_FDCWD, path, times, 0));
	say("utimensat nofollow", path, utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
	TRY(setxattr, path, "user.a", "b", 1, 0);
	TRY(removexattr, path, "user.none");
	TRY(lsetxattr, path, "user.a", "b", 1, 0);
	TRY(access, path, F_OK);
	TRY(access, path, R_OK);
	TRY(access, path, W_OK);
	TRY(access, path, R_OK | W_OK);
	TRY(access, path, X_OK);
	say("faccessat", path, faccessat(AT_FDCWD, path, W_OK, AT_EACCESS));
	OPEN(path, O_RDONLY);
	OPEN(path, O_WRONLY);
	OPEN(path, O_RDWR | O_APPEND);
	OPEN(path, O_RDONLY | O_CREAT);
	OPEN(path, O_WRONLY | O_CREAT);
	OPEN(path, O_WRONLY | O_CREAT | O_EXCL);
	OPEN(path, O_RDONLY | O_TRUNC);
	OPEN(path, O_PATH | O_WRONLY);
	OPEN(path, O_RDONLY | O_NOFOLLOW);
	OPEN(path, O_WRONLY | O_NOFOLLOW);
	OPEN(path, O_WRONLY | O_DIRECTORY);
	OPEN(path, O_TMPFILE | O_WRONLY);
}

/* By a descriptor for reading. */
static void change_open(const char *path)
{
	int fd = open(path, O_RDONLY), flags = 0;
	struct fsxattr attributes = {0};

	if (fd < 0)
		return;
	say("fchmod", path, fchmod(fd, 0600));
	say("fchown", path, fchown(fd, 0, 0));
	say("futimens", path, futimens(fd, NULL));
	say("fsetxattr", path, fsetxattr(fd, "user.a", "b", 1, 0));
	say("fremovexattr", path, fremovexattr(fd, "user.none"));
	say("fchownat empty", path, fchownat(fd, "", 0, 0, AT_EMPTY_PATH));
	say("ftruncate", path, ftruncate(fd, 0));
	say("fsync", path, fsync(fd));
	say("by syscall", path, syscall(SYS_fchmod, fd, 0600));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		say("FS_IOC_SETFLAGS", path, ioctl(fd, FS_IOC_SETFLAGS, &flags));
		say("the same by syscall", path, syscall(SYS_ioctl, fd, FS_IOC_SETFLAGS, &flags));
	}
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0)
		say("FS_IOC_FSSETXATTR", path, ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
	say("mmap", path, mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
	fd = open(path, O_PATH);
	say("fchmod of a name", path, fchmod(fd, 0600));
	say("futimens of a name", path, futimens(fd, NULL));
	say("fchownat of a name", path, fchownat(fd, "", 0, 0, AT_EMPTY_PATH));
	close(fd);
}

static void make(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	TRY(mkdir, path, 0700);
	TRY(mknod, path, S_IFIFO | 0600, 0);
	say("symlink", path, symlink("text", path));
	say("symlink nothing", path, symlink("", path));
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	say("bind", path, bind(s, (struct sockaddr *)&name, sizeof(name)));
	close(s);
}

static void take(const char *path)
{
	TRY(unlink, path);
	TRY(rmdir, path);
	TRY(remove, path);
}

static void pair(const char *from, const char *to)
{
	char both[512];

	snprintf(both, sizeof(both), "%s %s", from, to);
	say("rename", both, rename(from, to));
	say("renameat2 noreplace", both, renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
	say("renameat2 exchange", both, renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE));
	say("link", both, link(from, to));
}

/* TREE is read-only; OUT beside it is not. */
int main(int argc, char **argv)
{
	static const char *const names[] = {"file",      "dir",   "link",   "dangling",
					    "none",      "fifo",  "none/x", "file/x",
					    "dir/inner", "out",   "locked", "file/",
					    "dir/",      "none/", "dir/.",  "dir/.."};
	const char *out = argv[2];
	char away[512];

	if (argc < 3 || chdir(argv[1]))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], "fifo") != 0) {
			change(names[i]);
			change_open(names[i]);
		}
		make(names[i]);
		take(names[i]);
		pair(names[i], "new");
		pair("file", names[i]);
		snprintf(away, sizeof(away), "%s/new", out);
		pair(names[i], away);
		snprintf(away, sizeof(away), "%s/old", out);
		pair(away, names[i]);
	}
	/* of the tree itself */
	TRY(rmdir, argv[1]);
	say("rename", argv[1], rename(argv[1], away));
	TRY(access, argv[1], W_OK);
	TRY(chmod, argv[1], 0755);
	OPEN("/dev/null", O_WRONLY);
	TRY(access, "fifo", W_OK);
	OPEN("fifo", O_RDWR);
	snprintf(away, sizeof(away), "%s/fresh", out);
	OPEN(away, O_WRONLY | O_CREAT | O_EXCL);
	TRY(mkdir, "inner/made", 0700);
	OPEN("inner/made/file", O_WRONLY | O_CREAT);
	TRY(chmod, "inner", 0711);
	say("rename", "inner", rename("inner", "outer"));
	return 0;
}
