/* SPDX-License-Identifier: MIT
 * Every call that executes a file, on programs, scripts and what is neither. The program that is
 * executed is this one again, which then says what it sees of itself. Run by
 * tests/integration/ops-exec.sh. It must leave no process behind.
 */
#include "tests/programs/ops.h"
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

static const char *const names[] = {"bin/prog",     "bin/link",   "bin/script", "bin/nested",
				    "bin/relative", "bin/noexec", "bin/text",   "bin/empty",
				    "bin/noshell",  "bin/loop",   "bin",        "missing",
				    "bin/prog/",    "bin/prog/x", "bin/back",   "inner/prog",
				    "bin/dangling", "",           NULL};

static const char *sorted_out(const char *text)
{
	/* what lies outside of the rules has another name in every run */
	return strncmp(text, "/opt/", 5) == 0 || strncmp(text, "/proc/", 6) == 0 || text[0] != '/'
		       ? text
		       : "outside";
}

/* In the executed program: what it was started as. */
static int tell(int argc, char **argv)
{
	char exe[PATH_MAX], comm[32] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *execfn = (const char *)getauxval(AT_EXECFN);

	exe[n < 0 ? 0 : n] = '\0';
	prctl(PR_GET_NAME, comm);
	printf("\trunning as %s, exe %s, comm %s, execfn %s:", sorted_out(argv[0]), sorted_out(exe),
	       comm,
	       execfn ? (strncmp(execfn, "/dev/fd/", 8) ? sorted_out(execfn) : "/dev/fd/N")
		      : "none");
	for (int i = 1; i < argc; i++)
		printf(" %s", sorted_out(argv[i]));
	printf(" X=%s\n", getenv("X") ? getenv("X") : "unset");
	return 7;
}

static void report(const char *call, const char *name, pid_t pid)
{
	int status;

	fflush(stdout);
	if (waitpid(pid, &status, 0) < 0)
		printf("%s %s: no child\n", call, name);
	else if (WIFEXITED(status))
		printf("%s %s: exit %d\n", call, name, WEXITSTATUS(status));
	else
		printf("%s %s: signal %d\n", call, name, WTERMSIG(status));
}

/* In a child: EXPRESSION, which returns only when it failed. */
#define EXEC(call, name, ...)                                                                      \
	do {                                                                                       \
		pid_t child;                                                                       \
                                                                                                   \
		fflush(stdout);                                                                    \
		child = fork();                                                                    \
		if (child == 0) {                                                                  \
			__VA_ARGS__;                                                               \
			printf("\t%s\n", ops_error(errno));                                        \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
		report(call, name, child);                                                         \
	} while (0)

static char *const arguments[] = {(char *)"zero", (char *)"one", (char *)"two words", NULL};
static char *const bare[] = {(char *)"X=given", NULL};

static void run(const char *name, int base_fd)
{
	const char *path = in(name);
	int fd;

	EXEC("execve", name,
	     (void)WAY(execve(path, arguments, environ), SYS_execve, path, arguments, environ));
	EXEC("execve, bare environment", name,
	     (void)WAY(execve(path, arguments, bare), SYS_execve, path, arguments, bare));
	EXEC("execveat", name,
	     (void)WAY(syscall(SYS_execveat, base_fd, name, arguments, environ, 0), SYS_execveat,
		       base_fd, name, arguments, environ, 0));
	EXEC("execveat nofollow", name,
	     (void)WAY(syscall(SYS_execveat, base_fd, name, arguments, environ,
			       AT_SYMLINK_NOFOLLOW),
		       SYS_execveat, base_fd, name, arguments, environ, AT_SYMLINK_NOFOLLOW));
	EXEC("execveat, a flag that is none", name,
	     (void)WAY(syscall(SYS_execveat, base_fd, name, arguments, environ, 1), SYS_execveat,
		       base_fd, name, arguments, environ, 1));
	fd = open(path, O_PATH);
	if (fd >= 0) {
		EXEC("execveat of a descriptor", name,
		     (void)WAY(syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH),
			       SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH));
		close(fd);
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		EXEC("execveat of a closing descriptor", name,
		     (void)WAY(syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH),
			       SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH));
		close(fd);
	}
	fd = open(ops_base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	EXEC("execveat below a closing descriptor", name,
	     (void)WAY(syscall(SYS_execveat, fd, name, arguments, environ, 0), SYS_execveat, fd,
		       name, arguments, environ, 0));
	close(fd);
}

static void spawned(const char *call, const char *name, int result, const pid_t *pid)
{
	if (result)
		printf("%s %s: %s\n", call, name, ops_error(result));
	else
		report(call, name, *pid);
}

static void run_libc(const char *name)
{
	const char *path = in(name);
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int fd = open(path, O_RDONLY);
	FILE *pipe;

	EXEC("execv", name, execv(path, arguments));
	EXEC("execl", name, execl(path, "zero", "one", (char *)NULL));
	EXEC("execle", name, execle(path, "zero", (char *)NULL, bare));
	EXEC("execvp", name, execvp(path, arguments));
	EXEC("execvpe", name, execvpe(path, arguments, bare));
	if (fd >= 0) {
		EXEC("fexecve", name, fexecve(fd, arguments, environ));
		close(fd);
	}
	spawned("posix_spawn", name, posix_spawn(&pid, path, NULL, NULL, arguments, environ), &pid);
	spawned("posix_spawnp", name, posix_spawnp(&pid, path, NULL, NULL, arguments, bare), &pid);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, ops_base);
	posix_spawn_file_actions_addopen(&actions, 0, "file", O_RDONLY, 0);
	spawned("posix_spawn with actions", name,
		posix_spawn(&pid, path, &actions, NULL, arguments, environ), &pid);
	posix_spawn_file_actions_destroy(&actions);
	fflush(stdout);
	pipe = popen(path, "w");
	printf("popen %s: %d\n", name, pipe ? pclose(pipe) : -1);
	fflush(stdout);
	printf("system %s: %d\n", name, system(path));
}

static void run_from_path(void)
{
	char *const script[] = {(char *)"script", (char *)"x", NULL};

	setenv("PATH", "/opt/nothing:/opt/acme/bin:/usr/bin:/bin", 1);
	EXEC("execvp", "prog", execvp("prog", arguments));
	EXEC("execvp", "script", execvp("script", script));
	EXEC("execvp", "noexec", execvp("noexec", arguments));
	EXEC("execvp", "nothing-of-this-name", execvp("nothing-of-this-name", arguments));
	chdir(ops_base);
	EXEC("execv", "./bin/prog", execv("./bin/prog", arguments));
	EXEC("execv", "bin/relative", execv("bin/relative", arguments));
	fflush(stdout);
	printf("system prog: %d\n", system("prog a; cd /opt/acme/sub && ../bin/prog b"));
}

/* A file that is being written cannot be executed. */
static void run_busy(void)
{
	int fd = open(in("bin/copy"), O_WRONLY);

	EXEC("execve while it is written", "bin/copy", execve(in("bin/copy"), arguments, environ));
	close(fd);
}

static void run_memfd(void)
{
	static char buffer[1 << 16];
	int fd = memfd_create("mem", 0), from = open(in("bin/prog"), O_RDONLY);
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0 && write(fd, buffer, (size_t)n) == n)
		;
	close(from);
	EXEC("execveat of a memfd", "bin/prog",
	     (void)OPS_CALL(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH));
	close(fd);
}

int main(int argc, char **argv)
{
	int base_fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || argv[1][0] == 'o' || argv[1][0] == '/' || argv[1][0] == '-' ||
	    argv[1][0] == 'a' || argv[1][0] == 'x' || argv[1][0] == 'b')
		return tell(argc, argv);
	ops_start(argc, argv);
	base_fd = open(ops_base, O_PATH | O_DIRECTORY);
	setenv("X", "kept", 1);
	for (const char *const *name = names; *name; name++) {
		run(*name, base_fd);
		if (ops_way == OPS_LIBC)
			run_libc(*name);
	}
	if (ops_way == OPS_LIBC) {
		run_from_path();
		run_busy();
	} else {
		run_memfd();
	}
	return 0;
}
