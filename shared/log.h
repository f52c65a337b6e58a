/* SPDX-License-Identifier: MIT
 * One line of the log, in the words that --explain uses. Formats only: the caller writes it with
 * one write(2).
 */
#ifndef SNR_LOG_H
#define SNR_LOG_H

#include "shared/pathop.h"
#include "shared/rules.h"

/* A line never gets longer than this; names that do not fit are cut. */
#define SNR_LOG_SIZE 8192

/* The note of a call that a `fault` rule cut short. */
#define SNR_LOG_SHORT "is cut short"

struct snr_event {
	int pid;
	const char *engine; /* "preload", "trace" */
	const char *call;   /* "openat" */
	const char *from;   /* the program's path, FROM_LEN bytes */
	size_t from_len;
	const char *to; /* where it leads; NULL: unchanged */
	size_t to_len;
	const char *note; /* the rest of the sentence instead, or NULL */
	int result;       /* finished with this -errno; 0: the kernel decides */
	uint32_t rule;    /* or SNR_NO_RULE */
	/* For a record (record.h): */
	enum snr_op op;
	int dirfd;      /* that a relative FROM starts at, or AT_FDCWD */
	uint32_t flags; /* of a call that opens */
	uint8_t nth;    /* of the call's paths */
	bool follow;    /* a link as last component is looked through */
};

/* Write the line with its newline, text or JSON as IMAGE's flags say, to OUT of SIZE bytes (at most
 * SNR_LOG_SIZE are used). Returns its length.
 *
 *     snapredir[4711] trace: openat "/opt/acme/x" -> "/snap/acme/1/opt/acme/x" (acme.rules:3 bind
 * /opt/acme) snapredir[4711] trace: rmdir "/opt/acme" fails: errno 16 (acme.rules:3 bind /opt/acme)
 *     snapredir[4711] trace: openat "/etc/passwd" unchanged (no rule)
 *     snapredir[4711] preload: execve "/opt/acme/tool" is a static program, ... (no rule)
 */
size_t snr_log_format(const struct snr_image *image, const struct snr_event *event, char *out,
		      size_t size);

/* "FILE:LINE KIND PATH" of RULE, or "no rule", as the log and --explain say it. Writes at most SIZE
 * bytes with the NUL, cutting the rest. Returns the length. */
size_t snr_log_rule(const struct snr_image *image, uint32_t rule, char *out, size_t size);

/* The word of the rules language for enum snr_kind KIND. */
const char *snr_kind_name(int kind);

#endif
