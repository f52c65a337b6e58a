/* SPDX-License-Identifier: MIT
 * What may happen while libc reads its files: signals, threads, jumps, children, filters.
 *     preload-window TEST
 *     preload-window old PROGRAM [ARGUMENT]...
 * Run over bind mounts and under each engine. It must never print what differs from run to run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME_SERVER "127.0.0.1"

static int lookup(const char *name)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int error = getaddrinfo(name, NULL, &hints, &list);

	if (!error)
		freeaddrinfo(list);
	return error;
}

/* ---- a network with nobody else in it ---- */

static void private_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		perror("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		perror("SIOCSIFFLAGS");
	close(fd);
}

static int server_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, NAME_SERVER, &address.sin_addr);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		perror("bind");
	return fd;
}

/* The question comes back with one answer: an address of IPv4 (RFC 1035). */
static void serve(int fd, unsigned delay)
{
	static const unsigned char answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 9, 8, 7};
	unsigned char text[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, text, sizeof(text) - sizeof(answer), 0, (struct sockaddr *)&from,
			     &len);

	if (n < 12)
		_exit(1);
	for (n = 12; text[n]; n += text[n] + 1)
		;
	n += 5;
	text[2] = 0x81;
	text[3] = 0x80;
	text[6] = 0;
	text[7] = 1;
	memset(text + 8, 0, 4);
	memcpy(text + n, answer, sizeof(answer));
	usleep(delay);
	sendto(fd, text, (size_t)n + sizeof(answer), 0, (struct sockaddr *)&from, len);
	_exit(0);
}

static pid_t start_server(unsigned delay)
{
	int fd = server_socket();
	pid_t pid = fork();

	if (pid == 0)
		serve(fd, delay);
	close(fd);
	return pid;
}

static void test_dns(void)
{
	struct hostent *host;
	pid_t pid;
	int status;

	private_network();
	pid = start_server(0);
	host = gethostbyname("made.up.test");
	printf("%s\n", host ? inet_ntoa(*(struct in_addr *)(void *)host->h_addr_list[0]) : "none");
	waitpid(pid, &status, 0);
	printf("the server ended with %d\n", status);
}

/* ---- signals while it waits ---- */

static volatile sig_atomic_t alarms, found, inner;

/* Everything is blocked in here, and it makes calls of its own, one of them within a window. */
static void on_alarm(int number)
{
	struct stat st;
	time_t now = 1000000000;
	int saved = errno;

	alarms++;
	found += stat("/opt/acme/file", &st) == 0;
	inner += localtime(&now)->tm_hour == 10;
	errno = saved;
}

static void every_millisecond(bool on)
{
	const struct itimerval timer = {.it_interval.tv_usec = on ? 1000 : 0,
					.it_value.tv_usec = on ? 1000 : 0};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void test_alarms(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct hostent *host;
	sigset_t mask;

	private_network();
	start_server(100000);
	tzset(); /* allocates, which a handler must not */
	sigfillset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	every_millisecond(true);
	host = gethostbyname("made.up.test");
	every_millisecond(false);
	printf("%s\n", host ? inet_ntoa(*(struct in_addr *)(void *)host->h_addr_list[0]) : "none");
	printf("signals came: %d, and found their file: %d, zone: %d\n", alarms > 10,
	       found == alarms, inner == alarms);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("masked: %d %d\n", sigismember(&mask, SIGALRM), sigismember(&mask, SIGSYS));
	wait(NULL);
}

static sigjmp_buf away;

static void on_alarm_jump(int number)
{
	siglongjmp(away, 1);
}

static void test_jump(void)
{
	struct stat st;

	private_network();
	close(STDIN_FILENO);
	server_socket(); /* nobody answers */
	signal(SIGALRM, on_alarm_jump);
	for (int i = 0; i < 3; i++) {
		if (sigsetjmp(away, 1) == 0) {
			ualarm(50000, 0);
			printf("not interrupted: %d\n", lookup("made.up.test"));
		} else {
			printf("away: %d %d\n", stat("/opt/acme/file", &st), lookup("acmehost"));
		}
	}
}

static void *wait_for_name(void *arg)
{
	lookup("made.up.test");
	return NULL;
}

static void test_cancel(void)
{
	pthread_t thread;
	void *result;

	private_network();
	server_socket();
	pthread_create(&thread, NULL, wait_for_name, NULL);
	usleep(50000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled: %d, a name: %d\n", result == PTHREAD_CANCELED, lookup("acmehost"));
}

/* ---- SIGSYS is the program's ---- */

static volatile sig_atomic_t raised, filtered;

static void on_sigsys(int number, siginfo_t *info, void *context)
{
	if (info->si_code == 1 /* SYS_SECCOMP */)
		filtered++;
	else
		raised++;
}

static void print_action(const char *when)
{
	struct sigaction action;

	sigaction(SIGSYS, NULL, &action);
	printf("%s: %s, nodefer %d, blocks SIGUSR1 %d\n", when,
	       action.sa_sigaction == on_sigsys ? "mine"
	       : action.sa_handler == SIG_DFL   ? "default"
	       : action.sa_handler == SIG_IGN   ? "ignored"
						: "another",
	       (action.sa_flags & SA_NODEFER) != 0, sigismember(&action.sa_mask, SIGUSR1));
}

static void test_sigsys(void)
{
	struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER};
	sigset_t all, before;
	pid_t pid;
	int status;

	printf("%d\n", lookup("acmehost"));
	print_action("at first");
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGSYS, &action, NULL);
	printf("%d\n", lookup("acmehost"));
	print_action("then");
	raise(SIGSYS);
	printf("raised: %d\n", raised);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	printf("%d with all blocked\n", lookup("acmehost"));
	sigprocmask(SIG_SETMASK, NULL, &before);
	printf("still blocked: %d\n", sigismember(&before, SIGSYS));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	printf("was mine: %d\n", (void *)signal(SIGSYS, SIG_IGN) == (void *)on_sigsys);
	raise(SIGSYS);
	printf("%d, raised: %d\n", lookup("acmehost"), raised);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "kill -SYS $$; echo ignored by a program, too", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGSYS, SIG_DFL);
		lookup("acmehost");
		raise(SIGSYS);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("by default: %d\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* ---- filters ---- */

static void install_filter(int call, unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		perror("PR_SET_SECCOMP");
}

static void test_filter(void)
{
	const struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};

	printf("%d\n", lookup("acmehost"));
	sigaction(SIGSYS, &action, NULL);
	install_filter(__NR_getppid, SECCOMP_RET_TRAP);
	getppid();
	printf("filtered: %d\n", filtered);
	install_filter(__NR_prctl, SECCOMP_RET_KILL);
	lookup("acmehost");
	printf("alive\n");
}

/* ---- threads, children ---- */

static void *look_often(void *arg)
{
	const time_t when = 1000000000;
	long good = 0;

	for (int i = 0; i < 50; i++) {
		struct hostent entry, *host = NULL;
		char buffer[1024];
		struct tm tm;
		int error;

		gethostbyname_r("acmehost", &entry, buffer, sizeof(buffer), &host, &error);
		good += lookup("acmehost") == 0 && host && lookup("acmenone") != 0;
		good += localtime_r(&when, &tm)->tm_hour == 10;
	}
	return (void *)good;
}

/* The child makes only calls that a child of many threads may make. */
static void *fork_often(void *arg)
{
	long good = 0;

	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		struct stat st;
		int status;

		if (pid == 0)
			_exit(stat("/opt/acme/file", &st) == 0 ? 7 : 1);
		waitpid(pid, &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	return (void *)good;
}

static void test_threads(void)
{
	pthread_t threads[8];
	void *result;

	tzset();
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, i ? look_often : fork_often, NULL);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &result);
		printf("%ld\n", (long)result);
	}
}

static void test_errno(void)
{
	const time_t when = 1000000000;

	errno = 4711;
	localtime(&when);
	tzset();
	printf("errno: %d\n", errno);
}

/* As on a kernel that lacks what windows need: prctl(2) fails for 59, and then a program runs. */
static void be_old(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		perror("PR_SET_SECCOMP");
	execvp(argv[0], argv);
	perror(argv[0]);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"dns", test_dns},         {"alarms", test_alarms}, {"jump", test_jump},
	{"cancel", test_cancel},   {"sigsys", test_sigsys}, {"filter", test_filter},
	{"threads", test_threads}, {"errno", test_errno},
};

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "old") == 0)
		be_old(argv + 2);
	for (size_t t = 0; argc > 1 && t < sizeof(tests) / sizeof(*tests); t++)
		if (strcmp(argv[1], tests[t].name) == 0)
			tests[t].run();
	return 0;
}
