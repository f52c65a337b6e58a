/* SPDX-License-Identifier: MIT
 * Path calls from threads with small stacks, from signal handlers that interrupt them, and from
 * vfork children, all at once and for a fixed number of rounds; says how many went wrong. Run by
 * tests/integration/preload-robust.sh. It must never depend on how fast the machine is.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS  3000
#define SPAWNS  60

static char base[PATH_MAX / 2];
static char file[PATH_MAX], link_path[PATH_MAX], missing[PATH_MAX], program[PATH_MAX],
	other[PATH_MAX];
static int wrong;
static volatile sig_atomic_t handled;

static void expect(int is_right, const char *what)
{
	if (is_right)
		return;
	__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	/* one line, no stdio: this may be a signal handler */
	if (write(STDOUT_FILENO, what, strlen(what)) < 0 || write(STDOUT_FILENO, "\n", 1) < 0)
		return;
}

/* What every context does; async-signal-safe calls only. */
static void look(void)
{
	struct stat st;
	char text[16];
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	expect(fd >= 0 && read(fd, text, sizeof(text)) == 6 && memcmp(text, "hello\n", 6) == 0,
	       "open");
	close(fd);
	expect(stat(link_path, &st) == 0 && st.st_size == 6, "stat");
	expect(lstat(missing, &st) < 0 && errno == ENOENT, "lstat");
	expect(access(file, R_OK) == 0, "access");
	expect(readlink(link_path, text, sizeof(text)) == 4 && memcmp(text, "file", 4) == 0,
	       "readlink");
	expect(rename(missing, other) < 0 && errno == ENOENT, "rename");
}

static void on_alarm(int signal)
{
	int saved = errno;

	handled++;
	look();
	errno = saved;
}

static void *thread(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		errno = 0;
		look();
		if (i % 64 == 0) {
			char out[PATH_MAX / 4];
			ssize_t n = readlink("/proc/self/cwd", out, sizeof(out));

			expect(n == (ssize_t)strlen(base) && memcmp(out, base, (size_t)n) == 0,
			       "/proc/self/cwd");
		}
	}
	return NULL;
}

static void run_child(int way)
{
	static char name[] = "cat";
	char *const argv[] = {name, file, NULL};
	int status = -1;
	pid_t pid;

	if (way % 3 == 0) {
		if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0)
			pid = -1;
	} else if (way % 3 == 1) {
		pid = vfork();
	} else {
		pid = fork();
	}
	if (pid == 0) {
		execv(program, argv);
		_exit(99);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void *starter(void *argument)
{
	for (int i = 0; i < SPAWNS; i++)
		run_child(i);
	return NULL;
}

static void set_alarm(long microseconds)
{
	const struct itimerval timer = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	pthread_t threads[THREADS], starters[2];
	pthread_attr_t small;

	if (argc != 2)
		return 2;
	snprintf(base, sizeof(base), "%s", argv[1]);
	snprintf(file, sizeof(file), "%s/file", base);
	snprintf(link_path, sizeof(link_path), "%s/link", base);
	snprintf(missing, sizeof(missing), "%s/missing", base);
	snprintf(other, sizeof(other), "%s/other", base);
	snprintf(program, sizeof(program), "%s/bin/cat", base);
	expect(chdir(base) == 0, "chdir");
	look(); /* ld.so's lazy work for the test's own calls is done: it takes more stack than we
		   do */
	sigaction(SIGALRM, &action, NULL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 32 * 1024);
	set_alarm(500);
	for (int i = 0; i < 2; i++)
		pthread_create(&starters[i], NULL, starter, NULL);
	for (int i = 0; i < THREADS; i++)
		expect(pthread_create(&threads[i], &small, thread, NULL) == 0, "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(starters[i], NULL);
	set_alarm(0);
	printf("wrong: %d, signals: %s\n", wrong, handled ? "some" : "none");
	return wrong != 0;
}
