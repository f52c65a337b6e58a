/* SPDX-License-Identifier: MIT
 * The log as the launcher writes it: its own lines, and the descriptor for the tracer's. The
 * launcher's files call it. It must never write to standard output.
 */
#include "launcher/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FILE from the root, since the program may be anywhere when its shim opens the log. */
static char *absolute(const char *file)
{
	char *path = NULL, *cwd;

	if (*file == '/')
		return strdup(file);
	cwd = getcwd(NULL, 0);
	if (cwd && asprintf(&path, "%s/%s", cwd, file) < 0)
		path = NULL;
	free(cwd);
	return path;
}

int journal_open(struct journal *journal, const char *file, bool json, unsigned verbose)
{
	*journal = (struct journal){STDERR_FILENO, false, json, verbose, NULL};
	if (!file)
		return 0;
	journal->path = absolute(file);
	if (!journal->path)
		return -errno;
	journal->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	if (journal->fd < 0)
		return -errno;
	journal->is_file = true;
	return 0;
}

/* TEXT as the inside of a JSON string. */
static void escape(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; *text && len + 7 < size; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\')
			out[len++] = '\\';
		if (byte < 0x20 || byte == 0x7f)
			len += (size_t)sprintf(out + len, "\\u%04x", byte);
		else
			out[len++] = (char)byte;
	}
	out[len] = '\0';
}

void journal_line(const struct journal *journal, unsigned level, const char *format, ...)
{
	char text[4096], escaped[8192], line[8400];
	va_list list;

	if (journal->verbose < level)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	int len;
	if (journal->json) {
		escape(text, escaped, sizeof(escaped));
		len = snprintf(line, sizeof(line),
			       "{\"pid\":%d,\"engine\":\"launcher\",\"text\":\"%s\"}\n",
			       (int)getpid(), escaped);
	} else {
		len = snprintf(line, sizeof(line), "snapredir[%d] launcher: %s\n", (int)getpid(),
			       text);
	}
	/* A log that cannot be written shall not keep the program from running. */
	if (len > 0 && write(journal->fd, line, (size_t)len) < 0)
		return;
}

int journal_tracer_fd(const struct journal *journal)
{
	return journal->is_file || journal->verbose ? journal->fd : -1;
}
