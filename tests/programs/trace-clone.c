/* SPDX-License-Identifier: MIT
 * Processes made by raw clone and clone3, untraced ones too: each looks at a file, and finds its
 * registers as it should. Run by tests/integration/trace-clone.sh. It must print the same with and
 * without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* struct clone_args and a flag of <linux/sched.h>, which musl's compiler has not got. */
struct request {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif

static const char *file;

static int look(void *argument)
{
	/* With shared memory, errno is the parent's. */
	return syscall(SYS_faccessat, AT_FDCWD, file, R_OK) ? 1 : 40;
}

static void report(const char *what, long pid)
{
	int status = -1;

	if (pid < 0)
		printf("%s: %s\n", what, strerror(errno));
	else if (waitpid((pid_t)pid, &status, __WALL) != (pid_t)pid)
		printf("%s: wait: %s\n", what, strerror(errno));
	else
		printf("%s: status %#x, parent %s\n", what, status,
		       look(NULL) == 40 ? "found" : "lost");
	fflush(stdout);
}

static void by_clone(const char *what, unsigned long flags)
{
	static char stack[65536] __attribute__((aligned(16)));

	report(what, clone(look, stack + sizeof(stack), (int)flags, NULL));
}

static void by_clone3(const char *what, uint64_t flags)
{
	struct request args = {.flags = flags, .exit_signal = SIGCHLD};
	struct request before = args;
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(memcmp(&args, &before, sizeof(args)) ? 2 : look(NULL));
	report(what, pid);
	if (memcmp(&args, &before, sizeof(args)))
		printf("%s: its arguments have changed\n", what);
}

static void bad_clone3(void)
{
	struct request args = {.exit_signal = SIGCHLD};

	printf("clone3, short: %s\n",
	       syscall(SYS_clone3, &args, 8) < 0 ? strerror(errno) : "a child");
	printf("clone3, long: %s\n",
	       syscall(SYS_clone3, &args, 100000) < 0 ? strerror(errno) : "a child");
	printf("clone3, nowhere: %s\n",
	       syscall(SYS_clone3, 8, sizeof(args)) < 0 ? strerror(errno) : "a child");
	args.flags = CLONE_UNTRACED | CLONE_THREAD;
	printf("clone3, impossible flags: %s\n",
	       syscall(SYS_clone3, &args, sizeof(args)) < 0 ? strerror(errno) : "a child");
}

/* A number of its own choice: that of a child which has just gone. Only CAP_SYS_ADMIN may choose.
 */
static void by_set_tid(const char *what, uint64_t flags)
{
	for (int i = 0; i < 20; i++) {
		pid_t wanted = fork();
		struct request args = {.flags = flags, .exit_signal = SIGCHLD};
		long pid;

		if (wanted == 0)
			_exit(0);
		waitpid(wanted, NULL, 0);
		args.set_tid = (uintptr_t)&wanted;
		args.set_tid_size = 1;
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (pid == 0)
			_exit(getpid() == wanted ? look(NULL) : 4);
		if (pid < 0 && errno == EEXIST)
			continue; /* somebody else has it already */
		report(what, pid);
		return;
	}
	printf("%s: all taken\n", what);
}

#ifdef __x86_64__
/* The flags are in a register that parent and child must find unchanged. */
static void registers(void)
{
	unsigned long flags = CLONE_UNTRACED | SIGCHLD, after = 0;
	long pid;

	__asm__ volatile("xor %%esi, %%esi\n xor %%edx, %%edx\n xor %%r10d, %%r10d\n"
			 "xor %%r8d, %%r8d\n syscall"
			 : "=a"(pid), "=D"(after)
			 : "a"(SYS_clone), "D"(flags)
			 : "rsi", "rdx", "r10", "r8", "rcx", "r11", "memory");
	if (pid == 0)
		_exit(after == flags ? look(NULL) : 3);
	report("raw clone", pid);
	printf("flags of the parent: %s\n", after == flags ? "kept" : "changed");
}
#else
static void registers(void)
{
	puts("no raw clone here");
}
#endif

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	file = argv[1];
	by_clone("fork", SIGCHLD);
	by_clone("shared memory", CLONE_VM | SIGCHLD);
	by_clone("shared memory and files", CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD);
	by_clone("vfork", CLONE_VM | CLONE_VFORK | SIGCHLD);
	by_clone("vfork of its own memory", CLONE_VFORK | SIGCHLD);
	by_clone("no signal", 0);
	by_clone("untraced", CLONE_UNTRACED | SIGCHLD);
	by_clone("untraced, shared memory", CLONE_UNTRACED | CLONE_VM | SIGCHLD);
	by_clone("untraced, vfork", CLONE_UNTRACED | CLONE_VM | CLONE_VFORK | SIGCHLD);
	by_clone3("clone3", 0);
	by_clone3("clone3, untraced", CLONE_UNTRACED);
	by_clone3("clone3, clear handlers", CLONE_CLEAR_SIGHAND);
	by_clone3("clone3, untraced, files", CLONE_UNTRACED | CLONE_FILES | CLONE_FS);
	by_set_tid("a chosen number", 0);
	by_set_tid("a chosen number, untraced", CLONE_UNTRACED);
	bad_clone3();
	registers();
	return 0;
}
