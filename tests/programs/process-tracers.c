/* SPDX-License-Identifier: MIT
 * A program that traces others: its child, as a debugger does, and its parent, as a crash handler
 * does. Run by tests/integration/process-tracers.sh. It must go on where tracing is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;
static volatile long secret = 4711;

static const char *look(void)
{
	return access(file, R_OK) ? strerror(errno) : "found";
}

static void say(const char *what, const char *said)
{
	printf("%s: %s\n", what, said);
}

/* PTRACE_TRACEME, then a stop that only a tracer's parent hears of in this way. */
static void child_asks(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
			say("traced by its parent", strerror(errno));
			_exit(access(file, R_OK) != 0);
		}
		raise(SIGUSR1);
		_exit(access(file, R_OK) != 0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		printf("traced by its parent: stopped by %d\n", WSTOPSIG(status));
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	printf("its child ends with %#x\n", status);
}

/* Attach to PID, read a word of it, let it go. */
static const char *inspect(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec all = {&regs, sizeof(regs)};
	long word;
	int status = 0;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return strerror(errno);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) != SIGSTOP)
		ptrace(PTRACE_CONT, pid, NULL, (void *)(uintptr_t)WSTOPSIG(status));
	if (!WIFSTOPPED(status))
		return "no stop";
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)&secret, NULL);
	if (errno || word != secret ||
	    ptrace(PTRACE_GETREGSET, pid, (void *)1 /* NT_PRSTATUS */, &all) < 0)
		return "cannot be read";
	return ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 ? strerror(errno) : "read";
}

/* The handler is forked by the one that it looks at, as breakpad and crashpad do it. */
static void handler_attaches(void)
{
	pid_t self = getpid(), pid;

	prctl(PR_SET_PTRACER, (unsigned long)-1, 0, 0, 0);
	pid = fork();
	if (pid == 0) {
		say("a crash handler", inspect(self));
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Who was traced goes on afterwards: by one call, by what libc does inside, in a child, in a
 * program. */
static void goes_on(void)
{
	char *real = realpath(file, NULL);
	FILE *stream = fopen(file, "re");
	char line[64] = "", command[256];
	pid_t pid;
	int status = -1;

	say("its name", real ? real : strerror(errno));
	say("its text", stream && fgets(line, sizeof(line), stream) ? strtok(line, "\n") : "none");
	if (stream)
		fclose(stream);
	free(real);
	pid = fork();
	if (pid == 0) {
		real = realpath(file, NULL);
		_exit(!real || access(file, R_OK));
	}
	waitpid(pid, &status, 0);
	say("in a child", status ? "not found" : "found");
	snprintf(command, sizeof(command), "cat %s", file);
	fflush(stdout);
	printf("in a program: %d\n", system(command));
}

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
	ticks++;
}

/* Reads from FD and looks, while signals come. */
static _Noreturn void be_busy(int fd)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 1000}, {0, 1000}};
	int bad = 0;
	char byte = 'x';

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (byte == 'x') {
		bad += read(fd, &byte, 1) != 1;
		bad += access(file, R_OK) != 0;
	}
	_exit(bad);
}

/* Attached to wherever they are: in a call, in a handler, between two of them. */
static void busy_ones(void)
{
	int good = 0;

	for (int i = 0; i < 20; i++) {
		int ends[2], status = -1;
		pid_t pid = pipe(ends) ? -1 : fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			be_busy(ends[0]);
		}
		for (int n = 0; n < i * 10; n++)
			good -= write(ends[1], "x", 1) != 1;
		if (i % 3 == 0)
			usleep(1000);
		if (!strcmp(inspect(pid), "read") && write(ends[1], "xxxxxq", 6) == 6 &&
		    waitpid(pid, &status, 0) == pid && status == 0)
			good++;
		else
			kill(pid, SIGKILL);
		close(ends[0]);
		close(ends[1]);
	}
	printf("busy ones: %d of 20\n", good);
}

/* Without tracing: what process_vm_readv(2) may do, too. */
static void memory_is_read(void)
{
	pid_t pid = fork();
	long seen = 0;
	struct iovec local = {&seen, sizeof(seen)};
	struct iovec remote = {(void *)(uintptr_t)&secret, sizeof(secret)};

	if (pid == 0) {
		pause();
		_exit(0);
	}
	printf("memory of a child: %s\n",
	       process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(seen) && seen == secret
		       ? "read"
		       : strerror(errno));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	file = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	say("file", look());
	if (argc > 2)
		busy_ones();
	child_asks();
	handler_attaches();
	goes_on();
	memory_is_read();
	say("file", look());
	return 0;
}
