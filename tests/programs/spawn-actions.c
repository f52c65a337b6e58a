/* SPDX-License-Identifier: MIT
 * posix_spawn with file actions of all kinds, in all orders, those that fail among them: what the
 * child finds, what is left behind, and which error comes first. Run by
 * tests/integration/spawn-actions.sh. It must never spawn anything but itself and the scripts of
 * that test.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static posix_spawn_file_actions_t actions;
static char self[PATH_MAX];

static void on(int fd, const char *path, int flags)
{
	posix_spawn_file_actions_addopen(&actions, fd, path, flags, 0640);
}

static void go(const char *path)
{
	posix_spawn_file_actions_addchdir_np(&actions, path);
}

static void spawned(const char *name, int error, pid_t child)
{
	int status = 0;

	if (!error)
		waitpid(child, &status, 0);
	printf("%s: %s\n", name, error ? strerrorname_np(error) : "ok");
	if (status)
		printf("\tstatus %x\n", status);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawn_file_actions_init(&actions);
}

static void spawn_program(const char *name, const char *path)
{
	char report[] = "report", *argv[] = {self, report, NULL};
	pid_t child = -1;

	fflush(stdout);
	spawned(name, posix_spawn(&child, path, &actions, NULL, argv, environ), child);
}

static void spawn(const char *name)
{
	spawn_program(name, self);
}

static void search(const char *name, const char *list, const char *file)
{
	char report[] = "report", *argv[] = {self, report, NULL};
	pid_t child = -1;

	setenv("PATH", list, 1);
	fflush(stdout);
	spawned(name, posix_spawnp(&child, file, &actions, NULL, argv, environ), child);
}

static void in_directories(void)
{
	int fd = open("/opt/acme/inner", O_PATH | O_CLOEXEC);

	go("/opt/acme");
	on(0, "file", O_RDONLY);
	spawn("chdir, open");
	go("/opt/acme/sub");
	on(0, "../inner/f", O_RDONLY);
	go("../inner");
	on(1, "../said", O_WRONLY | O_CREAT | O_TRUNC);
	spawn("chdir, open, chdir, open");
	go("/opt/acme/sub");
	go("..");
	go("inner");
	on(0, "f", O_RDONLY);
	spawn("chdir thrice");
	posix_spawn_file_actions_addfchdir_np(&actions, fd);
	on(0, "../file", O_RDONLY);
	spawn("fchdir");
	on(7, "/opt/acme/inner", O_RDONLY | O_DIRECTORY);
	posix_spawn_file_actions_addfchdir_np(&actions, 7);
	on(0, "../file", O_RDONLY);
	posix_spawn_file_actions_addclose(&actions, 7);
	spawn("fchdir to what was opened");
	go("/opt/acme");
	on(7, "inner", O_RDONLY | O_DIRECTORY);
	go("/");
	posix_spawn_file_actions_adddup2(&actions, 7, 8);
	posix_spawn_file_actions_addclose(&actions, 7);
	posix_spawn_file_actions_addfchdir_np(&actions, 8);
	on(0, "../file", O_RDONLY);
	posix_spawn_file_actions_addclose(&actions, 8);
	spawn("fchdir to what was moved");
	posix_spawn_file_actions_addclose(&actions, fd);
	posix_spawn_file_actions_addfchdir_np(&actions, fd);
	spawn("fchdir to what was closed");
	go("/opt/acme");
	spawn_program("a program from there", "bin/prog");
	go("/opt/acme/inner");
	spawn_program("a program from above", "../bin/prog");
	go("/opt/acme/inner");
	spawn_program("no program there", "bin/prog");
	close(fd);
}

/* The actions are added before the world is as they need it. */
static void later(void)
{
	char here[PATH_MAX];

	if (!getcwd(here, sizeof(here)))
		return;
	on(0, "inner/f", O_RDONLY);
	if (chdir("/opt/acme") == 0)
		spawn("a directory that we are in later");
	on(0, "new-link", O_RDONLY);
	if (symlink("/opt/acme/inner/f", "new-link") == 0)
		spawn("a link that is made later");
	if (chdir("inner") == 0)
		on(0, "f", O_RDONLY);
	if (chdir(here) == 0)
		spawn("a directory that we were in before");
}

static void refused(void)
{
	on(5, "/opt/acme/made1", O_WRONLY | O_CREAT);
	on(0, "/opt/acme/loop", O_RDONLY);
	on(6, "/opt/acme/made2", O_WRONLY | O_CREAT);
	spawn("a loop between two files");
	on(5, "/opt/acme/made3", O_WRONLY | O_CREAT);
	go("/opt/acme/inner/loop/x");
	on(6, "made4", O_WRONLY | O_CREAT);
	spawn("a loop as directory");
	on(5, "/opt/acme/made5", O_WRONLY | O_CREAT);
	on(0, "/opt/acme/missing", O_RDONLY);
	spawn_program("a file and the program missing", "/opt/acme/none");
	on(5, "/opt/acme/made6", O_WRONLY | O_CREAT);
	spawn_program("the program missing", "/opt/acme/none");
	on(5, "/opt/acme/made7", O_WRONLY | O_CREAT);
	spawn_program("a loop as program", "/opt/acme/loop");
	on(5, "/opt/acme/made8", O_WRONLY | O_CREAT);
	spawn_program("a script without its interpreter", "/opt/acme/bin/noshell");
	on(0, "/opt/acme/loop", O_RDONLY);
	spawn_program("two loops", "/opt/acme/loop");
	on(5, "/opt/acme/made9", O_WRONLY | O_CREAT | O_EXCL);
	on(6, "/opt/acme/made9", O_WRONLY | O_CREAT | O_EXCL);
	spawn("twice the same file");
	posix_spawn_file_actions_adddup2(&actions, 99, 5);
	on(0, "/opt/acme/loop", O_RDONLY);
	spawn("a descriptor that is none");
	go("/opt/acme/file");
	on(0, "f", O_RDONLY);
	spawn("a file as directory");
	go("/opt/acme/missing");
	spawn_program("no directory", "bin/prog");
}

static void searched(void)
{
	search("found", "/none:/opt/acme/bin:/opt/acme/inner", "prog");
	search("a script", "/opt/acme/bin", "script");
	search("text", "/opt/acme/bin", "text");
	search("not executable", "/opt/acme/bin:/none", "noexec");
	search("not executable, then found", "/opt/acme:/opt/acme/bin", "prog");
	search("a directory", "/opt/acme", "sub");
	search("missing", "/opt/acme/bin:/opt/acme", "missing");
	search("missing in a file", "/opt/acme/bin:/opt/acme/file", "missing");
	search("a loop on the way", "/opt/acme/loop:/opt/acme/bin", "prog");
	search("a name of slashes", "/none", "/opt/acme/bin/prog");
	search("no name", "/opt/acme/bin", "");
	search("covered by the rule", "/opt/acme/inner", "covered");
	go("/opt/acme");
	search("relative, from there", "none:bin", "prog");
	go("/opt/acme/inner");
	search("relative, from above", "../bin", "prog");
	go("/opt/acme/bin");
	search("here", ":/none", "prog");
	on(0, "/opt/acme/loop", O_RDONLY);
	search("after a loop", "/opt/acme/bin", "missing");
	on(5, "/opt/acme/made10", O_WRONLY | O_CREAT);
	search("after a file", "/opt/acme/bin", "missing");
}

/* What the child finds: where it is, its name, its input. */
static int report_child(const char *name)
{
	char here[PATH_MAX] = "?", line[64] = "";
	const char *base = strrchr(name, '/');

	if (!getcwd(here, sizeof(here)))
		perror("getcwd");
	if (read(0, line, sizeof(line) - 1) < 0)
		perror("read");
	line[strcspn(line, "\n")] = '\0';
	printf("\t%s in %s reads %s; 5 %s, 7 %s\n", base ? base + 1 : name, here, line,
	       fcntl(5, F_GETFD) < 0 ? "closed" : "open",
	       fcntl(7, F_GETFD) < 0 ? "closed" : "open");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[argc - 1], "report"))
		return report_child(argv[0]);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	posix_spawn_file_actions_init(&actions);
	in_directories();
	refused();
	searched();
	later();
	return 0;
}
