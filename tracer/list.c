/* SPDX-License-Identifier: MIT
 * Listings: extra names follow what the kernel gives at the first call behind the beginning of a
 * directory, and later calls where there was no room for all. Used by enter.c and leave.c only.
 * It must never write more than the program's buffer holds.
 */
#include "tracer/list.h"

#include "shared/listing.h"
#include "tracer/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest entry there can be: the kernel gives EINVAL where not even one fits. */
#define ONE_ENTRY 288u

/* struct linux_dirent64, as getdents64(2) has it and snr_listing_fill makes it. */
struct entry64 {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
} __attribute__((packed));

/* From the entry to the exit of one call. */
struct tracee_list {
	uint64_t buffer;
	unsigned word;  /* 0: the records of getdents64; else those of getdents with such longs */
	uint32_t first; /* the child with which NAMES begins */
	uint32_t child; /* where the next call goes on; 0: all are told */
	uint32_t count; /* the size of the program's buffer */
	int fd;
	size_t size;
	char names[]; /* of getdents64 */
};

/* /proc/PID/fdinfo/FD: how far a descriptor has come. Returns -errno where nobody can tell. */
static int64_t position(pid_t tid, int fd)
{
	char path[48], text[128];
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n < 0 ? 0 : n] = '\0';
	return n > 5 && !strncmp(text, "pos:", 4) ? strtoll(text + 4, NULL, 10) : -EPROTO;
}

/* A directory whose extra names did not all fit yet. There are few at a time. */
static struct list_rest *find_rest(struct tracer *tracer, const struct tracee *tracee, int fd)
{
	for (size_t i = 0; i < sizeof(tracer->rest) / sizeof(*tracer->rest); i++)
		if (tracer->rest[i].child && tracer->rest[i].tgid == tracee->tgid &&
		    tracer->rest[i].fd == fd)
			return &tracer->rest[i];
	return NULL;
}

static void keep_rest(struct tracer *tracer, const struct tracee *tracee, int fd, uint32_t child)
{
	struct list_rest *rest = find_rest(tracer, tracee, fd);

	if (!rest && child)
		rest = &tracer->rest[tracer->nrests++ %
				     (sizeof(tracer->rest) / sizeof(*tracer->rest))];
	if (rest)
		*rest = (struct list_rest){tracee->tgid, fd, child};
}

/* Bytes that the record of NAME takes in the form of getdents with longs of WORD bytes. */
static size_t old_size(const char *name, unsigned word)
{
	return (2 * word + 2 + strlen(name) + 2 + word - 1) & ~(size_t)(word - 1);
}

/* Begin the listing of descriptor FD. False: it has no extra names. */
static bool begin(struct tracer *tracer, struct snr_listing *listing, int fd)
{
	const struct snr_host *host = &tracer->redirector.host;
	long n = host->directory(host->context, fd, tracer->name, SNR_PATH_MAX);

	return n > 0 && snr_listing_begin(listing, tracer->redirector.image, host, &tracer->scratch,
					  tracer->name, (size_t)n);
}

/* The extra names that go into SIZE bytes, from LISTING->next on. */
static struct tracee_list *make_list(struct snr_listing *listing, size_t size)
{
	struct tracee_list *list = calloc(1, sizeof(*list) + size);

	if (!list)
		return NULL;
	list->first = listing->next;
	list->size = snr_listing_fill(listing, 0, list->names, size);
	list->child = listing->next;
	return list;
}

/* Which extra name is due at this call: 0 for none. */
static uint32_t due_child(struct tracer *tracer, const struct tracee *tracee, int fd,
			  const struct snr_listing *listing)
{
	const struct list_rest *rest;

	if (position(tracee->tid, fd) == 0)
		return listing->next;
	rest = find_rest(tracer, tracee, fd);
	return rest ? rest->child : 0;
}

static struct tracee_list *plan_list(struct tracer *tracer, const struct tracee *tracee, int fd,
				     uint32_t count)
{
	struct snr_listing listing;

	if (count <= ONE_ENTRY || (int32_t)count < 0 || !begin(tracer, &listing, fd))
		return NULL;
	listing.next = due_child(tracer, tracee, fd, &listing);
	/* Half of the buffer, at most, and what the kernel needs stays. */
	return listing.next ? make_list(&listing, (count - ONE_ENTRY) / 2) : NULL;
}

void list_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		enum snr_op op)
{
	int fd = (int)(uint32_t)call->arg[0], r;
	uint32_t count = (uint32_t)call->arg[2];
	struct tracee_list *list = plan_list(tracer, tracee, fd, count);

	if (!list) {
		tracee_resume(tracee, 0);
		return;
	}
	list->fd = fd;
	list->count = count;
	list->buffer = call->arg[1];
	list->word = op == SNR_getdents ? call->abi->word : 0;
	tracee->list = list;
	r = tracee_replace_arg(tracee, call, 2, count - list->size);
	tracee->due = TRACEE_LISTED;
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
}

/* The kernel has no more names: all of the buffer is for ours. */
static void refill(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_list *old = tracee->list, *list;
	struct snr_listing listing;

	if (!begin(tracer, &listing, old->fd))
		return;
	listing.next = old->first;
	list = make_list(&listing, old->count);
	if (!list)
		return;
	list->fd = old->fd;
	list->count = old->count;
	list->buffer = old->buffer;
	list->word = old->word;
	tracee->list = list;
	free(old);
}

/* The offset that the last of the kernel's SIZE bytes of records has: where the extra names stand
 * for seekdir(3), too. */
static int64_t last_offset(struct tracer *tracer, const struct tracee *tracee,
			   const struct tracee_list *list, size_t size)
{
	unsigned word = list->word ? list->word : 8;
	int64_t offset = 0;
	char *records = malloc(size + 1);

	if (records && !tracee_read(tracer, tracee, list->buffer, records, size)) {
		for (size_t at = 0; at + 2 * word + 2 <= size;) {
			uint16_t length;

			offset = 0;
			memcpy(&offset, records + at + word, word);
			memcpy(&length, records + at + 2 * word, sizeof(length));
			if (!length)
				break;
			at += length;
		}
	}
	free(records);
	return offset;
}

/* Set the offsets and bring the records into the form that the call gives. Returns their size. */
static size_t finish_records(struct tracee_list *list, int64_t offset, char *out)
{
	size_t used = 0;

	for (size_t at = 0; at < list->size;) {
		struct entry64 *entry = (void *)(list->names + at);
		char *to = out + used;
		uint16_t size = entry->size;

		at += entry->size;
		entry->offset = offset;
		if (list->word) {
			size = (uint16_t)old_size(entry->name, list->word);
			memset(to, 0, size);
			memcpy(to, &entry->inode, list->word);
			memcpy(to + list->word, &offset, list->word);
			memcpy(to + 2 * list->word, &size, sizeof(size));
			strcpy(to + 2 * list->word + 2, entry->name);
			to[size - 1] = (char)entry->type;
		} else {
			memcpy(to, entry, size);
		}
		used += size;
	}
	return used;
}

int list_leave(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_list *list;
	struct tracee_piece piece = {NULL, 0};
	int64_t result;
	char *records;
	int r = arch_get_result(tracee->tid, &result);

	if (r || result < 0)
		return r;
	if (result == 0)
		refill(tracer, tracee);
	list = tracee->list;
	/* A record of getdents is never longer than the same one of getdents64. */
	records = calloc(1, list->size + 1);
	if (!records)
		return -ENOMEM;
	piece.size =
		finish_records(list, last_offset(tracer, tracee, list, (size_t)result), records);
	piece.data = records;
	if (!tracee_write(tracer, tracee, list->buffer + (uint64_t)result, &piece, 1)) {
		keep_rest(tracer, tracee, list->fd, list->child);
		r = arch_set_result(tracee->tid, result + (int64_t)piece.size);
	}
	free(records);
	return r;
}
