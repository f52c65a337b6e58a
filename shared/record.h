/* SPDX-License-Identifier: MIT
 * What one call wanted and what came of it, for whoever learns from a run (launcher/learn.h): one
 * record a path, written to a pipe. Formats only: the caller writes it with one write(2).
 */
#ifndef SNR_RECORD_H
#define SNR_RECORD_H

#include "shared/log.h"
#include "shared/rewrite.h"

/* PIPE_BUF of Linux, pipe(7): a write of that many bytes is not mixed with those of others. */
#define SNR_RECORD_SIZE 4096

enum snr_record_flag {
	SNR_RECORD_FORESEEN = 1 << 0, /* RESULT is what the kernel said of the path beforehand */
	SNR_RECORD_CUT = 1 << 1,      /* names that are too long for a record were cut */
};

/* The same for both word sizes. The texts follow, one behind the other, no NUL. */
struct snr_record {
	uint16_t size; /* of all, the texts too */
	uint16_t op;   /* enum snr_op */
	int32_t pid;
	int32_t result; /* 0 or positive, or -errno */
	uint32_t rule;  /* that decided, or SNR_NO_RULE */
	uint32_t flags; /* of a call that opens, as open(2) has them */
	uint16_t start_len;
	uint16_t name_len;
	uint16_t to_len;
	uint8_t nth;    /* of the call's paths: 0, 1 */
	uint8_t engine; /* enum snr_engine */
	uint8_t about;  /* enum snr_record_flag */
	uint8_t reserved[3];
	char comm[16]; /* of the thread, padded with NULs */
	char text[];   /* where a relative name starts; the name; where it leads if not there */
};

/* Fill RECORD, of SNR_RECORD_SIZE bytes, from EVENT, whose call was made relative to
 * EVENT->dirfd; ROOM is SNR_PATH_MAX bytes to work with. RESULT, PID, COMM and ENGINE are the
 * caller's to set. False: the call names nothing. */
bool snr_record_fill(const struct snr_redirector *redirector, const struct snr_event *event,
		     char *room, struct snr_record *record);

/* The event of path argument ARG of CALL but for its texts: everything that is in the call. */
struct snr_event snr_event_of(const struct snr_host *host, const struct snr_call *call, int arg);

/* Does the call of EVENT open a file? */
bool snr_event_opens(const struct snr_event *event);

/* Does the call of EVENT bring something into being, or change what is there? */
bool snr_event_creates(const struct snr_event *event);
bool snr_event_writes(const struct snr_event *event);

#endif
