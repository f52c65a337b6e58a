/* SPDX-License-Identifier: MIT
 * Threads that look at files all at once, in bursts, each with a cwd of its own, or from vfork and
 * clone. Run by tests/integration/trace-threads.sh. It must print the same with and without a
 * tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;  /* readable, holds TEXT */
static const char *other; /* a directory with a file of the same last name */
static atomic_int good, bad;

static int read_file(int dirfd, const char *path, char *out, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	close(fd);
	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return (int)n;
}

static void *reader(void *argument)
{
	char text[64];

	for (int i = 0; i < (int)(intptr_t)argument; i++) {
		if (read_file(AT_FDCWD, file, text, sizeof(text)) > 0 && !strcmp(text, "text"))
			good++;
		else
			bad++;
	}
	return NULL;
}

static void burst(const char *what, int nthreads, int rounds)
{
	pthread_t *thread = calloc((size_t)nthreads, sizeof(*thread));
	pthread_attr_t attr;
	int started = 0;

	good = bad = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (; started < nthreads; started++)
		if (pthread_create(&thread[started], &attr, reader, (void *)(intptr_t)rounds))
			break;
	for (int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	printf("%s: %d threads, %d good, %d bad\n", what, started, good, bad);
	free(thread);
}

static pthread_barrier_t barrier;

/* All of them are there at once, and look at once. */
static void *live_reader(void *argument)
{
	pthread_barrier_wait(&barrier);
	reader(argument);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void live(int nthreads)
{
	pthread_t *thread = calloc((size_t)nthreads, sizeof(*thread));
	pthread_attr_t attr;

	good = bad = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_barrier_init(&barrier, NULL, (unsigned)nthreads + 1);
	for (int i = 0; i < nthreads; i++) {
		if (pthread_create(&thread[i], &attr, live_reader, (void *)1)) {
			puts("too few threads");
			exit(1);
		}
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&barrier);
	printf("live: %d threads, %d good, %d bad\n", nthreads, (int)good, (int)bad);
	free(thread);
}

/* A cwd of its own: relative names and getcwd are the thread's. */
static const char *wander(const char *dir)
{
	const char *last = strrchr(file, '/') + 1;
	char text[64], cwd[4096];

	if (unshare(CLONE_FS) || chdir(dir))
		return "cannot move";
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 100; i++) {
		if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, dir))
			return "another cwd";
		if (read_file(AT_FDCWD, last, text, sizeof(text)) <= 0)
			return "no file";
		if (strcmp(text, !strcmp(dir, other) ? "other" : "text"))
			return "another's file";
	}
	return "its own";
}

static void *wanderer(void *argument)
{
	return (void *)(uintptr_t)wander(argument);
}

static void cwds(void)
{
	char *dir = strdup(file);
	pthread_t thread[8];

	*strrchr(dir, '/') = '\0';
	pthread_barrier_init(&barrier, NULL, 8);
	for (int i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, wanderer, i & 1 ? dir : (void *)(uintptr_t)other);
	for (int i = 0; i < 8; i++) {
		void *said;

		pthread_join(thread[i], &said);
		printf("cwd of thread %d: %s\n", i, (char *)said);
	}
	free(dir);
}

/* vfork: the child shares our memory and, with it, the tracer's. */
static __attribute__((noinline)) pid_t vfork_and_look(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(access(file, R_OK) != 0);
	return pid;
}

static void vforks(int n)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = vfork_and_look();
		int status;

		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			failed++;
		if (access(file, R_OK))
			failed++;
	}
	printf("vfork: %d failed\n", failed);
}

static void forks(int n)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			bad = 0;
			reader((void *)3);
			_exit(bad != 0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			failed++;
	}
	printf("fork: %d failed\n", failed);
}

static pid_t fork_and_look(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(access(file, R_OK) != 0);
	return pid;
}

static void *forker(void *argument)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = i & 1 ? vfork_and_look() : fork_and_look();
		int status;

		if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
			good++;
		else
			bad++;
	}
	return argument;
}

static void forks_of_threads(void)
{
	pthread_t thread[16];

	good = bad = 0;
	for (int i = 0; i < 16; i++)
		pthread_create(&thread[i], NULL, forker, NULL);
	for (int i = 0; i < 16; i++)
		pthread_join(thread[i], NULL);
	printf("forks of threads: %d good, %d bad\n", good, bad);
}

/* Hundreds that wait within a redirected call at once, and many calls beside them. */
static void *waiter(void *fifo)
{
	int fd = open(fifo, O_RDONLY);

	if (fd < 0)
		bad++;
	else
		good++;
	close(fd);
	return NULL;
}

static void waiters(char *fifo)
{
	static pthread_t thread[300];
	pthread_attr_t attributes;
	int n = 0, lost = 0, fd;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	good = bad = 0;
	while (n < 300 && !pthread_create(&thread[n], &attributes, waiter, fifo))
		n++;
	for (int i = 0; i < 300; i++)
		lost += access(file, R_OK) != 0;
	fd = open(fifo, O_RDWR); /* does not wait, and lets all others go on */
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 300; i++)
		lost += access(file, R_OK) != 0;
	close(fd);
	printf("waiters: %d good, %d bad, %d lost\n", good, bad, lost);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	file = argv[1];
	other = argv[2];
	burst("few", 8, 200);
	for (int i = 0; i < 2; i++)
		burst("many", 1000, 1);
	live(2000);
	cwds();
	vforks(50);
	forks(20);
	forks_of_threads();
	waiters(argv[3]);
	return 0;
}
