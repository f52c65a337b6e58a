/* SPDX-License-Identifier: MIT
 * A program whose children are traced by it before they execute anything, and what they do then.
 * Run by tests/integration/process-tracers.sh. Prints nothing that is another one each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *directory, *program;
static char file[512], link_to[512];

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "good");
}

/* Let PID run, as a debugger does, and tell its stops. */
static void follow(pid_t pid, const char *name)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);

		printf("%s: stopped by %d, event %d\n", name, sig, status >> 16);
		ptrace(PTRACE_CONT, pid, NULL,
		       (void *)(intptr_t)(sig == SIGTRAP || sig == SIGSTOP ? 0 : sig));
	}
	printf("%s: %s %d\n", name, WIFEXITED(status) ? "ends with" : "killed by",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void look(void)
{
	char text[64] = "";
	struct stat st;
	int fd = open(file, O_RDONLY), dirfd = open(directory, O_RDONLY | O_DIRECTORY);

	say("open", fd);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		printf("text: %s", text);
	say("open of a directory", dirfd);
	say("stat", stat(file, &st));
	printf("size: %ld\n", (long)st.st_size);
	say("lstat of what is not there", lstat("/opt/acme-not-there", &st));
	say("fstatat", fstatat(dirfd, "file", &st, 0));
	say("rename", rename(file, link_to));
	say("rename back", rename(link_to, file));
	say("mkdir of the rule", mkdir(directory, 0777));
	say("access", access(file, X_OK));
	close(fd);
	close(dirfd);
}

static void traced_without_exec(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		say("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		say("traceme again", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		look();
		pid = fork();
		if (pid == 0)
			_exit(access(file, R_OK) ? 3 : 4);
		follow(pid, "its child");
		raise(SIGUSR1);
		_exit(0);
	}
	follow(pid, "no exec");
}

static void execute(const char *path)
{
	execl(path, "program", file, (char *)NULL);
	printf("exec: %s\n", strerror(errno));
	_exit(access(file, R_OK) ? 5 : 6);
}

static void traced_exec(const char *path, int stops, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		if (stops)
			raise(SIGSTOP);
		execute(path);
	}
	follow(pid, name);
}

static void traced_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl("/opt/acme-not-there", "program", file, (char *)NULL);
		execl(program, "program", file, (char *)NULL);
		_exit(7);
	}
	follow(pid, "vfork");
}

static void *run_on(void *stop)
{
	while (!*(volatile int *)stop)
		if (execl("/opt/acme-not-there", "program", (char *)NULL) == 0 ||
		    access(file, R_OK))
			printf("another thread: bad\n");
	return NULL;
}

/* The memory of such a child is that of threads which make the same calls meanwhile. */
static void vfork_of_many(void)
{
	pthread_t thread;
	volatile int stop = 0;

	pthread_create(&thread, NULL, run_on, (void *)&stop);
	for (int i = 0; i < 5; i++)
		traced_vfork();
	stop = 1;
	pthread_join(thread, NULL);
}

/* As strace does it. */
static void seized(const char *path)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		raise(SIGSTOP);
		execute(path);
	}
	waitpid(pid, &status, WUNTRACED);
	printf("seized: stopped by %d\n", WSTOPSIG(status));
	say("seize", ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXEC));
	kill(pid, SIGCONT);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (status >> 16 == PTRACE_EVENT_EXEC)
			printf("seized: executes\n");
		ptrace(status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGSTOP
			       ? PTRACE_LISTEN
			       : PTRACE_CONT,
		       pid, NULL, NULL);
	}
	printf("seized: ends with %d\n", WEXITSTATUS(status));
}

static volatile sig_atomic_t ticks, bad;

static void tick(int sig)
{
	int old = errno;

	ticks++;
	bad += access(file, R_OK) != 0;
	bad += access("/", R_OK) != 0;
	errno = old;
}

/* Signals whose handlers make calls themselves, before, in and after each call. */
static void interrupted(void)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	pid_t pid = fork();

	if (pid == 0) {
		int missing = 0, status = 0;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		/* Not traced from here on, so that signals do not wait for their tracer. */
		pid = fork();
		if (pid == 0) {
			sigaction(SIGALRM, &action, NULL);
			setitimer(ITIMER_REAL, &often, NULL);
			for (int i = 0; i < 2000 || (!ticks && i < 1000000); i++)
				missing += access(file, R_OK) != 0;
			setitimer(ITIMER_REAL, &never, NULL);
			printf("interrupted: %d missing, %d in handlers%s\n", missing, (int)bad,
			       ticks ? "" : ", no signals");
			execl(program, "program", file, (char *)NULL);
			_exit(8);
		}
		waitpid(pid, &status, 0);
		printf("interrupted: %d\n", WEXITSTATUS(status));
		_exit(0);
	}
	follow(pid, "with signals");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	directory = argv[1];
	program = argv[2];
	snprintf(file, sizeof(file), "%s/file", directory);
	snprintf(link_to, sizeof(link_to), "%s/other", directory);
	setvbuf(stdout, NULL, _IOLBF, 0);
	traced_without_exec();
	traced_exec(program, 0, "exec");
	traced_exec(program, 1, "a stop and exec");
	traced_exec("/opt/acme-not-there", 1, "no program");
	traced_vfork();
	traced_vfork();
	vfork_of_many();
	seized(program);
	interrupted();
	if (argc > 3)
		traced_exec(argv[3], 1, "another one");
	say("access", access(file, R_OK));
	return 0;
}
