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
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;
static char fifo[4096];
static volatile sig_atomic_t ticks, failed, in_handler_failed;
static sigjmp_buf back;

static void tick(int sig)
{
	int saved = errno;

	ticks++;
	if (access(file, R_OK))
		in_handler_failed++;
	errno = saved;
}

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

static void timers(void)
{
	static char alternate[65536];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
		sigaltstack(&stack, NULL);
		set_handler(SIGALRM, tick, flags | SA_ONSTACK);
		ticks = failed = in_handler_failed = 0;
		set_timer(100, 100);
		for (int i = 0; i < 20000 && (i < 3000 || ticks < 100); i++) {
			struct stat st;
			int fd = open(file, O_RDONLY);

			failed += fd < 0 || read(fd, &(char){0}, 1) != 1 || stat(file, &st) ||
				  access("/", R_OK);
			close(fd);
		}
		set_timer(0, 0);
		printf("timer of 100 us%s: %s, %d failed, %d in the handler\n",
		       flags ? ", restarting" : "", ticks >= 100 ? "ran" : "hardly ran",
		       (int)failed, (int)in_handler_failed);
	}
}

static void note(int sig)
{
	ticks++;
}

/* Opening a FIFO waits for the other side; a signal ends that, or does not. */
static void interrupted(void)
{
	int fd;

	set_handler(SIGALRM, note, 0);
	ticks = 0;
	set_timer(50000, 0);
	fd = open(fifo, O_RDONLY);
	printf("open of a fifo: %s after %d signals\n", fd < 0 ? strerror(errno) : "done",
	       (int)ticks);
}

static void restarted(void)
{
	pid_t pid;
	int fd;

	set_handler(SIGALRM, note, SA_RESTART);
	ticks = 0;
	pid = fork();
	if (pid == 0) {
		usleep(300000);
		fd = open(fifo, O_WRONLY);
		_exit(fd < 0);
	}
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
	deaths();
	return 0;
}
