/* SPDX-License-Identifier: MIT
 * Can programs be traced here? Found out by doing it once, on a child that shares our memory and
 * lives for some 100 us. Only the launcher calls it. It must leave nothing behind: no child, no
 * filter, no changed signal.
 */
#include "tracer/filter.h"
#include "tracer/tracer.h"

#include "tracer/arch/arch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK 16384

struct probe {
	int go;             /* futex: 1 once the child is attached */
	int filter_err;     /* errno of the child's filter, 0 */
	int steps;          /* how far the child came */
	const char *failed; /* the call that was refused */
};

/* A copy of the memory is not needed, so errno is shared too: nothing here may look at it. */
static int child(void *argument)
{
	struct probe *probe = argument;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | FILTER_TAG),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	while (!__atomic_load_n(&probe->go, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &probe->go, FUTEX_WAIT, 0, NULL, NULL, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		probe->filter_err = errno;
	else
		syscall(SYS_getppid);
	_exit(0);
}

/* With the child attached: run it into its stop and read from it. */
static int watch(struct probe *probe, pid_t pid)
{
	struct iovec local, remote;
	int status, seen = 0;
	long r;

	__atomic_store_n(&probe->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &probe->go, FUTEX_WAKE, 1, NULL, NULL, 0);
	do {
		r = waitpid(pid, &status, __WALL);
	} while (r < 0 && errno == EINTR);
	if (r != pid || !WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_SECCOMP) {
		probe->failed = "seccomp";
		return probe->filter_err ? -probe->filter_err : -EOPNOTSUPP;
	}
	local = (struct iovec){&seen, sizeof(seen)};
	remote = (struct iovec){&probe->go, sizeof(probe->go)};
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(seen))
		return 0;
	/* The slower way serves as well. */
	r = arch_ptrace(PTRACE_PEEKDATA, pid, (uintptr_t)&probe->go & ~(sizeof(long) - 1),
			(uintptr_t) & (long){0});
	probe->failed = "process_vm_readv and PTRACE_PEEKDATA";
	return (int)r;
}

static int try_child(struct probe *probe)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int status, r;
	pid_t pid;

	if (stack == MAP_FAILED)
		return -errno;
	pid = clone(child, stack + STACK, CLONE_VM | CLONE_FS, probe);
	if (pid < 0) {
		r = -errno;
		probe->failed = "clone";
		munmap(stack, STACK);
		return r;
	}
	r = (int)arch_ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP);
	if (r)
		probe->failed = "ptrace";
	else
		r = watch(probe, pid);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		;
	munmap(stack, STACK);
	return r;
}

/* The line "NAME:<tab>NUMBER" of /proc/self/status, or 0. */
static long status_number(const char *name)
{
	char text[4096];
	const char *at;
	ssize_t n;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, name);
	return at && at[strlen(name)] == ':' ? strtol(at + strlen(name) + 1, NULL, 10) : 0;
}

static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static int say_traced(pid_t by, char *why, size_t size)
{
	char path[40], name[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", by);
	read_line(path, name, sizeof(name));
	snprintf(why, size,
		 "another tracer is attached already (%s, process %d); start snapredir without it",
		 name[0] ? name : "unknown", by);
	return -EPERM;
}

static void say_ptrace(int err, char *why, size_t size)
{
	char scope[16];

	read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));
	if (scope[0] >= '2')
		snprintf(why, size,
			 "kernel.yama.ptrace_scope is %s, which keeps %s from tracing; "
			 "sysctl kernel.yama.ptrace_scope=1 would allow it",
			 scope, scope[0] == '2' ? "ordinary users" : "everybody");
	else if (status_number("Seccomp") == 2)
		snprintf(why, size,
			 "ptrace gives \"%s\": the seccomp profile of this container or snap "
			 "forbids it; a profile that allows ptrace, or a classic or devmode snap, "
			 "would change that",
			 strerror(-err));
	else
		snprintf(why, size,
			 "ptrace gives \"%s\": a security module or the container forbids it",
			 strerror(-err));
}

static void say(const struct probe *probe, int err, char *why, size_t size)
{
	if (!strcmp(probe->failed, "ptrace"))
		say_ptrace(err, why, size);
	else if (!strcmp(probe->failed, "seccomp"))
		snprintf(
			why, size,
			"a seccomp filter with stops cannot be installed (\"%s\"): the container's "
			"profile forbids it, or the kernel lacks CONFIG_SECCOMP_FILTER",
			strerror(-err));
	else
		snprintf(why, size, "%s gives \"%s\"", probe->failed, strerror(-err));
}

int tracer_probe(char *why, size_t size)
{
	struct probe probe = {.failed = "mmap"};
	pid_t by = (pid_t)status_number("TracerPid");
	int r;

	why[0] = '\0';
	if (by)
		return say_traced(by, why, size);
	r = try_child(&probe);
	if (r)
		say(&probe, r, why, size);
	return r;
}
