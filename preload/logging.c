/* SPDX-License-Identifier: MIT
 * -v in the shim: one write a line, straight to the log.
 * For preload/ only. It must never use the program's own streams or keep a descriptor open.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/log.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <fcntl.h>
#include <unistd.h>

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
static void log_event(const struct snr_image *image, struct snr_event *event)
{
	char *line = shim_map(SNR_LOG_SIZE);

	if (!line)
		return;
	event->pid = (int)snr_rawcall1(__NR_getpid, 0);
	event->engine = "preload";
	event->from_len = snr_length(event->from);
	event->to_len = event->to ? snr_length(event->to) : 0;
	write_line(image, line, snr_log_format(image, event, line, SNR_LOG_SIZE));
	shim_unmap(line, SNR_LOG_SIZE);
}

void shim_log_plan(const struct snr_image *image, enum snr_op op, const char *from, const char *to,
		   int result, uint32_t rule)
{
	struct snr_event event = {
		.call = snr_pathops[op].name,
		.from = from,
		.to = to,
		.result = result,
		.rule = rule,
	};

	if ((image->verbose > 1 || to || result) && shim_string_length(from, SNR_PATH_MAX) >= 0)
		log_event(image, &event);
}

void shim_log_failure(const struct snr_image *image, const char *call, const char *what, int error)
{
	struct snr_event event = {.call = call, .from = what, .result = error, .rule = SNR_NO_RULE};

	if (image->verbose)
		log_event(image, &event);
}

void shim_log_unseen(const struct snr_image *image, const char *path, const char *why,
		     uint32_t rule)
{
	struct snr_event event = {.call = "execve", .from = path, .note = why, .rule = rule};

	/* Nobody asked for lines on the program's own standard error. */
	if (image->verbose || image->log.len)
		log_event(image, &event);
}
