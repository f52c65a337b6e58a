/* SPDX-License-Identifier: MIT
 * Goes from the directory "plain" to "linked" and back in every way there is, and looks at the same
 * relative names after each step: in one they are files, in the other they lead through a link into
 * a rule. Run by tests/integration/preload-cwd.sh. It must never use an absolute name.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int top, plain, linked;

static void look(const char *what)
{
	static const char *const names[] = {"sub/x", "./sub/x",    "x",
					    "sub",   "sub/deep/x", "sub/../x"};
	char text[100];
	struct stat st;

	printf("%s:", what);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			int fd = open(names[i], O_RDONLY);
			ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

			text[n < 0 ? 0 : n] = '\0';
			text[strcspn(text, "\n")] = '\0';
			printf(" %s %s",
			       *text   ? text
			       : n < 0 ? strerror(errno)
				       : "empty",
			       lstat(names[i], &st)  ? strerror(errno)
			       : S_ISLNK(st.st_mode) ? "l"
						     : "-");
			close(fd);
		}
	}
	printf(" %d\n", access("sub/x", R_OK));
}

static void check(int result)
{
	if (result < 0)
		printf("%s\n", strerror(errno));
}

static void to(int directory)
{
	check(fchdir(directory));
	look(directory == plain ? "fchdir to plain" : "fchdir");
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (type == FTW_D && at->level < 2)
		look(path);
	return 0;
}

static void walk_by_fts(void)
{
	char name[] = "two", *names[] = {name, NULL};
	FTS *tree = fts_open(names, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	while ((entry = fts_read(tree)))
		if (entry->fts_level == 2 && entry->fts_info == FTS_F)
			printf("%s %s\n", entry->fts_path,
			       strerror(access(entry->fts_accpath, F_OK) ? errno : 0));
	fts_close(tree);
}

/* The child has a cwd of its own, but its parent's memory. */
static void leave_in_child(void)
{
	pid_t child = vfork();

	if (child == 0) {
		if (fchdir(linked) == 0 && access("sub/x", R_OK) == 0)
			execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	look("after vfork");
	child = fork();
	if (child == 0) {
		to(linked);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	look("after fork");
}

static void *move(void *unused)
{
	check(fchdir(linked));
	return unused;
}

int main(void)
{
	pthread_t thread;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	top = open(".", O_RDONLY | O_DIRECTORY);
	plain = open("plain", O_RDONLY | O_DIRECTORY);
	linked = open("linked", O_RDONLY | O_DIRECTORY);
	to(plain);
	check(chdir("../linked"));
	look("chdir");
	to(plain);
	to(linked);
	to(plain);
	check((int)syscall(SYS_chdir, "../linked"));
	look("syscall chdir");
	to(plain);
	check((int)syscall(SYS_fchdir, linked));
	look("syscall fchdir");
	to(plain);
	fflush(stdout);
	leave_in_child();
	check(pthread_create(&thread, NULL, move, NULL));
	pthread_join(thread, NULL);
	look("moved by a thread");
	to(plain);
	check(rename("../plain", "../other"));
	check(rename("../linked", "../plain"));
	look("the cwd was renamed");
	check(chdir("../plain"));
	look("its old name");
	check(rename("sub", "gone"));
	check(mkdir("sub", 0755));
	look("a directory for a link");
	check(rmdir("sub"));
	check(rename("gone", "sub"));
	look("a link for a directory");
	to(top);
	nftw("two", visit, 10, FTW_PHYS | FTW_CHDIR);
	look("after nftw");
	walk_by_fts();
	look("after fts");
	return 0;
}
