/* SPDX-License-Identifier: MIT
 * What a learning run (shared/record.h) hears from the shim. The kernel is asked about the path
 * before the call is made: whatever libc's function does beneath, that is known in one place. For
 * logging.c only. It must never wait for a learner that is gone, nor write to anything but its
 * pipe.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/record.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* A learner that has not read for so long will not. */
#define PATIENCE 10 /* seconds */

/* May an entry be made in, or go from, the directory of PATH? ROOM is SNR_PATH_MAX bytes. */
static long ask_directory(int dirfd, const char *path, char *room)
{
	size_t cut = snr_last_component(path, snr_length(path)).start;

	if (!cut)
		return shim_access_real(dirfd, ".", W_OK | X_OK);
	if (cut >= SNR_PATH_MAX)
		return -ENAMETOOLONG;
	snr_copy(room, path, cut);
	room[cut] = '\0';
	return shim_access_real(dirfd, room, W_OK | X_OK);
}

static long ask_existing(const struct snr_event *event, int dirfd, const char *path, char *room)
{
	const struct snr_pathop *row = &snr_pathops[event->op];

	if (row->effects & (SNR_EXCLUSIVE | SNR_REMOVES))
		return (row->effects & SNR_EXCLUSIVE) && snr_event_creates(event)
			       ? -EEXIST
			       : ask_directory(dirfd, path, room);
	if ((event->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (row->effects & SNR_EXECS)
		return shim_access_real(dirfd, path, X_OK);
	if ((row->effects & SNR_PERMITS) || !event->follow)
		return 0;
	return shim_access_real(dirfd, path,
				snr_event_writes(event)                      ? W_OK
				: snr_pathop_find(row, SNR_ROLE_OFLAGS) >= 0 ? R_OK
									     : F_OK);
}

/* What the kernel would say to the call, as far as it can be asked. */
static long foresee(const struct snr_event *event, char *room)
{
	const char *path = event->to ? event->to : event->from;
	int dirfd = event->to ? AT_FDCWD : event->dirfd;
	struct stat64 st;
	long there;

	if (event->result)
		return event->result;
	there = shim_stat_real(dirfd, path, &st, event->follow ? 0 : AT_SYMLINK_NOFOLLOW);
	if (!there)
		return ask_existing(event, dirfd, path, room);
	if (there == -ENOENT && snr_event_creates(event))
		return ask_directory(dirfd, path, room);
	return there;
}

/* The pipe; only the pipe, since /proc/PID may be somebody else in another pid namespace. With
 * both ends open no write can be the program's SIGPIPE. */
static long open_pipe(const struct snr_image *image)
{
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, snr_string(image, image->record),
			       O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
	struct stat64 st;

	if (fd < 0)
		return fd;
	if (!shim_stat_descriptor(fd, &st) && S_ISFIFO(st.st_mode) &&
	    (uint32_t)st.st_ino == image->record_inode)
		return fd;
	snr_rawcall1(__NR_close, fd);
	return -ESTALE;
}

static void write_record(const struct snr_image *image, const struct snr_record *record)
{
	long fd = open_pipe(image);

	if (fd < 0)
		return;
	for (int i = 0; i < PATIENCE; i++) {
		struct pollfd full = {.fd = (int)fd, .events = POLLOUT};
		struct timespec second = {1, 0};

		if (snr_rawcall3(__NR_write, fd, record, record->size) != -EAGAIN)
			break;
		snr_rawcall5(__NR_ppoll, &full, 1, &second, NULL, 0);
	}
	snr_rawcall1(__NR_close, fd);
}

void shim_record(const struct snr_redirector *redirector, const struct snr_event *event)
{
	struct snr_record *record = shim_map(SNR_RECORD_SIZE + SNR_PATH_MAX);
	char *room;

	if (!record)
		return;
	room = (char *)record + SNR_RECORD_SIZE;
	if (snr_record_fill(redirector, event, room, record)) {
		record->pid = event->pid;
		record->engine = SNR_ENGINE_PRELOAD;
		record->about |= SNR_RECORD_FORESEEN;
		record->result = (int32_t)foresee(event, room);
		snr_rawcall2(__NR_prctl, PR_GET_NAME, record->comm);
		write_record(redirector->image, record);
	}
	shim_unmap(record, SNR_RECORD_SIZE + SNR_PATH_MAX);
}
