/* SPDX-License-Identifier: MIT
 * Many processes: short ones one after the other, a fork bomb, and a crowd that waits. Run by
 * tests/integration/process-load.sh. It must end whatever it has started, and never start more than
 * it was told to.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;

/* A line "NAME:<tab>NUMBER" of /proc/PID/status. */
static long status_of(const char *pid, const char *name)
{
	char path[64], line[256];
	long number = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, name, strlen(name)))
			number = strtol(line + strlen(name) + 1, NULL, 10);
	if (in)
		fclose(in);
	return number;
}

/* Of our tracer, in KiB; 0 where there is none. */
static long tracer_memory(void)
{
	long tracer = status_of("self", "TracerPid");
	char pid[24];

	snprintf(pid, sizeof(pid), "%ld", tracer);
	return tracer ? status_of(pid, "VmRSS") : 0;
}

static __attribute__((noinline)) pid_t start_sharing(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(access(file, R_OK) != 0);
	return pid;
}

static pid_t start_apart(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(access(file, R_OK) != 0);
	return pid;
}

/* COUNT of them, ATONCE at once. */
static int short_ones(int count, int atonce)
{
	int started = 0, running = 0, failed = 0, status;

	while (started < count || running) {
		if (started < count && running < atonce) {
			pid_t pid = started % 3 ? start_apart() : start_sharing();

			failed += pid < 0;
			running += pid > 0;
			started++;
		} else if (wait(&status) > 0) {
			running--;
			failed += status != 0;
		}
	}
	return failed;
}

static void many(int count, int atonce)
{
	long before, after;
	int failed = short_ones(1000, atonce);

	before = tracer_memory();
	failed += short_ones(count, atonce);
	after = tracer_memory();
	printf("%d processes, %d at once: %d failed\n", count, atonce, failed);
	if (after - before <= 256)
		puts("the tracer's memory: flat");
	else
		printf("the tracer's memory: %ld KiB, then %ld KiB\n", before, after);
}

/* All that fork, until RLIMIT_NPROC or LEFT says stop. */
static void spread(int *left, int *refused)
{
	while (__atomic_sub_fetch(left, 1, __ATOMIC_SEQ_CST) > 0) {
		pid_t pid = fork();

		if (pid < 0)
			__atomic_add_fetch(refused, 1, __ATOMIC_SEQ_CST);
		access(file, R_OK);
	}
}

static void bomb(int most)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid();

	if (shared == MAP_FAILED)
		exit(1);
	shared[0] = most;
	spread(&shared[0], &shared[1]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	if (getpid() != self)
		_exit(0);
	printf("fork bomb: %s, then: %s\n", shared[1] ? "refused at some point" : "never refused",
	       access(file, R_OK) ? strerror(errno) : "found");
}

/* COUNT processes that look at the file for ever; the first line says that they are there. */
static void crowd(int count)
{
	for (int i = 0; i < count; i++)
		if (fork() == 0)
			for (;;)
				access(file, R_OK);
	puts("up");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	file = argv[2];
	if (!strcmp(argv[1], "many") && argc > 4)
		many(atoi(argv[3]), atoi(argv[4]));
	else if (!strcmp(argv[1], "bomb"))
		bomb(atoi(argv[3]));
	else if (!strcmp(argv[1], "crowd"))
		crowd(atoi(argv[3]));
	else
		return 2;
	return 0;
}
