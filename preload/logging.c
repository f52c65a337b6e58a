/* SPDX-License-Identifier: MIT
 * -v and --stats in the shim: one write a line, straight to the log; counts to shared memory.
 * For preload/ only. It must never use the program's own streams or keep a descriptor open.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/log.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef F_SEAL_SHRINK
#define F_SEAL_SHRINK 2 /* linux/fcntl.h; hidden by old glibc headers */
#endif

/* Standard error unless the rules name a file; that one is opened for each line: a descriptor kept
 * open would be the program's to stumble over. */
static void write_line(const struct snr_image *image, const char *line, size_t len)
{
	long fd = STDERR_FILENO;

	if (image->log.len)
		fd = snr_rawcall4(__NR_openat, AT_FDCWD, snr_string(image, image->log),
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	snr_rawcall3(__NR_write, fd, line, len);
	if (image->log.len)
		snr_rawcall1(__NR_close, fd);
}

/* 8 KiB that must not lie on the stack. */
static void log_event(const struct snr_image *image, const struct snr_event *event)
{
	char *line = shim_map(SNR_LOG_SIZE);

	if (!line)
		return;
	write_line(image, line, snr_log_format(image, event, line, SNR_LOG_SIZE));
	shim_unmap(line, SNR_LOG_SIZE);
}

/* ---- counts ---- */

#define COMM_SIZE 16 /* prctl(2), PR_GET_NAME */

static bool has_gate;
static int known_as; /* the process that has been given a name */

static void tell_program(struct snr_stats *stats, int pid)
{
	char name[COMM_SIZE] = "";

	snr_rawcall2(__NR_prctl, PR_GET_NAME, name);
	snr_stats_program(stats, pid, name, has_gate);
	__atomic_store_n(&known_as, pid, __ATOMIC_RELAXED);
}

struct snr_stats *shim_map_stats(const struct snr_image *image, bool gate)
{
	long fd, size, got = -EBADF;
	struct snr_stats *stats;

	if (!image->stats.len)
		return NULL;
	fd = snr_rawcall4(__NR_openat, AT_FDCWD, snr_string(image, image->stats),
			  O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	size = snr_rawcall3(__NR_lseek, fd, 0, SEEK_END);
	if (size >= (long)sizeof(*stats) && shim_is_sealed((int)fd, F_SEAL_SHRINK))
		got = shim_map_file((int)fd, (size_t)size, true);
	snr_rawcall1(__NR_close, fd);
	stats = got < 0 && got > -4096 ? NULL : (struct snr_stats *)got;
	if (!stats)
		return NULL;
	if (stats->cookie != image->stats_cookie || stats->size > (size_t)size ||
	    stats->nrules != image->nrules) {
		shim_unmap(stats, (size_t)size);
		return NULL;
	}
	has_gate = gate;
	tell_program(stats, (int)snr_rawcall1(__NR_getpid, 0));
	return stats;
}

/* What was forked is another process of the same name. */
void shim_count(const struct snr_redirector *redirector, bool changed, int result, uint32_t rule)
{
	struct snr_stats *stats = redirector->stats;
	int pid;

	if (!stats)
		return;
	pid = (int)snr_rawcall1(__NR_getpid, 0);
	if (pid != __atomic_load_n(&known_as, __ATOMIC_RELAXED))
		tell_program(stats, pid);
	snr_stats_call(stats, pid, SNR_ENGINE_PRELOAD, rule, changed, result);
}

/* ---- events ---- */

/* What every event has. False: its path cannot be read. */
static bool complete(struct snr_event *event)
{
	long len = shim_string_length(event->from, SNR_PATH_MAX);

	event->pid = (int)snr_rawcall1(__NR_getpid, 0);
	event->engine = "preload";
	event->from_len = len < 0 ? 0 : (size_t)len;
	event->to_len = event->to ? snr_length(event->to) : 0;
	return len >= 0;
}

void shim_tell_path(const struct snr_redirector *redirector, struct snr_event *event)
{
	const struct snr_image *image = redirector->image;
	bool logged = image->verbose > (event->to || event->result ? 0 : 1);

	if ((!logged && !image->record.len) || !complete(event))
		return;
	event->call = snr_pathops[event->op].name;
	if (logged)
		log_event(image, event);
	if (image->record.len)
		shim_record(redirector, event);
}

void shim_tell(const struct snr_redirector *redirector, struct snr_event *event)
{
	shim_count(redirector, event->to != NULL, event->result, event->rule);
	shim_tell_path(redirector, event);
}

void shim_tell_fault(const struct snr_redirector *redirector, const char *call, const char *name,
		     int result, uint32_t rule)
{
	struct snr_event event = {.call = call,
				  .from = name,
				  .result = result,
				  .rule = rule,
				  .note = result ? NULL : SNR_LOG_SHORT};

	snr_stats_count(redirector->stats, (int)snr_rawcall1(__NR_getpid, 0), SNR_ENGINE_PRELOAD,
			rule, SNR_COUNT_FAULTS);
	if (redirector->image->verbose && complete(&event))
		log_event(redirector->image, &event);
}

void shim_log_failure(const struct snr_image *image, const char *call, const char *what, int error)
{
	struct snr_event event = {.call = call, .from = what, .result = error, .rule = SNR_NO_RULE};

	if (image->verbose && complete(&event))
		log_event(image, &event);
}

void shim_log_unseen(const struct snr_image *image, const char *path, const char *why,
		     uint32_t rule)
{
	struct snr_event event = {.call = "execve", .from = path, .note = why, .rule = rule};

	/* Nobody asked for lines on the program's own standard error. */
	if ((image->verbose || image->log.len) && complete(&event))
		log_event(image, &event);
}
