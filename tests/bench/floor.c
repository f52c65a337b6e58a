/* SPDX-License-Identifier: MIT
 * The yardstick for the tracer: floor bare|miss PROGRAM [ARG]... runs PROGRAM with a filter that
 * stops each stat, and does at a stop only what cannot be spared: bare is wait and continue, miss
 * is wait, GET_SYSCALL_INFO, process_vm_readv and continue. It must look at nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void filter_stat(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 1, 0),
#ifdef SYS_stat
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_stat, 0, 1),
#else
		BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

static void serve_miss(pid_t pid)
{
	static char text[4096];
	struct __ptrace_syscall_info info;
	struct iovec local = {text, 256}, remote;

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	remote = (struct iovec){(void *)info.seccomp.args[info.seccomp.nr == SYS_newfstatat], 256};
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0)
		text[0] = '\0';
}

int main(int argc, char **argv)
{
	bool miss;
	int status, ready[2];
	char byte;
	pid_t pid;

	if (argc < 3 || pipe2(ready, O_CLOEXEC) != 0) {
		fprintf(stderr, "usage: floor bare|miss PROGRAM [ARG]...\n");
		return 2;
	}
	miss = strcmp(argv[1], "miss") == 0;
	pid = fork();
	if (pid == 0) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		filter_stat();
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) != 0) {
		fprintf(stderr, "floor: %s\n", strerror(errno));
		kill(pid, SIGKILL);
		return 1;
	}
	if (write(ready[1], "", 1) != 1)
		return 1;
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		if (miss && status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			serve_miss(pid);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	return WEXITSTATUS(status);
}
