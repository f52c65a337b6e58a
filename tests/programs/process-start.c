/* SPDX-License-Identifier: MIT
 * Everything that a process can ask about itself and that whoever starts it decides. Run by
 * tests/integration/process-start.sh. It must print the same with and without snapredir: names and
 * numbers that differ from run to run are left out, or told by what they are equal to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define OURS 1000 /* from here on descriptors are snapredir's */

static const char *same_as(pid_t id, pid_t parent)
{
	return id == getpid() ? "its own"
	       : id == parent ? "its parent's"
	       : id > 1       ? "another's"
			      : "none";
}

static void family(void)
{
	pid_t parent = getppid();
	const char *said = getenv("STARTED_BY");
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	printf("parent: %s\n", !said || atoi(said) == parent ? "who started it" : "somebody else");
	printf("thread: %s\n", syscall(SYS_gettid) == getpid() ? "leads" : "does not lead");
	printf("group: %s, session: %s\n", same_as(getpgrp(), parent), same_as(getsid(0), parent));
	printf("terminal: %s, in front: %s\n", tty >= 0 ? "there" : strerror(errno),
	       tty >= 0 && tcgetpgrp(tty) == getpgrp() ? "yes" : "no");
	if (tty >= 0)
		close(tty);
	for (int fd = 0; fd < 3; fd++)
		printf("%s", isatty(fd) ? " tty" : fcntl(fd, F_GETFD) < 0 ? " closed" : " file");
	puts("");
	errno = 0;
	printf("children: %s\n", wait(NULL) < 0 ? strerror(errno) : "one");
}

static void limits(void)
{
	cpu_set_t set;
	uint64_t sum = 0;
	mode_t mask = umask(0);

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = {0, 0};

		getrlimit((__rlimit_resource_t)i, &limit);
		printf("limit %d: %jd %jd\n", i, (intmax_t)limit.rlim_cur,
		       (intmax_t)limit.rlim_max);
	}
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < 64; i++)
		sum |= (uint64_t)CPU_ISSET(i, &set) << i;
	printf("umask %03o, nice %d, scheduler %d, io priority %ld, processors %#jx\n",
	       (unsigned)mask, getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
	       (long)syscall(SYS_ioprio_get, 1, 0), (uintmax_t)sum);
}

static void signals(void)
{
	struct itimerval timer;
	sigset_t set;
	stack_t stack;

	sigprocmask(SIG_BLOCK, NULL, &set);
	printf("blocked:");
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&set, i) == 1)
			printf(" %d", i);
	sigpending(&set);
	printf("\npending:");
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&set, i) == 1)
			printf(" %d", i);
	printf("\nnot default:");
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			printf(" %d%s", i, action.sa_handler == SIG_IGN ? "" : "!");
	}
	sigaltstack(NULL, &stack);
	getitimer(ITIMER_REAL, &timer);
	printf("\nalternate stack: %s, timer: %s\n", stack.ss_flags & SS_DISABLE ? "none" : "set",
	       timer.it_value.tv_sec > 1000 ? "runs" : "none");
}

/* The line of /proc/self/FILE that begins with NAME. */
static void show(const char *file, const char *name)
{
	char path[64], line[4096];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, name, strlen(name)))
			printf("%s: %s", file, line);
	if (in)
		fclose(in);
}

static void state(void)
{
	int deathsig = -1, reaper = -1;

	prctl(PR_GET_PDEATHSIG, &deathsig);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	printf("personality %#x, death signal %d, reaper %d, dumpable %d, keep caps %d, "
	       "slack %d, securebits %d\n",
	       (unsigned)personality(0xffffffff), deathsig, reaper, prctl(PR_GET_DUMPABLE),
	       prctl(PR_GET_KEEPCAPS), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_SECUREBITS));
	show("status", "Uid");
	show("status", "Gid");
	show("status", "Groups");
	show("status", "Cap");
	show("status", "Threads");
	show("status", "SigP");
	show("oom_score_adj", "");
	show("coredump_filter", "");
	show("cgroup", "0");
	show("timerslack_ns", "");
}

/* Below OURS: each of them, and what the flags are. */
static void descriptors(void)
{
	printf("descriptors:");
	for (int fd = 0; fd < OURS; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags >= 0)
			printf(" %d(%#x,%d)", fd, (unsigned)flags, fcntl(fd, F_GETFD));
	}
	puts("");
}

extern char **environ;

static void environment(void)
{
	static const char *const known[] = {"_=",
					    "RUN=",
					    "STARTED_BY=",
					    "LD_PRELOAD=",
					    "LD_AUDIT=",
					    "SNAPREDIR_IMAGE=",
					    "SNAPREDIR_GATE=",
					    NULL};

	for (char **line = environ; *line; line++) {
		int hidden = 0;

		for (int i = 0; known[i]; i++)
			hidden |= !strncmp(*line, known[i], strlen(known[i]));
		if (!hidden)
			printf("environment: %s\n", *line);
	}
}

int main(int argc, char **argv)
{
	printf("arguments: %d", argc);
	for (int i = 0; i < argc; i++)
		printf(" '%s'", argv[i]);
	puts("");
	family();
	limits();
	signals();
	state();
	descriptors();
	environment();
	return 0;
}
