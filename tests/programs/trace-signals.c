/* SPDX-License-Identifier: MIT
 * Signals at, in and after path calls: timers, restarts, interruptions, jumps out of a call, an
 * alternate stack, stops. Run by tests/integration/trace-signals.sh. It must print the same with
 * and without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *file;
static char fifo[4096];
static volatile sig_atomic_t ticks, failed, in_handler_failed;
static sigjmp_buf back;

static void set_handler(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(sig, &action, NULL);
}

static void set_timer(int first_us, int every_us)
{
	struct itimerval value = {{0, every_us}, {first_us / 1000000, first_us % 1000000}};

	setitimer(ITIMER_REAL, &value, NULL);
}

/* Where the handler takes longer than the timer's period, which depends on the machine, the kernel
 * lets nothing else run: it is the handler that ends it. */
static void tick(int sig)
{
	int saved = errno;

	if (++ticks == 1000)
		set_timer(0, 0);
	if (access(file, R_OK))
		in_handler_failed++;
	errno = saved;
}

static void timers(void)
{
	static char alternate[65536];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
		sigaltstack(&stack, NULL);
		set_handler(SIGALRM, tick, flags | SA_ONSTACK);
		ticks = failed = in_handler_failed = 0;
		set_timer(100, 100);
		while (ticks < 1000) {
			struct stat st;
			int fd = open(file, O_RDONLY);

			failed += fd < 0 || read(fd, &(char){0}, 1) != 1 || stat(file, &st) ||
				  access("/", R_OK);
			close(fd);
		}
		printf("timer of 100 us%s: %d failed, %d in the handler\n",
		       flags ? ", restarting" : "", (int)failed, (int)in_handler_failed);
	}
}

static int told[2];

/* The fourth one lets the other side of the FIFO come. */
static void note(int sig)
{
	if (++ticks == 4)
		ticks += write(told[1], "", 1) != 1;
}

/* Opening a FIFO waits for the other side; a signal ends that, or does not. */
static void interrupted(void)
{
	int fd;

	set_handler(SIGALRM, note, 0);
	set_timer(50000, 50000);
	fd = open(fifo, O_RDONLY);
	set_timer(0, 0);
	printf("open of a fifo: %s\n", fd < 0 ? strerror(errno) : "done");
}

static void restarted(void)
{
	pid_t pid;
	int fd;

	set_handler(SIGALRM, note, SA_RESTART);
	ticks = 0;
	pid = pipe(told) ? -1 : fork();
	if (pid == 0)
		_exit(read(told[0], &(char){0}, 1) != 1 || open(fifo, O_WRONLY) < 0);
	set_timer(20000, 20000);
	fd = open(fifo, O_RDONLY);
	set_timer(0, 0);
	printf("open of a fifo, restarting: %s after %s signals\n",
	       fd < 0 ? strerror(errno) : "done", ticks > 3 ? "several" : "few");
	close(fd);
	waitpid(pid, NULL, 0);
}

static void jump(int sig)
{
	siglongjmp(back, 1);
}

static void jumped(void)
{
	volatile int rounds = 0;

	set_handler(SIGALRM, jump, 0);
	if (sigsetjmp(back, 1) == 0 || ++rounds < 20) {
		set_timer(2000, 0);
		open(fifo, O_RDONLY);
	}
	printf("jumps out of open: %d, then: %s\n", rounds,
	       access(file, R_OK) ? strerror(errno) : "found");
}

/* A queue of realtime signals that arrive while path calls are made. */
static volatile sig_atomic_t order_ok = 1, last_value;

static void queued(int sig, siginfo_t *info, void *context)
{
	if (info->si_value.sival_int != last_value + 1)
		order_ok = 0;
	last_value = info->si_value.sival_int;
}

static void queues(void)
{
	struct sigaction action = {.sa_sigaction = queued, .sa_flags = SA_SIGINFO};
	pid_t parent = getpid(), pid;

	sigaction(SIGRTMIN, &action, NULL);
	pid = fork();
	if (pid == 0) {
		for (int i = 1; i <= 500; i++) {
			while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i}))
				usleep(100);
			if (i % 50 == 0)
				usleep(1000);
		}
		_exit(0);
	}
	failed = 0;
	while (last_value < 500)
		failed += access(file, R_OK) != 0;
	waitpid(pid, NULL, 0);
	printf("realtime signals: %d, %s, %d failed\n", (int)last_value,
	       order_ok ? "in order" : "out of order", (int)failed);
}

/* Stopped and continued while it makes path calls: its parent sees all of it. */
static void stops(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTSTP, SIG_DFL);
		for (;;)
			if (access(file, R_OK))
				_exit(1);
	}
	for (int i = 0; i < 5; i++) {
		kill(pid, i & 1 ? SIGTSTP : SIGSTOP);
		waitpid(pid, &status, WUNTRACED);
		printf("stopped %#x", status);
		kill(pid, SIGCONT);
		waitpid(pid, &status, WCONTINUED);
		printf(" continued %#x\n", status);
		usleep(2000);
	}
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	printf("killed %#x\n", status);
}

/* A call of a socket that has a timeout, where nothing comes. */
static int use_socket(const char *call, int ms)
{
	static char bytes[65536];
	struct timeval time = {ms / 1000, ms % 1000 * 1000};
	int ends[2], fd, r;

	if (!strcmp(call, "accept")) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		ends[0] = ends[1] = fd;
		bind(fd, (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, ""},
		     sizeof(sa_family_t));
		listen(fd, 1);
	} else if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) {
		return -1;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	if (!strcmp(call, "accept")) {
		r = accept(ends[0], NULL, NULL);
	} else if (!strcmp(call, "recv")) {
		r = (int)recv(ends[0], bytes, 1, 0);
	} else if (!strcmp(call, "read")) {
		r = (int)read(ends[0], bytes, 1);
	} else {
		while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			;
		r = (int)send(ends[0], bytes, sizeof(bytes), 0);
	}
	fd = errno;
	close(ends[0]);
	close(ends[1]);
	errno = fd;
	return r;
}

/* Calls that end with EINTR if anything wakes them, and that the kernel does not make again. */
static const char *wait_long(const char *call, int ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};
	struct epoll_event event;
	struct sembuf take = {0, -1, 0};
	int r = -1, id;
	sigset_t set;

	if (!strcmp(call, "epoll_wait")) {
		id = epoll_create1(0);
		r = epoll_wait(id, &event, 1, ms);
		close(id);
	} else if (!strcmp(call, "sigtimedwait")) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		r = sigtimedwait(&set, NULL, &time);
	} else if (!strcmp(call, "semtimedop")) {
		id = semget(IPC_PRIVATE, 1, 0600);
		r = semtimedop(id, &take, 1, &time);
		semctl(id, 0, IPC_RMID);
	} else
		r = use_socket(call, ms);
	return r < 0 ? strerror(errno) : "in time";
}

static const char *const waits[] = {"epoll_wait", "sigtimedwait", "semtimedop", "recv",
				    "read",       "accept",       "send"};

static void spared(void)
{
	static const struct {
		const char *name;
		int sig;
		void (*handler)(int);
	} ways[] = {
		{"ignored by default", SIGWINCH, SIG_DFL},
		{"a child's", SIGCHLD, SIG_DFL},
		{"ignored", SIGUSR1, SIG_IGN},
		{"caught", SIGUSR1, note},
		{"caught, restarting", SIGURG, note},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		set_handler(ways[i].sig, ways[i].handler, i == 4 ? SA_RESTART : 0);
		for (size_t j = 0; j < sizeof(waits) / sizeof(*waits); j++) {
			pid_t parent = getpid(), pid;

			/* musl's waits on for what it waits for. */
			if (ways[i].handler == note && !strcmp(waits[j], "sigtimedwait"))
				continue;
			pid = fork();
			if (pid == 0) {
				usleep(20000);
				if (ways[i].sig != SIGCHLD)
					kill(parent, ways[i].sig);
				while (ways[i].handler == note && !kill(parent, ways[i].sig))
					usleep(20000);
				_exit(0);
			}
			printf("%s, a signal that is %s: %s\n", waits[j], ways[i].name,
			       wait_long(waits[j], ways[i].handler == note ? 20000 : 120));
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	set_handler(SIGUSR1, SIG_DFL, 0);
}

/* Ignored signals come all the time: a wait ends as it would without them, and not much later. */
static void ignored_storm(void)
{
	struct timespec begin, end;
	pid_t parent = getpid(), pid;

	set_handler(SIGUSR1, SIG_IGN, 0);
	pid = fork();
	while (pid == 0 && !kill(parent, SIGUSR1))
		usleep(5000);
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		const char *how;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		how = wait_long(waits[i], 100);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("many ignored signals, %s: %s%s\n", waits[i], how,
		       end.tv_sec - begin.tv_sec > 5 ? ", late" : "");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	set_handler(SIGUSR1, SIG_DFL, 0);
}

/* Behind an ignored signal comes one that has a handler, which ends the wait. */
static void ignored_then_caught(void)
{
	int interrupted = 0;
	pid_t parent = getpid(), pid;

	set_handler(SIGUSR1, SIG_IGN, 0);
	set_handler(SIGURG, note, 0);
	pid = fork();
	while (pid == 0 && !kill(parent, SIGUSR1) && !kill(parent, SIGURG))
		usleep(1000);
	for (int i = 0; i < 50; i++)
		interrupted += !strcmp(wait_long("epoll_wait", 20000), strerror(EINTR));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("ignored, then caught: %d of 50 are interrupted\n", interrupted);
	set_handler(SIGUSR1, SIG_DFL, 0);
}

/* Every signal's own death. */
static void deaths(void)
{
	static const int signals[] = {SIGHUP,  SIGINT,  SIGTERM, SIGKILL, SIGSEGV,
				      SIGABRT, SIGTRAP, SIGSYS,  SIGPIPE, SIGUSR1};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			access(file, R_OK);
			raise(signals[i]);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		printf("death by %d: %d\n", signals[i], WTERMSIG(status));
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	file = argv[1];
	snprintf(fifo, sizeof(fifo), "%s", argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	timers();
	interrupted();
	restarted();
	jumped();
	queues();
	stops();
	spared();
	ignored_storm();
	ignored_then_caught();
	deaths();
	return 0;
}
