/* SPDX-License-Identifier: MIT
 * One record of a learning run. Callable from shim and tracer; formats only.
 * It must never write anything itself.
 */
#include "shared/record.h"

#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>

/* Where the program is, in its own names: LEN bytes in ROOM; 0 where nobody knows. */
static size_t find_start(const struct snr_redirector *redirector, int dirfd, char *room,
			 struct snr_record *record)
{
	const struct snr_host *host = &redirector->host;
	long len = host->directory(host->context, dirfd, room, SNR_PATH_MAX);

	if (len <= 0 || room[0] != '/')
		return 0;
	/* Straight into the record, which leaves that much for the names behind it. */
	len = snr_reverse(redirector->image, room, (size_t)len, record->text,
			  (SNR_RECORD_SIZE - sizeof(*record)) / 3);
	if (len < 0)
		record->about |= SNR_RECORD_CUT;
	return len < 0 ? 0 : (size_t)len;
}

static uint16_t put(struct snr_record *record, size_t at, const char *text, size_t len)
{
	size_t room = SNR_RECORD_SIZE - sizeof(*record) - at;

	if (len > room) {
		record->about |= SNR_RECORD_CUT;
		len = room;
	}
	snr_copy(record->text + at, text, len);
	return (uint16_t)len;
}

bool snr_record_fill(const struct snr_redirector *redirector, const struct snr_event *event,
		     char *room, struct snr_record *record)
{
	size_t at;

	if (!event->from_len)
		return false;
	*record = (struct snr_record){
		.op = (uint16_t)event->op,
		.result = event->result,
		.rule = event->rule,
		.flags = event->flags,
		.nth = event->nth,
	};
	if (event->from[0] != '/')
		record->start_len = (uint16_t)find_start(redirector, event->dirfd, room, record);
	at = record->start_len;
	record->name_len = put(record, at, event->from, event->from_len);
	at += record->name_len;
	if (event->to)
		record->to_len = put(record, at, event->to, event->to_len);
	record->size = (uint16_t)(sizeof(*record) + at + record->to_len);
	return true;
}

/* The flags with which a call opens; 0 where it does not. */
static uint32_t open_flags(const struct snr_host *host, const struct snr_call *call)
{
	const struct snr_pathop *row = &snr_pathops[call->op];
	int flags = snr_pathop_find(row, SNR_ROLE_OFLAGS);
	int how = snr_pathop_find(row, SNR_ROLE_HOW);
	uint64_t word = 0;

	if (flags >= 0)
		return (uint32_t)call->arg[flags];
	if (how >= 0 && !host->read_bytes(host->context, call->arg[how], &word, sizeof(word)))
		return (uint32_t)word;
	return 0;
}

struct snr_event snr_event_of(const struct snr_host *host, const struct snr_call *call, int arg)
{
	const struct snr_pathop *row = &snr_pathops[call->op];
	int dirfd = snr_pathop_dirfd(row, arg);
	struct snr_event event = {
		.op = call->op,
		.call = row->name,
		.dirfd = dirfd < 0 ? AT_FDCWD : (int)(uint32_t)call->arg[dirfd],
		.flags = open_flags(host, call),
		.rule = SNR_NO_RULE,
	};
	uint64_t how[3] = {event.flags, 0, 0};
	struct snr_lookup lookup = snr_pathop_lookup(row, arg, call->arg, how);

	event.follow = lookup.follow;
	for (int i = 0; i < arg; i++)
		event.nth += snr_role_is_path(row->role[i]);
	return event;
}

bool snr_event_opens(const struct snr_event *event)
{
	const struct snr_pathop *row = &snr_pathops[event->op];

	return snr_pathop_find(row, SNR_ROLE_OFLAGS) >= 0 ||
	       snr_pathop_find(row, SNR_ROLE_HOW) >= 0;
}

bool snr_event_creates(const struct snr_event *event)
{
	const struct snr_pathop *row = &snr_pathops[event->op];

	if (snr_event_opens(event))
		return event->flags & O_CREAT;
	/* rename and link take the first path, and make the second. */
	return (row->effects & SNR_CREATES) && (event->nth || !(row->effects & SNR_SAME_FS));
}

bool snr_event_writes(const struct snr_event *event)
{
	const struct snr_pathop *row = &snr_pathops[event->op];

	if (snr_event_creates(event) || (row->effects & (SNR_REMOVES | SNR_PERMITS)))
		return true;
	return (event->flags & O_ACCMODE) != O_RDONLY || (event->flags & O_TRUNC);
}
