/* SPDX-License-Identifier: MIT
 * Can programs be traced here? Found out by doing it once, on a child that shares our memory and
 * lives for some 100 us. Only the launcher calls it. It must leave nothing behind: no child, no
 * filter, no changed signal.
 */
#include "tracer/probe.h"

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
	int go;                 /* futex: 1 once the child is attached */
	int filter_err;         /* errno of the child's filter, 0 */
	enum probe_step failed; /* where it went wrong */
};

/* A copy of the memory is not needed, so errno is shared too: nothing here may look at it.
 * Nothing of its stack may stay marked by a sanitizer: other things will lie there. */
static __attribute__((no_sanitize_address)) int child(void *argument)
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
		probe->failed = PROBE_SECCOMP;
		return probe->filter_err ? -probe->filter_err : -EOPNOTSUPP;
	}
	local = (struct iovec){&seen, sizeof(seen)};
	remote = (struct iovec){&probe->go, sizeof(probe->go)};
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(seen))
		return 0;
	/* The slower way serves as well. */
	r = arch_ptrace(PTRACE_PEEKDATA, pid, (uintptr_t)&probe->go & ~(sizeof(long) - 1),
			(uintptr_t) & (long){0});
	probe->failed = PROBE_MEMORY;
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
		munmap(stack, STACK);
		return r;
	}
	r = (int)arch_ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP);
	if (r)
		probe->failed = PROBE_PTRACE;
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

/* What ptrace(2) itself was refused with. */
static void explain_ptrace(const struct probe_facts *facts, char *why, size_t size)
{
	const char *error = strerror(-facts->err);

	if (facts->yama >= '2')
		snprintf(why, size,
			 "kernel.yama.ptrace_scope is %c, which keeps %s from tracing; %s",
			 facts->yama,
			 facts->yama == '2' ? "programs without CAP_SYS_PTRACE" : "everybody",
			 facts->yama == '2'
				 ? "sysctl kernel.yama.ptrace_scope=1 would allow it"
				 : "only a start of the machine without it changes that");
	else if (facts->filtered)
		snprintf(why, size,
			 "ptrace gives \"%s\": the seccomp profile of this container or snap "
			 "forbids it; a profile that allows ptrace, or a classic or devmode snap, "
			 "would change that",
			 error);
	else
		snprintf(why, size,
			 "ptrace gives \"%s\": a security module (AppArmor, SELinux) or the "
			 "container forbids it; its log names the rule to change",
			 error);
}

void probe_explain(const struct probe_facts *facts, char *why, size_t size)
{
	const char *error = strerror(-facts->err);

	if (facts->failed == PROBE_PTRACE)
		explain_ptrace(facts, why, size);
	else if (facts->failed == PROBE_SECCOMP && facts->filtered)
		snprintf(why, size,
			 "seccomp gives \"%s\": the seccomp profile of this container or snap "
			 "forbids filters with stops; a profile that allows seccomp(2) would "
			 "change that",
			 error);
	else if (facts->failed == PROBE_SECCOMP)
		snprintf(why, size,
			 "seccomp gives \"%s\": a kernel with CONFIG_SECCOMP_FILTER, Linux 4.8 "
			 "or newer, would change that",
			 error);
	else if (facts->failed == PROBE_MEMORY)
		snprintf(why, size,
			 "process_vm_readv and PTRACE_PEEKDATA both give \"%s\"; a profile that "
			 "allows one of them would change that",
			 error);
	else
		snprintf(why, size,
			 "no child could be started to try it: %s; allow it a process more "
			 "(ulimit -u) and memory",
			 error);
}

int tracer_probe(char *why, size_t size)
{
	struct probe probe = {.failed = PROBE_CHILD};
	struct probe_facts facts;
	char scope[16];
	pid_t by = (pid_t)status_number("TracerPid");
	int r;

	why[0] = '\0';
	if (by)
		return say_traced(by, why, size);
	r = try_child(&probe);
	if (!r)
		return 0;
	read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));
	facts = (struct probe_facts){
		.failed = probe.failed,
		.err = r,
		.yama = scope[0],
		.filtered = status_number("Seccomp") == 2,
	};
	probe_explain(&facts, why, size);
	return r;
}
