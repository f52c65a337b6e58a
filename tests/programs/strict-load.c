/* SPDX-License-Identifier: MIT
 *     strict-load [-u UID] FILTER PROGRAM [ARG]...
 * Runs PROGRAM beneath the seccomp filter that snapd's compiler wrote into FILTER, and as UID, the
 * way snap-confine does it: loaded with CAP_SYS_ADMIN, without PR_SET_NO_NEW_PRIVS, so that set-id
 * programs work as they would in a snap. Whoever lacks CAP_SYS_ADMIN gets NO_NEW_PRIVS.
 * Run by tests/lib.sh and tests/snap/. It must never let PROGRAM run without the filter.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STATUS_FAILED 125
#define HEAD          128 /* bytes before the programs in the format of snapd 2.62 and newer */

static union {
	char bytes[1 << 20];
	struct sock_filter code[(1 << 20) / sizeof(struct sock_filter)];
} file;

static void fail(const char *what)
{
	fprintf(stderr, "strict-load: %s: %s\n", what, strerror(errno));
	exit(STATUS_FAILED);
}

static void set_capabilities(uint32_t set)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{set, set, 0}, {0, 0, 0}};

	if (syscall(SYS_capset, &head, data) != 0)
		fail("capset");
}

/* Become UID and keep CAP_SYS_ADMIN: the filter refuses setgroups, so this comes before it. */
static void become(unsigned uid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
	    setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		fail("another user");
	if (uid != 0)
		set_capabilities(1u << CAP_SYS_ADMIN);
}

static void load(const char *at, size_t size)
{
	struct sock_fprog program = {(unsigned short)(size / sizeof(struct sock_filter)),
				     (struct sock_filter *)(uintptr_t)at};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return;
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		fail("seccomp");
}

/* Either the instructions and nothing else, or a head with the sizes of what is allowed and of what
 * is denied, and both behind it; the word @unrestricted in place of the instructions, or the second
 * byte of flags, says that there are none. */
static void load_file(const char *name)
{
	uint32_t sizes[2];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, file.bytes, sizeof(file.bytes));

	if (size <= 0)
		fail(name);
	close(fd);
	if (file.bytes[0] == '@')
		return;
	if (size < HEAD || memcmp(file.bytes, "SC", 2) != 0) {
		load(file.bytes, (size_t)size);
		return;
	}
	memcpy(sizes, file.bytes + 8, sizeof(sizes));
	if (file.bytes[3] & 1)
		return;
	if (sizes[1])
		load(file.bytes + HEAD + sizes[0], sizes[1]);
	load(file.bytes + HEAD, sizes[0]);
}

int main(int argc, char **argv)
{
	const char *user = NULL;
	int option;

	while ((option = getopt(argc, argv, "+u:")) == 'u')
		user = optarg;
	if (option != -1 || argc - optind < 2) {
		fprintf(stderr, "strict-load [-u UID] FILTER PROGRAM [ARG]...\n");
		return STATUS_FAILED;
	}
	if (user)
		become((unsigned)atoi(user));
	load_file(argv[optind]);
	if (user && atoi(user) != 0)
		set_capabilities(0);
	execvp(argv[optind + 1], argv + optind + 1);
	fail(argv[optind + 1]);
}
