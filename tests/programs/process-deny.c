/* SPDX-License-Identifier: MIT
 *     process-deny ERRNO CALL... -- PROGRAM [ARG]...
 * Runs PROGRAM where the system calls CALL fail, as the seccomp profile of a container does it.
 * Run by tests/integration/process-denied.sh. It must never deny more than what was named.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{"ptrace", SYS_ptrace},
	{"process_vm_readv", SYS_process_vm_readv},
	{"process_vm_writev", SYS_process_vm_writev},
	{"seccomp", SYS_seccomp},
	{"pidfd_open", SYS_pidfd_open},
	{"pidfd_getfd", SYS_pidfd_getfd},
	{"close_range", SYS_close_range},
	{"memfd_create", SYS_memfd_create},
#ifdef SYS_mknod
	{"mknod", SYS_mknod},
#endif
	{"mknodat", SYS_mknodat},
	{"renameat2", SYS_renameat2},
};

static struct sock_filter code[64];
static unsigned short length;

static void put(unsigned short op, unsigned k, unsigned char jt, unsigned char jf)
{
	code[length++] = (struct sock_filter){op, jt, jf, k};
}

static int deny(const char *name, unsigned error)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (strcmp(calls[i].name, name))
			continue;
		put(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
		put(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_fprog program = {0, code};
	int i = 2;

	if (argc < 4)
		return 99;
	put(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (; i < argc && strcmp(argv[i], "--"); i++) {
		if (i > 20 || deny(argv[i], (unsigned)atoi(argv[1]))) {
			fprintf(stderr, "process-deny: not known: %s\n", argv[i]);
			return 99;
		}
	}
	put(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	program.len = length;
	if ((geteuid() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) || i + 1 >= argc) {
		perror("process-deny");
		return 99;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 99;
}
