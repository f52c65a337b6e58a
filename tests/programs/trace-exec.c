/* SPDX-License-Identifier: MIT
 * exec by a thread that is not the leader, from vfork, by descriptor, and exec that fails. Run by
 * tests/integration/trace-exec.sh. It must print the same with and without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;   /* a name of this program that may be a redirected one */
static char *file;   /* a file for the new image to look at */
static char *script; /* a redirected script */

static void run(const char *path, const char *const *args)
{
	execve(path, (char *const *)(uintptr_t)args, environ);
}

static __attribute__((noinline)) pid_t vfork_and_run(const char *path, const char *const *args)
{
	pid_t pid = vfork();

	if (pid == 0) {
		run(path, args);
		_exit(99);
	}
	return pid;
}

static void *executor(void *argument)
{
	const char *args[] = {self, "image", file, argument, NULL};

	usleep(20000); /* the leader shall be where it is to be */
	run(self, args);
	printf("exec: %s\n", strerror(errno));
	_exit(1);
}

static void *idler(void *argument)
{
	for (;;)
		access(file, R_OK);
	return argument;
}

/* The leader waits, runs, or has ended, while another thread executes. */
static int from_thread(const char *leader)
{
	pthread_t thread, idle;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pthread_create(&idle, NULL, idler, NULL);
		pthread_create(&thread, NULL, executor, (void *)(size_t)leader);
		if (!strcmp(leader, "waits"))
			pause();
		if (!strcmp(leader, "joins"))
			pthread_join(idle, NULL);
		if (!strcmp(leader, "ends"))
			pthread_exit(NULL);
		for (;;)
			access("/", R_OK);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	printf("leader %s: status %#x\n", leader, status);
	return 0;
}

/* What became of us: the new image. */
static int image(char **argv)
{
	char name[4096], comm[16];
	ssize_t n = readlink("/proc/self/exe", name, sizeof(name) - 1);

	name[n < 0 ? 0 : n] = '\0';
	prctl(PR_GET_NAME, comm);
	printf("image: leader %s, argv[0] %s, exe %s, comm %s, AT_EXECFN %s, pid %s, file %s\n",
	       argv[3], argv[0], name, comm, (const char *)getauxval(AT_EXECFN),
	       getpid() == (pid_t)syscall(SYS_gettid) ? "leads" : "does not lead",
	       access(argv[2], R_OK) ? strerror(errno) : "found");
	return 0;
}

static void after(const char *what, pid_t pid)
{
	int status = -1;

	if (pid > 0)
		waitpid(pid, &status, 0);
	printf("%s: status %#x\n", what, status);
	fflush(stdout);
}

static void by_vfork(void)
{
	const char *args[] = {self, "image", file, "vfork", NULL};
	const char *script_args[] = {"zero", "one", "two words", NULL};

	after("vfork", vfork_and_run(self, args));
	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork_and_run(script, script_args);

		if (i % 10 == 0)
			after("vfork, script", pid);
		else
			waitpid(pid, NULL, 0);
	}
}

static void by_spawn(void)
{
	const char *args[] = {self, "image", file, "spawn", NULL};
	pid_t pid = -1;

	fflush(stdout);
	if (posix_spawn(&pid, self, NULL, NULL, (char *const *)(uintptr_t)args, environ))
		pid = -1;
	after("posix_spawn", pid);
}

static void by_descriptor(void)
{
	const char *args[] = {self, "image", file, "fexecve", NULL};
	int fd = open(self, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, (char *const *)(uintptr_t)args, environ);
		_exit(99);
	}
	after("fexecve", pid);
	close(fd);
}

/* With a directory's descriptor and the last name only. */
static void by_directory(void)
{
	const char *args[] = {self, "image", file, "execveat", NULL};
	char *dir = strdup(self);
	int fd;
	pid_t pid;

	*strrchr(dir, '/') = '\0';
	fd = open(dir, O_PATH | O_DIRECTORY);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, strrchr(self, '/') + 1, args, environ, 0);
		_exit(99);
	}
	after("execveat", pid);
	close(fd);
	free(dir);
}

static void failing(void)
{
	static const char *args[200001];
	const char *none[] = {"none", NULL};
	char name[4096];
	const char *const *volatile nowhere = (const char *const *)8;

	run(file, none);
	printf("a file that is no program: %s\n", strerror(errno));
	snprintf(name, sizeof(name), "%s/x", file);
	run(name, none);
	printf("below a file: %s\n", strerror(errno));
	snprintf(name, sizeof(name), "%s-missing", file);
	run(name, none);
	printf("missing: %s\n", strerror(errno));
	run(script, nowhere);
	printf("bad vector: %s\n", strerror(errno));
	run((const char *)(uintptr_t)nowhere, none);
	printf("bad name: %s\n", strerror(errno));
	for (int i = 0; i < 200000; i++)
		args[i] = "an argument that makes the whole vector longer than the kernel takes, "
			  "whatever the limit of the stack is, since there are so many of them";
	run(script, args);
	printf("long vector: %s\n", strerror(errno));
	printf("then: %s\n", access(file, R_OK) ? strerror(errno) : "found");
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "image"))
		return image(argv);
	if (argc < 4)
		return 2;
	self = argv[1];
	file = argv[2];
	script = argv[3];
	setvbuf(stdout, NULL, _IOLBF, 0);
	from_thread("waits");
	from_thread("joins");
	from_thread("runs");
	from_thread("ends");
	by_vfork();
	by_spawn();
	by_descriptor();
	by_directory();
	failing();
	return 0;
}
