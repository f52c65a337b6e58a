/* SPDX-License-Identifier: MIT
 * Operations that programs do less often: PATH searches, spawn actions, fts, ftw, freopen, files
 * published from O_TMPFILE, names in messages. Called by exerciser.c through the table at the end.
 * It must never walk directories of the machine itself.
 */
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

extern char **environ;

static void say_wait(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	say(WIFSIGNALED(status) ? " signal %d" : " exit %d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* search DIRS NAME ARG: execvp of NAME with DIRS as PATH */
static void run_search(const struct op *op)
{
	char *argv[] = {op->arg[1], op->arg[2], NULL};
	pid_t child = fork();

	if (child == 0) {
		setenv("PATH", op->arg[0], 1);
		execvp(op->arg[1], argv);
		_exit(100 + errno % 100);
	}
	say_wait(child);
}

/* actions DIR FILE PROGRAM: spawned in DIR with FILE (relative to it) as standard input */
static void run_actions(const struct op *op)
{
	char *argv[] = {op->arg[2], op->arg[1], NULL};
	posix_spawn_file_actions_t actions;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, op->arg[0]);
	posix_spawn_file_actions_addopen(&actions, 0, op->arg[1], O_RDONLY | O_NONBLOCK, 0);
	errno = posix_spawn(&child, op->arg[2], &actions, NULL, argv, environ);
	if (say_result(errno ? -1 : 0) >= 0)
		say_wait(child);
	posix_spawn_file_actions_destroy(&actions);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_foreign(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 &&
	       (S_ISLNK(st.st_mode) || st.st_mode & S_ISVTX || st.st_ino < 3);
}

/* fts PATH HOW: HOW is physical (with chdir) or nochdir */
static void run_fts(const struct op *op)
{
	char *paths[] = {op->arg[0], NULL};
	int flags = FTS_PHYSICAL | (strcmp(op->arg[1], "nochdir") ? 0 : FTS_NOCHDIR);
	FTSENT *entry;
	FTS *fts;
	int n = 0;

	if (is_foreign(op->arg[0])) {
		say(" foreign");
		return;
	}
	int here = open(".", O_PATH | O_CLOEXEC);

	if (here < 0) { /* no way back */
		say_result(here);
		return;
	}
	fts = fts_open(paths, flags, by_name);
	say_result(fts ? 0 : -1);
	/* fts_accpath is left out: it is short only where fts changes the directory. */
	while (fts && (entry = fts_read(fts)) && n++ < 200)
		say(" %s:%d", entry->fts_path, entry->fts_info);
	if (fts)
		fts_close(fts);
	if (fchdir(here) < 0)
		say(" lost");
	close(here);
}

/* freopen PATH MODE: of a stream on /dev/null */
static void run_freopen(const struct op *op)
{
	struct stat st;
	FILE *file = fopen("/dev/null", "r");
	char text[32] = "";

	if (!file || (stat(op->arg[0], &st) == 0 && S_ISFIFO(st.st_mode))) {
		say(" is a FIFO");
		if (file)
			fclose(file);
		return;
	}
	file = freopen(op->arg[0], op->arg[1], file);
	if (say_result(file ? 0 : -1) < 0)
		return;
	if (op->arg[1][0] == 'r' && fgets(text, 8, file))
		say(" %zu", strlen(text));
	fclose(file);
}

/* publish DIR PATH: an unnamed file made in DIR gets the name PATH by its descriptor's */
static void run_publish(const struct op *op)
{
	char link_name[64];
	int fd = open(op->arg[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);

	if (say_result(fd) < 0)
		return;
	say(" wrote %zd", write(fd, "published\n", 10));
	snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
	say_result(linkat(AT_FDCWD, link_name, AT_FDCWD, op->arg[1], AT_SYMLINK_FOLLOW));
	close(fd);
}

/* where: the libc functions beside getcwd and realpath that make names */
static void run_where(const struct op *op)
{
	char *cwd = get_current_dir_name(), *name;

	say(" %s", cwd ? cwd : strerrorname_np(errno));
	name = canonicalize_file_name(op->arg[0]);
	say(" %s", name ? name : "nothing");
	free(cwd);
	free(name);
}

/* statvfs PATH, pathconf PATH, eaccess PATH: that they answer */
static void run_statvfs(const struct op *op)
{
	struct statvfs fs;

	say_result(statvfs(op->arg[0], &fs));
	errno = 0;
	say_result(pathconf(op->arg[0], _PC_NAME_MAX) < 0 && errno ? -1 : 0);
	say_result(euidaccess(op->arg[0], R_OK));
}

/* times PATH SECONDS: lutimes, then futimesat's libc form */
static void run_times(const struct op *op)
{
	struct timeval times[2] = {{atoi(op->arg[1]), 0}, {atoi(op->arg[1]), 0}};

	say_result(lutimes(op->arg[0], times));
	say_result(futimesat(AT_FDCWD, op->arg[0], times));
}

/* message PATH: sendmsg to a name, and the sender's name at the other end */
static void run_message(const struct op *op)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX}, from = {0};
	int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[8] = "hello";
	struct iovec part = {text, 5};
	struct msghdr message = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};
	socklen_t len;

	if (strlen(op->arg[0]) + 3 > sizeof to.sun_path) {
		say(" too long");
	} else {
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				  (size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s~",
						   op->arg[0]) +
				  1);
		say_result(bind(sender, (struct sockaddr *)&to, len));
		to.sun_path[strlen(to.sun_path) - 1] = '\0';
		message.msg_namelen = --len;
		say_result(bind(receiver, (struct sockaddr *)&to, len));
		say_result(sendmsg(sender, &message, 0));
		message.msg_name = &from;
		message.msg_namelen = sizeof from;
		if (say_result(recvmsg(receiver, &message, 0)) >= 0)
			say(" from %u %s", message.msg_namelen, from.sun_path);
		snprintf(from.sun_path, sizeof from.sun_path, "%s~", op->arg[0]);
		say_result(unlink(from.sun_path));
	}
	close(sender);
	close(receiver);
}

/* Change what FD is open on, by nothing else. */
static int change_held(const struct op *op, int fd, const char *way)
{
	struct timespec times[2] = {{3000, 0}, {3000 + op->number, 0}};

	if (!strcmp(way, "chmod"))
		return op->raw ? (int)syscall(SYS_fchmod, fd, 0711) : fchmod(fd, 0711);
	if (!strcmp(way, "chown"))
		return op->raw ? fchownat(fd, "", getuid(), -1, AT_EMPTY_PATH)
			       : fchown(fd, getuid(), -1);
	if (!strcmp(way, "times"))
		return op->raw ? (int)syscall(SYS_utimensat, fd, NULL, times, 0)
			       : futimens(fd, times);
	if (!strcmp(way, "set"))
		return fsetxattr(fd, "user.one", "held", 4, op->raw ? XATTR_REPLACE : 0);
	if (!strcmp(way, "remove"))
		return fremovexattr(fd, "user.one");
	return -2;
}

/* The same by its name in /proc. */
static int change_named(const struct op *op, const char *name, const char *way)
{
	struct timespec times[2] = {{4000, 0}, {4000 + op->number, 0}};
	int fd;

	if (!strcmp(way, "named-chmod"))
		return chmod(name, 0711);
	if (!strcmp(way, "named-times"))
		return utimensat(AT_FDCWD, name, times, 0);
	if (!strcmp(way, "named-set"))
		return setxattr(name, "user.one", "name", 4, 0);
	if (!strcmp(way, "truncate"))
		return truncate(name, 3);
	fd = open(name, !strcmp(way, "append") ? O_WRONLY | O_APPEND : O_RDWR | O_TRUNC);
	if (fd >= 0 && write(fd, "held", 4) == 4)
		say(" wrote");
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* held PATH FLAGS WAY: open the file, and change it by the descriptor */
static void run_held(const struct op *op)
{
	int fd = open(path_of(op->arg[0]), (int)parse_flags(op->arg[1], OPEN_FLAGS) | O_NONBLOCK);
	char name[40];
	struct stat st;
	int result;

	if (say_result(fd) < 0)
		return;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		say(" left alone");
	} else {
		result = change_held(op, fd, op->arg[2]);
		say_result(result == -2 ? change_named(op, name, op->arg[2]) : result);
	}
	close(fd);
}

const struct op_kind ops_rare[] = {
	{"search", 3, run_search},
	{"actions", 3, run_actions},
	{"fts", 2, run_fts},
	{"freopen", 2, run_freopen},
	{"publish", 2, run_publish},
	{"where", 1, run_where},
	{"statvfs", 1, run_statvfs},
	{"times", 2, run_times},
	{"message", 1, run_message},
	{"held", 3, run_held},
	{NULL, 0, NULL},
};
