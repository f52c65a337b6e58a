/* SPDX-License-Identifier: MIT
 * Operations in other processes and over sockets: exec in all its forms, fork, chroot, bind.
 * Called by exerciser.c through the table at the end. Every child is waited for.
 */
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void say_wait(pid_t child)
{
	int status = 0;

	if (child < 0) {
		say_result(-1);
		return;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		say(" signal %d", WTERMSIG(status));
	else
		say(" exit %d", WEXITSTATUS(status));
}

/* What exec HOW does in the child; returns only on failure. */
static void exec_by(const struct op *op, char **argv)
{
	const char *how = op->arg[0];
	char *path = path_of(op->arg[2]), *none[] = {NULL};
	int dirfd = dirfd_of(op->arg[1]);

	if (!strcmp(how, "execv"))
		execv(path, argv);
	else if (!strcmp(how, "execl"))
		execl(path, argv[0], argv[1], (char *)NULL);
	else if (!strcmp(how, "execvp"))
		execvp(path, argv);
	else if (!strcmp(how, "empty")) /* no environment at all */
		op->raw ? syscall(SYS_execve, path, argv, none) : execve(path, argv, none);
	else if (!strcmp(how, "execveat"))
		op->raw ? syscall(SYS_execveat, dirfd, path, argv, environ, 0)
			: execveat(dirfd, path, argv, environ, 0);
	else if (!strcmp(how, "fexecve"))
		fexecve(open(path, O_RDONLY | O_NONBLOCK), argv, environ);
	else
		op->raw ? syscall(SYS_execve, path, argv, environ) : execve(path, argv, environ);
}

/* exec HOW DIRFD PATH ARGV0 ARG: the program tells about itself on a line of its own */
static void run_exec(const struct op *op)
{
	char *argv[] = {op->arg[3], op->arg[4], NULL};
	pid_t child;

	if (!strcmp(op->arg[0], "spawn") || !strcmp(op->arg[0], "spawnp")) {
		int error = op->arg[0][5]
				    ? posix_spawnp(&child, op->arg[2], NULL, NULL, argv, environ)
				    : posix_spawn(&child, op->arg[2], NULL, NULL, argv, environ);

		errno = error;
		if (say_result(error ? -1 : 0) >= 0)
			say_wait(child);
		return;
	}
	child = !strcmp(op->arg[0], "vfork") ? vfork() : fork();
	if (child == 0) {
		exec_by(op, argv);
		_exit(100 + errno % 100); /* a vfork child must not touch the line */
	}
	say_wait(child);
}

/* system COMMAND: a shell finds its way too */
static void run_system(const struct op *op)
{
	int status = system(op->arg[0]);

	say(" %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void say_cwd(void)
{
	char text[PATH_MAX];

	if (say_result(getcwd(text, sizeof text) ? 0 : -1) >= 0)
		say(" %s", text);
}

static void say_look(const char *path)
{
	struct stat st;

	if (say_result(stat(path, &st)) >= 0)
		say_stat(&st);
}

/* fork DIR PATH: a child goes to DIR and looks at PATH; we stay */
static void run_fork(const struct op *op)
{
	pid_t child = fork();

	if (child == 0) {
		say(" child");
		say_result(chdir(path_of(op->arg[0])));
		say_cwd();
		say_look(op->arg[1]);
		say_end();
		_exit(0);
	}
	say_wait(child);
	say_cwd();
}

/* chroot DIR PATH: a child goes to DIR and takes it for its root */
static void run_chroot(const struct op *op)
{
	pid_t child = fork();

	if (child == 0) {
		say(" child");
		if (say_result(chdir(path_of(op->arg[0]))) >= 0 &&
		    say_result(chroot(op->raw ? "." : path_of(op->arg[0]))) >= 0) {
			say_look(op->arg[1]);
			say_result(chdir("/"));
			say_cwd();
			say_look(op->arg[1]);
			say_look("..");
		}
		say_end();
		_exit(0);
	}
	say_wait(child);
}

static bool fill_address(struct sockaddr_un *address, socklen_t *len, const char *path)
{
	size_t size = strlen(path);

	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	if (size >= sizeof address->sun_path)
		return false;
	memcpy(address->sun_path, path, size);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	return true;
}

static void say_name(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_un address;
	socklen_t len = sizeof address;

	memset(&address, 0, sizeof address);
	if (say_result(get(fd, (struct sockaddr *)&address, &len)) >= 0)
		say(" %u '%.*s'", (unsigned)len, (int)sizeof address.sun_path, address.sun_path);
}

static int get_sock(int fd, struct sockaddr *address, socklen_t *len)
{
	return getsockname(fd, address, len);
}

static int get_peer(int fd, struct sockaddr *address, socklen_t *len)
{
	return getpeername(fd, address, len);
}

/* bind PATH: a listening socket, a connection to it, the names that both ends see */
static void run_bind(const struct op *op)
{
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	socklen_t len;

	if (!fill_address(&address, &len, op->arg[0]))
		say(" too long");
	else if (say_result(bind(server, (struct sockaddr *)&address, len)) >= 0) {
		say_name(server, get_sock);
		listen(server, 4);
		if (say_result(connect(client, (struct sockaddr *)&address, len)) >= 0)
			say_name(client, get_peer);
	}
	close(server);
	close(client);
}

/* connect PATH, send PATH: nobody listens; which refusal comes back? */
static void run_connect(const struct op *op)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	socklen_t len;

	if (!fill_address(&address, &len, op->arg[0]))
		say(" too long");
	else
		say_result(connect(fd, (struct sockaddr *)&address, len));
	close(fd);
}

static void run_send(const struct op *op)
{
	int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	socklen_t len;
	char text[8];

	if (!fill_address(&address, &len, op->arg[0]))
		say(" too long");
	else {
		say_result(bind(receiver, (struct sockaddr *)&address, len));
		say_result(sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, len));
		say_result(recv(receiver, text, sizeof text, 0));
	}
	close(fd);
	close(receiver);
}

const struct op_kind ops_run[] = {
	{"exec", 5, run_exec},     {"system", 1, run_system}, {"fork", 2, run_fork},
	{"chroot", 2, run_chroot}, {"bind", 1, run_bind},     {"connect", 1, run_connect},
	{"send", 1, run_send},     {NULL, 0, NULL},
};
