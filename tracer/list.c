/* SPDX-License-Identifier: MIT
 * Listings: extra names follow when the kernel has no more. Where a listing stands among them is
 * kept in the position of the descriptor itself, in a range that no directory uses, so that it is
 * right after dup, fork and seekdir. Used by enter.c and leave.c only. It must never write more
 * than the program's buffer holds.
 */
#include "tracer/list.h"

#include "shared/listing.h"
#include "tracer/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One listing call of a tracee. */
struct tracee_list {
	uint64_t buffer;
	uint32_t count; /* the size of the program's buffer */
	int fd;
	int copy;      /* a copy of fd in the tracer, or -1 */
	int64_t base;  /* of positions */
	unsigned word; /* 0: the records of getdents64; else those of getdents with such longs */
	bool extra;    /* names follow when the kernel has no more */
	bool edits;    /* the kernel's own names are to be looked at */
};

/* A copy of the tracee's descriptor that shares its position. */
static int copy_descriptor(const struct tracee *tracee, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, tracee->tgid, 0);
	int copy;

	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	close(process);
	return copy;
}

/* Before Linux 5.6 there is no such copy, and some file system may refuse the position: how far a
 * listing has come is then remembered here. */
static struct list_rest *find_rest(struct tracer *tracer, const struct tracee *tracee, int fd,
				   bool make)
{
	size_t n = sizeof(tracer->rest) / sizeof(*tracer->rest);
	struct list_rest *rest;

	for (size_t i = 0; i < n; i++)
		if (tracer->rest[i].tgid == tracee->tgid && tracer->rest[i].fd == fd)
			return &tracer->rest[i];
	if (!make)
		return NULL;
	rest = &tracer->rest[tracer->nrests++ % n];
	*rest = (struct list_rest){tracee->tgid, fd, 0};
	return rest;
}

/* /proc/PID/fdinfo/FD: does the listing begin (again)? */
static bool is_rewound(pid_t tid, int fd)
{
	char path[48], text[16] = "";
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	if (read(info, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(info);
	return !strncmp(text, "pos:\t0\n", 7);
}

static int64_t place_at(int64_t position, int64_t base)
{
	return snr_listing_is_among(position, base) ? position - base : -1;
}

/* Where the listing stands among the extra names: the number of the next one, 0 at their end, -1:
 * among the kernel's. */
static int64_t get_place(struct tracer *tracer, const struct tracee *tracee,
			 const struct tracee_list *list)
{
	int64_t position = list->copy < 0 ? 0 : lseek(list->copy, 0, SEEK_CUR);
	int64_t place = place_at(position, SNR_LISTING_BASE64);
	struct list_rest *rest;

	if (place < 0)
		place = place_at(position, SNR_LISTING_BASE32);
	if (place >= 0)
		return place;
	rest = find_rest(tracer, tracee, list->fd, false);
	if (rest && is_rewound(tracee->tid, list->fd)) {
		*rest = (struct list_rest){0};
		rest = NULL;
	}
	return rest ? (int64_t)rest->child : -1;
}

static void set_place(struct tracer *tracer, const struct tracee *tracee,
		      const struct tracee_list *list, uint32_t child)
{
	struct list_rest *rest;

	if (list->copy >= 0 && lseek(list->copy, list->base + child, SEEK_SET) >= 0)
		return;
	rest = find_rest(tracer, tracee, list->fd, true);
	rest->child = child;
}

void list_forget(struct tracee *tracee)
{
	if (tracee->list && tracee->list->copy >= 0)
		close(tracee->list->copy);
	free(tracee->list);
	tracee->list = NULL;
}

/* Begin the listing of descriptor FD. False: it has no extra names. */
static bool begin(struct tracer *tracer, struct snr_listing *listing, int fd)
{
	const struct snr_host *host = &tracer->redirector.host;
	long n = host->directory(host->context, fd, tracer->name, SNR_PATH_MAX);

	return n > 0 && snr_listing_begin(listing, tracer->redirector.image, host, &tracer->scratch,
					  tracer->name, (size_t)n);
}

/* Are the kernel's names of descriptor FD to be looked at? */
static bool begin_edit(struct tracer *tracer, struct snr_listing *listing, int fd)
{
	const struct snr_host *host = &tracer->redirector.host;
	long n;

	if (!snr_listing_may_edit(tracer->redirector.image))
		return false;
	n = host->directory(host->context, fd, tracer->name, SNR_PATH_MAX);
	return n > 0 && snr_listing_edits(listing, tracer->redirector.image, host, &tracer->scratch,
					  tracer->name, (size_t)n);
}

/* The kernel gave SIZE bytes of records. How many are left of them, or -errno. */
static int64_t edit(struct tracer *tracer, const struct tracee *tracee,
		    const struct tracee_list *list, int64_t size)
{
	struct snr_listing listing;
	struct tracee_piece piece;
	int64_t left = size;
	char *names;

	if (!begin_edit(tracer, &listing, list->fd))
		return size;
	names = malloc((size_t)size);
	if (!names)
		return -ENOMEM;
	if (tracee_read(tracer, tracee, list->buffer, names, (size_t)size))
		left = -EFAULT;
	else
		left = snr_listing_edit(&listing, list->word, names, (size_t)size);
	piece = (struct tracee_piece){names, left > 0 ? (size_t)left : 0};
	if (left > 0 && tracee_write(tracer, tracee, list->buffer, &piece, 1))
		left = -EFAULT;
	free(names);
	return left;
}

static struct snr_listing_marks marks; /* of whichever tracee: directories are the same for all */

/* Give the names from CHILD on, or from the first (-1). Returns what the call returns. */
static int64_t give(struct tracer *tracer, const struct tracee *tracee, struct tracee_list *list,
		    int64_t child)
{
	size_t size = list->count < 65536 ? list->count : 65536;
	struct snr_listing listing;
	struct tracee_piece piece;
	uint32_t first;
	char *names;
	long used;

	if (child == 0 || !begin(tracer, &listing, list->fd))
		return 0;
	if (child > 0)
		listing.next = (uint32_t)child;
	snr_listing_resume(&listing, &marks);
	first = listing.next;
	names = malloc(size + 1);
	if (!names)
		return -ENOMEM;
	if (list->copy >= 0 && lseek(list->copy, list->base, SEEK_SET) < 0)
		list->base = SNR_LISTING_BASE32;
	used = snr_listing_fill(&listing, list->base, list->word, names, size);
	snr_listing_leave(&listing, &marks);
	piece = (struct tracee_piece){names, used > 0 ? (size_t)used : 0};
	if (used > 0 && tracee_write(tracer, tracee, list->buffer, &piece, 1))
		used = -EFAULT;
	set_place(tracer, tracee, list, used < 0 ? first : listing.next);
	free(names);
	return used;
}

void list_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		enum snr_op op)
{
	bool narrow = call->abi->word == 4;
	struct snr_listing listing;
	struct tracee_list *list = NULL;
	int fd = (int)(uint32_t)call->arg[0];
	bool extra = begin(tracer, &listing, fd), edits = begin_edit(tracer, &listing, fd);
	int64_t place;

	if (extra || edits)
		list = calloc(1, sizeof(*list));
	if (!list) {
		tracee_resume(tracee, 0);
		return;
	}
	tracee->list = list;
	list->fd = fd;
	list->extra = extra;
	list->edits = edits;
	list->buffer = call->arg[1];
	list->count = (uint32_t)call->arg[2];
	list->word = op == SNR_getdents ? call->abi->word : 0;
	list->base = narrow ? SNR_LISTING_BASE32 : SNR_LISTING_BASE64;
	list->copy = extra ? copy_descriptor(tracee, list->fd) : -1;
	place = extra ? get_place(tracer, tracee, list) : -1;
	if (place < 0) {
		tracee->due = TRACEE_LISTED;
		tracee_resume(tracee, 0);
		return;
	}
	place = give(tracer, tracee, list, place);
	list_forget(tracee);
	tracee_finish(tracer, tracee, place);
}

int list_leave(struct tracer *tracer, struct tracee *tracee)
{
	const struct tracee_list *list = tracee->list;
	int64_t result;
	int r = arch_get_result(tracee->tid, &result);

	if (!r && result > 0 && list->edits) {
		result = edit(tracer, tracee, list, result);
		/* Where nothing of what the kernel gave is to be seen, more of it may be. */
		r = result ? arch_set_result(tracee->tid, result) : arch_repeat(tracee->tid);
	} else if (!r && result == 0 && list->extra) {
		result = give(tracer, tracee, tracee->list, -1);
		r = arch_set_result(tracee->tid, result);
	}
	list_forget(tracee);
	return r;
}
