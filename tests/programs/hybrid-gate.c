/* SPDX-License-Identifier: MIT
 * Calls whose way to the kernel the log tells: through the shim's gate or stopped by the tracer.
 * Run by tests/integration/hybrid.sh. It must never use pthread_cancel: hybrid-cancel.c does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

static void said(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void opened(const char *what, int fd)
{
	struct stat st;

	said(what, fd);
	if (fd >= 0 && fstat(fd, &st) == 0)
		printf("  %o %ld\n", st.st_mode & S_IFMT,
		       (long)(S_ISREG(st.st_mode) ? st.st_size : 0));
	if (fd >= 0)
		close(fd);
}

static const char *base;

/* Of the last names. */
static const char *in(const char *name)
{
	static char text[4][4096];
	static unsigned turn;

	snprintf(text[turn % 4], sizeof(text[0]), "%s/%s", base, name);
	return text[turn++ % 4];
}

/* libc's own open and fstat, inside. */
static void streams(void)
{
	static const char *const modes[] = {"r", "w+x", "ae", "rme", "r+,ccs=UTF-8", "q", ""};
	char line[16] = "";
	struct dirent *entry;
	int n = 0, fd;
	DIR *dir;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		FILE *stream = fopen(in("file"), modes[i]);

		said(modes[i], stream ? 0 : -1);
		if (!stream)
			continue;
		printf("  flags %o %o, %s", fcntl(fileno(stream), F_GETFL) & ~O_LARGEFILE,
		       fcntl(fileno(stream), F_GETFD),
		       fgets(line, sizeof(line), stream) ? line : "no line\n");
		fclose(stream);
	}
	said("fopen of a directory", fopen(base, "w") ? 0 : -1);
	dir = opendir(base);
	while (dir && (entry = readdir(dir)))
		n++;
	printf("%d names, descriptor %o\n", n, dir ? fcntl(dirfd(dir), F_GETFD) : 0);
	closedir(dir);
	said("opendir of a file", opendir(in("file")) ? 0 : -1);
	fd = open(base, O_RDONLY | O_DIRECTORY);
	dir = fdopendir(fd);
	said("fdopendir", dir ? 0 : -1);
	closedir(dir);
	said("fdopendir of nothing", fdopendir(-1) ? 0 : -1);
}

static int visited(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	printf("  %s %d %d\n", path, kind, walk->level);
	return 0;
}

/* Functions of libc that open, list, look and read links past every wrapper. */
static void inside(const char *dir)
{
	struct dirent **names = NULL;
	char pattern[4200], text[4096];
	glob_t found = {0};
	int n;

	base = dir;
	said("mkdir", mkdir(in("sub"), 0755));
	said("symlink", symlink("../file", in("sub/link")));
	printf("realpath %s\n", realpath(in("sub/link"), text) ? text : strerrorname_np(errno));
	printf("realpath %s\n", realpath(in("nothing/link"), NULL) ? "?" : strerrorname_np(errno));
	snprintf(pattern, sizeof(pattern), "%s/*/l*", dir);
	said("glob", glob(pattern, GLOB_MARK, NULL, &found) == 0 ? 0 : -1);
	for (size_t i = 0; i < found.gl_pathc; i++)
		printf("  %s\n", found.gl_pathv[i]);
	said("nftw", nftw(dir, visited, 4, FTW_PHYS | FTW_DEPTH));
	said("nftw", nftw(dir, visited, 1, FTW_CHDIR | FTW_DEPTH));
	n = scandir(in("sub"), &names, NULL, alphasort);
	for (int i = 0; i < n; i++)
		printf("  %s\n", names[i]->d_name);
	said("scandir", scandir(in("file"), &names, NULL, NULL));
}

/* One of each kind, in DIR with "file" in it. */
static void calls(const char *dir)
{
	const char *volatile nowhere = NULL; /* libc's header says that there is none */
	char text[4096];
	struct stat st;
	struct statx stx;
	struct statfs fs;

	base = dir;
	if (chdir(dir) < 0) {
		said("chdir", -1);
		return;
	}
	printf("in %s\n", getcwd(text, sizeof(text)));
	opened("open", open(in("file"), O_RDONLY));
	opened("openat", openat(AT_FDCWD, in("new"), O_CREAT | O_EXCL | O_WRONLY, 0640));
	opened("creat", creat(in("made"), 0600));
	said("mkdir", mkdir(in("sub"), 0755));
	streams();
	said("stat", stat(in("file"), &st));
	said("lstat", lstat(in("nothing"), &st));
	said("fstatat", fstatat(AT_FDCWD, in("file"), &st, AT_SYMLINK_NOFOLLOW));
	said("statx", statx(AT_FDCWD, in("file"), 0, STATX_SIZE, &stx));
	said("statfs", statfs(in("file"), &fs));
	said("access", access(in("file"), R_OK));
	said("faccessat", faccessat(AT_FDCWD, in("file"), R_OK, AT_EACCESS));
	said("symlink", symlink("file", in("link")));
	said("readlink", readlink(in("link"), text, sizeof(text)));
	said("link", link(in("file"), in("other")));
	said("rename", rename(in("other"), in("sub/moved")));
	said("chmod", chmod(in("file"), 0600));
	said("chown", chown(in("file"), (uid_t)-1, (gid_t)-1));
	said("utimensat", utimensat(AT_FDCWD, in("file"), NULL, 0));
	said("truncate", truncate(in("file"), 2));
	said("getxattr", getxattr(in("file"), "user.none", text, sizeof(text)));
	said("unlink", unlink(in("sub/moved")));
	said("rmdir", rmdir(in("sub")));
	said("inotify", inotify_add_watch(inotify_init1(IN_CLOEXEC), in("file"), IN_MODIFY));
	said("syscall openat2", syscall(SYS_openat2, AT_FDCWD, in("file"), (uint64_t[3]){0}, 24));
	said("syscall faccessat", syscall(SYS_faccessat, AT_FDCWD, in("file"), R_OK));
	said("NULL", utimensat(AT_FDCWD, nowhere, NULL, 0));
	said("bad pointer", open((const char *)16, O_RDONLY));
	said("no name", open("", O_RDONLY));
}

static long direct_open(const char *path)
{
	return snr_rawcall4(__NR_openat, AT_FDCWD, path, O_RDONLY, 0);
}

static void show(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	long direct = direct_open(path);

	if (fd >= 0)
		text[read(fd, text, sizeof(text) - 1)] = '\0';
	printf("libc %s, direct %s\n", fd < 0 ? strerrorname_np(errno) : text,
	       direct < 0 ? strerrorname_np((int)-direct) : "ok");
	close(fd);
	close((int)direct);
}

/* What the tracer has seen change is news for the shim, and the other way round. */
static void facts(const char *dir, const char *rule)
{
	char name[4096], file[4200], old[4200];

	for (int round = 0; round < 4; round++) {
		snprintf(name, sizeof(name), "%s/d%d", dir, round);
		snprintf(old, sizeof(old), "%s.old", name);
		snprintf(file, sizeof(file), "%s/file", name);
		mkdir(name, 0755);
		close(open(file, O_CREAT | O_WRONLY, 0644));
		show(file);
		show(file);
		if (round % 2) {
			rename(name, old);
			said("symlink", symlink(rule, name));
		} else {
			snr_rawcall2(__NR_rename, name, old);
			said("symlink", -(snr_rawcall2(__NR_symlink, rule, name) != 0));
		}
		show(file);
	}
}

/* In another process: those who know of each other's facts by the board alone. */
static void neighbours(const char *dir, const char *rule)
{
	char name[4096], file[4200], old[4200];
	int status;

	snprintf(name, sizeof(name), "%s/d", dir);
	snprintf(old, sizeof(old), "%s.old", name);
	snprintf(file, sizeof(file), "%s/file", name);
	mkdir(name, 0755);
	close(open(file, O_CREAT | O_WRONLY, 0644));
	show(file);
	show(file);
	fflush(stdout);
	if (fork() == 0)
		_exit(rename(name, old) || symlink(rule, name));
	snr_rawcall4(__NR_wait4, -1, &status, 0, 0);
	printf("child %d\n", status);
	show(file);
}

/* A filter of the program's own that forbids what a shim might want and libc does not. */
static void filter(const char *path)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_readlinkat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	opened("before", open(path, O_RDONLY));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	said("filter", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	opened("after", open(path, O_RDONLY));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "calls"))
		calls(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "inside"))
		inside(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "facts"))
		facts(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "neighbours"))
		neighbours(argv[2], argv[3]);
	else if (argc >= 3 && !strcmp(argv[1], "filter"))
		filter(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "root"))
		said("chroot", chroot(argv[2])), opened("open", open(argv[3], O_RDONLY));
	else if (argc == 3 && !strcmp(argv[1], "open"))
		opened("open", open(argv[2], O_RDONLY));
	else
		return 2;
	if (argc > 3 && !strcmp(argv[1], "filter"))
		execv(argv[3], argv + 3);
	return 0;
}
