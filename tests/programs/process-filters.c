/* SPDX-License-Identifier: MIT
 * Sandboxes of the program's own: calls that it hands to a supervisor (SECCOMP_RET_USER_NOTIF),
 * that become a signal whose handler asks a broker, as in browsers (SECCOMP_RET_TRAP), and that
 * fail (SECCOMP_RET_ERRNO). Run by tests/integration/process-filters.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __i386__
#define RESULT REG_EAX
#define ARG0   REG_EBX
#define ARG1   REG_ECX
#else
#define RESULT REG_RAX
#define ARG0   REG_RDI
#define ARG1   REG_RSI
#endif

#define MAX_RULES 64

static const char *file;

static struct sock_filter code[2 * MAX_RULES];
static unsigned short n;

static void begin(void)
{
	n = 0;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
}

static void add(long nr, uint32_t action)
{
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static int install(uint32_t rest, unsigned flags)
{
	struct sock_fprog program = {.filter = code};

	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, rest);
	program.len = n;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "good");
}

static void read_all(int fd)
{
	char text[64] = "";

	say("open", fd);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0)
		printf("text: %s", text);
	if (fd >= 0)
		close(fd);
}

static void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	int error = fd < 0 ? errno : 0;
	struct iovec data = {&error, sizeof(error)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	sendmsg(socket, &message, 0);
	if (fd >= 0)
		close(fd);
}

/* Returns a descriptor or -errno. */
static int receive_fd(int socket)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int error = EIO, fd;
	struct iovec data = {&error, sizeof(error)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (recvmsg(socket, &message, 0) != sizeof(error) || error)
		return -error;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* ---- a supervisor ---- */

static void supervise(int listener, pid_t pid)
{
	struct seccomp_notif asked;
	struct seccomp_notif_resp answer;

	for (;;) {
		char path[4096] = "", memory[64];
		int from;

		memset(&asked, 0, sizeof(asked));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
			return;
		memset(&answer, 0, sizeof(answer));
		answer.id = asked.id;
		if (asked.data.nr == SYS_getppid) {
			answer.val = 4711;
		} else if (asked.data.nr == SYS_mkdirat || asked.data.nr == SYS_mkdir) {
			/* It makes the directory in the place of who asked. */
			snprintf(memory, sizeof(memory), "/proc/%u/mem", asked.pid);
			from = open(memory, O_RDONLY);
			if (pread(from, path, sizeof(path) - 1,
				  (off_t)asked.data.args[asked.data.nr == SYS_mkdirat]) < 0)
				perror("pread");
			close(from);
			answer.error = mkdir(path, 0755) ? -errno : 0;
		} else {
			answer.error = -ENOTTY;
		}
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) && errno != ENOENT)
			perror("send");
		if (asked.data.nr == SYS_sync)
			return;
	}
}

static void supervised(void)
{
	char made[4200];
	int pair[2], status, listener;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return;
	pid = fork();
	if (pid == 0) {
		begin();
		add(SYS_getppid, SECCOMP_RET_USER_NOTIF);
		add(SYS_mkdirat, SECCOMP_RET_USER_NOTIF);
#ifdef SYS_mkdir
		add(SYS_mkdir, SECCOMP_RET_USER_NOTIF);
#endif
		add(SYS_sync, SECCOMP_RET_USER_NOTIF);
		listener = install(SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		say("listener", listener);
		send_fd(pair[0], listener);
		printf("its parent: %d\n", (int)syscall(SYS_getppid));
		snprintf(made, sizeof(made), "%s.made", file);
		say("mkdir", mkdir(made, 0700));
		say("mkdir again", mkdir(made, 0700));
		read_all(open(file, O_RDONLY));
		say("stat", access(made, F_OK));
		say("rmdir", rmdir(made));
		if (fork() == 0)
			_exit(access(file, R_OK) != 0);
		wait(&status);
		printf("its child: %d\n", status);
		sync();
		execl("/bin/cat", "cat", file, (char *)NULL);
		_exit(1);
	}
	listener = receive_fd(pair[1]);
	supervise(listener, pid);
	waitpid(pid, &status, 0);
	printf("it ends with %d\n", status);
}

/* ---- a browser's sandbox ---- */

static int broker;
static volatile sig_atomic_t trapped;

/* The broker opens for it. */
static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	greg_t *result = &user->uc_mcontext.gregs[RESULT];
	const char *path = NULL;

	trapped++;
	if (info->si_syscall == SYS_openat)
		path = (const char *)user->uc_mcontext.gregs[ARG1];
	if (info->si_syscall == SYS_open)
		path = (const char *)user->uc_mcontext.gregs[ARG0];
	if (!path) {
		*result = -EACCES;
		return;
	}
	send(broker, path, strlen(path) + 1, 0);
	*result = receive_fd(broker);
}

static void serve_files(int socket)
{
	char path[4096];

	while (recv(socket, path, sizeof(path), 0) > 0)
		send_fd(socket, open(path, O_RDONLY));
	_exit(0);
}

static void browser(void)
{
	static const long allowed[] = {
		SYS_read,       SYS_write,      SYS_close, SYS_sendto,       SYS_recvmsg,
		SYS_exit_group, SYS_futex,      SYS_fstat, SYS_rt_sigreturn, SYS_exit,
		SYS_munmap,     SYS_brk,        SYS_mmap,  SYS_lseek,        SYS_rt_sigprocmask,
#ifdef __i386__
		SYS_mmap2,      SYS_socketcall,
#else
		SYS_newfstatat,
#endif
	};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	int pair[2], status = 0;
	pid_t server, pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return;
	server = fork();
	if (server == 0) {
		close(pair[0]);
		serve_files(pair[1]);
	}
	close(pair[1]);
	broker = pair[0];
	pid = fork();
	if (pid == 0) {
		sigaction(SIGSYS, &action, NULL);
		begin();
		for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
			add(allowed[i], SECCOMP_RET_ALLOW);
		say("filter", install(SECCOMP_RET_TRAP, 0));
		read_all(open(file, O_RDONLY));
		read_all(open(file, O_RDONLY | O_CLOEXEC));
		read_all(open("/opt/acme-not-there", O_RDONLY));
		say("access", access(file, R_OK));
		say("unlink", unlink("/opt/acme-not-there"));
		/* Once for each, or more often under preload. */
		printf("trapped: %s\n", trapped >= 5 ? "yes" : "not all");
		fflush(stdout);
		_exit(7);
	}
	waitpid(pid, &status, 0);
	printf("it ends with %#x\n", status);
	close(pair[0]);
	waitpid(server, NULL, 0);
}

/* ---- calls that fail ---- */

static void forbidden(void)
{
	pid_t pid = fork();
	struct stat st;
	int status;

	if (pid == 0) {
		begin();
		add(SYS_openat, SECCOMP_RET_ERRNO | EPERM);
#ifdef SYS_open
		add(SYS_open, SECCOMP_RET_ERRNO | EPERM);
#endif
		add(SYS_unlinkat, SECCOMP_RET_KILL_PROCESS);
#ifdef SYS_unlink
		add(SYS_unlink, SECCOMP_RET_KILL_PROCESS);
#endif
		say("filter", install(SECCOMP_RET_ALLOW, 0));
		read_all(open(file, O_RDONLY));
		say("stat", stat(file, &st));
		say("access", access(file, R_OK));
		fflush(stdout);
		unlink(file);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	printf("it ends with %#x\n", status & 0x7f);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	file = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	supervised();
	browser();
	forbidden();
	return 0;
}
