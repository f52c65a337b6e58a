/* SPDX-License-Identifier: MIT
 * Goes between the directories "plain" and "linked" past libc, and shares its memory or its working
 * directory with others that do, and looks at the same relative name after each step: in one it is
 * a file, in the other it leads through a link into a rule. Run by tests/integration/hybrid-cwd.sh.
 * It must never use an absolute name.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/rawcall/rawcall.h"

extern char **environ;

static int plain, linked;

static void look(const char *what)
{
	char text[2][32] = {"", ""};

	for (int i = 0; i < 2; i++) {
		int fd = open("sub/x", O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, text[i], sizeof(text[i]) - 1);

		strcpy(text[i] + (n > 0 ? n - 1 : 0), n > 0 ? "" : "nothing");
		close(fd);
	}
	printf("%s: %s, %s\n", what, text[0], text[1]);
}

/* By a system call that no wrapper sees. */
static void to(int directory)
{
	if (snr_rawcall1(SYS_fchdir, directory))
		printf("cannot go\n");
}

static void begin(void)
{
	to(plain);
	look("plain");
	fflush(stdout);
}

static void end(const char *what, pid_t child)
{
	int status = -1;

	waitpid(child, &status, __WALL);
	printf("%s: %x\n", what, (unsigned)status);
	look("its parent");
}

static void by_ourselves(void)
{
	begin();
	to(linked);
	look("fchdir");
	if (snr_rawcall1(SYS_chdir, "../plain"))
		printf("cannot go\n");
	look("chdir");
	/* inside libc */
	if (chdir("../linked") || fchdir(plain))
		printf("cannot go\n");
	look("fchdir of libc");
}

/* Beneath vfork it looks by itself, and does not execute. */
static void by_vfork(int raw)
{
	pid_t child;

	begin();
	child = vfork();
	if (child == 0) {
		if (raw)
			to(linked);
		else if (fchdir(linked))
			_exit(2);
		for (int i = 0; i < 3; i++)
			if (access("sub/x", R_OK) || access("sub", X_OK))
				_exit(3);
		_exit(0);
	}
	end("vfork", child);
}

static void by_spawn(void)
{
	char cat[] = "cat", file[] = "sub/x", *const words[] = {cat, file, NULL};
	posix_spawn_file_actions_t actions;
	pid_t child = -1;

	begin();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, "../linked");
	posix_spawnp(&child, "cat", &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	end("posix_spawn", child);
}

static int go(void *by_libc)
{
	if (by_libc ? fchdir(linked) : (int)snr_rawcall1(SYS_fchdir, linked))
		return 2;
	return access("sub/x", R_OK) || access("sub", X_OK);
}

/* A process with our memory, our cwd, both or neither; the cwd is then the other one for both or
 * for it alone. */
static void by_clone(int flags, int by_libc)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child;

	begin();
	child = clone(go, stack + sizeof(stack), flags | SIGCHLD, by_libc ? &plain : NULL);
	printf("%#x %d\n", (unsigned)flags, by_libc);
	end("clone", child);
	look("once more");
}

/* What it executes goes on to share the cwd. */
static void by_exec(void)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child;

	begin();
	child = clone(go, stack + sizeof(stack), CLONE_FS | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	end("shared by all", child);
	begin();
	if (snr_rawcall5(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0) == 0) {
		execlp("python3", "python3", "-c", "import os; os.chdir('../linked')",
		       (char *)NULL);
		_exit(1);
	}
	end("executed", -1);
}

static void *part(void *unused)
{
	if (snr_rawcall1(SYS_unshare, CLONE_FS))
		printf("cannot part\n");
	to(linked);
	look("parted");
	look("parted");
	return unused;
}

static void by_thread(void)
{
	pthread_t thread;

	begin();
	pthread_create(&thread, NULL, part, NULL);
	pthread_join(thread, NULL);
	look("who stayed");
	to(linked);
	look("who stayed");
	begin();
}

int main(void)
{
	static const int kinds[] = {0, CLONE_VM, CLONE_FS, CLONE_FS | CLONE_VM,
				    CLONE_VM | CLONE_VFORK};

	plain = open("plain", O_RDONLY | O_DIRECTORY);
	linked = open("linked", O_RDONLY | O_DIRECTORY);
	by_ourselves();
	by_vfork(0);
	by_vfork(1);
	by_spawn();
	by_thread();
	/* those that share the cwd come last: they close the gate */
	for (int i = 0; i < 2; i++)
		by_clone(kinds[i], 0), by_clone(kinds[i], 1);
	by_clone(kinds[4], 0), by_clone(kinds[4], 1);
	switch (fork()) {
	case 0:
		by_clone(kinds[2], 0), by_clone(kinds[2], 1);
		return 0;
	default:
		wait(NULL);
	}
	switch (fork()) {
	case 0:
		by_clone(kinds[3], 0), by_clone(kinds[3], 1);
		return 0;
	default:
		wait(NULL);
	}
	by_exec();
	return 0;
}
