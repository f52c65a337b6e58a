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

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return strerror(errno);
	if (waitpid(pid, NULL, __WALL) != pid)
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
	child_asks();
	handler_attaches();
	memory_is_read();
	say("file", look());
	return 0;
}
