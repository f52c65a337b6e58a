/* SPDX-License-Identifier: MIT
 * --stats: the memory, and the watcher. Only main.c calls it. It must never write to the program's
 * standard output, nor end before the program.
 */
#include "launcher/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/quiet.h"
#include "launcher/rules_compile.h"
#include "launcher/side.h"

/* The watcher's own: descriptors above these are not its business. */
enum { WATCHER_OUT, WATCHER_TALK, WATCHER_PROGRAM, WATCHER_IMAGE, WATCHER_MEMORY, WATCHER_FDS };

static void write_table(const struct snr_stats *memory, bool json)
{
	struct stat st;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const void *image = MAP_FAILED;

	if (fstat(WATCHER_IMAGE, &st) == 0 && st.st_size > 0)
		image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, WATCHER_IMAGE, 0);
	if (!out || image == MAP_FAILED || memory->given_up)
		return;
	stats_show(memory, image, json, out);
	/* One write, so that what others say there does not come between. */
	if (fclose(out) == 0 && write(WATCHER_OUT, text, size) < 0)
		return;
}

/* Descriptors where the watcher wants them, all others closed: the program's pipes among them. */
static void arrange(const int fds[WATCHER_FDS])
{
	int high[WATCHER_FDS];

	for (int i = 0; i < WATCHER_FDS; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < WATCHER_FDS; i++)
		dup3(high[i], i, O_CLOEXEC);
	if (syscall(SYS_close_range, WATCHER_FDS, ~0u, 0) < 0)
		for (int fd = WATCHER_FDS; fd < 65536; fd++)
			close(fd);
}

/* Until the program has ended, or the tracer says that it is about to. */
static _Noreturn void watch(const struct snr_stats *memory, const int fds[WATCHER_FDS], bool json)
{
	struct pollfd watched[] = {{.fd = WATCHER_TALK, .events = POLLIN},
				   {.fd = WATCHER_PROGRAM, .events = POLLIN}};
	int word = 0;

	arrange(fds);
	if (side_write(WATCHER_TALK, getpid()) < 0 || chdir("/") < 0)
		_exit(1);
	prctl(PR_SET_NAME, "snapredir-stats");
	for (;;) {
		if (poll(watched, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (watched[1].revents)
			break;
		if (watched[0].revents && side_read(WATCHER_TALK, &word) == 0)
			break;
		if (watched[0].revents) /* nobody will say anything any more */
			watched[0].fd = -1;
	}
	write_table(memory, json);
	side_write(WATCHER_TALK, word);
	_exit(0);
}

static int make_memory(struct stats *stats, uint32_t nrules)
{
	size_t size = snr_stats_size(nrules);
	int fd = memfd_create("snapredir-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *mapped = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW))
		mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	stats->memory = mapped;
	stats->memory->size = (uint32_t)size;
	stats->memory->nrules = nrules;
	/* Tells it from another process's memory in another pid namespace; no secret. */
	if (getrandom(&stats->memory->cookie, sizeof(stats->memory->cookie), GRND_NONBLOCK) < 0)
		stats->memory->cookie = (uint64_t)getpid();
	return fd;
}

static struct snr_stats *given_up;

static void give_up(void)
{
	given_up->given_up = 1;
}

/* Returns the watcher's process id, or -errno. */
static int start_watcher(struct stats *stats, int memory, const struct journal *journal)
{
	int program = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct quiet quiet;
	int talk[2], watcher = 0, error;

	if (program < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		return -errno;
	quiet_begin(&quiet);
	error = side_fork(talk[1]);
	if (!error) {
		const int fds[] = {journal->fd, talk[1], program, stats->image_fd, memory};

		signal(SIGCHLD, SIG_DFL);
		watch(stats->memory, fds, journal->json);
	}
	close(talk[1]);
	close(program);
	if (error > 0)
		error = side_read(talk[0], &watcher);
	quiet_end(&quiet);
	stats->talk = talk[0];
	return error < 0 ? error : watcher;
}

void stats_begin(struct stats *stats, uint32_t nrules, const struct journal *journal)
{
	int memory = make_memory(stats, nrules), watcher;

	stats->image_fd = image_reserve();
	watcher = memory < 0 ? memory : stats->image_fd;
	if (watcher >= 0)
		watcher = start_watcher(stats, memory, journal);
	if (watcher < 0)
		die(STATUS_FAILED, "--stats",
		    "nobody can count here: %s; it takes Linux 5.3 and memfd_create(2), leave it "
		    "out",
		    strerror(-watcher));
	close(memory);
	snprintf(stats->path, sizeof(stats->path), "/proc/%d/fd/%d", watcher, WATCHER_MEMORY);
	given_up = stats->memory;
	fail_last = give_up;
}
