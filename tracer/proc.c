/* SPDX-License-Identifier: MIT
 * Reads /proc/TID. Used inside tracer/ only. It must never take a part of a file for the whole.
 */
#include "tracer/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_of(pid_t tid, const char *name)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t proc_read(pid_t tid, const char *name, char *out, size_t size)
{
	int fd = open_of(tid, name);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, out, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/* Where in the file the reader is. */
struct line {
	char name[32]; /* as far as it is read */
	size_t len;    /* of that, or of the value */
	bool in_value;
	const struct proc_field *field; /* whose value it is; NULL: nobody's */
	unsigned found;
};

static const struct proc_field *find_field(const struct line *line, const struct proc_field *fields,
					   unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strlen(fields[i].name) == line->len &&
		    !memcmp(fields[i].name, line->name, line->len))
			return &fields[i];
	return NULL;
}

static void begin_value(struct line *line, const struct proc_field *fields, unsigned n)
{
	line->field = find_field(line, fields, n);
	line->in_value = true;
	line->len = 0;
}

static void end_line(struct line *line)
{
	if (line->field) {
		line->field->out[line->len] = '\0';
		line->found++;
	}
	line->field = NULL;
	line->in_value = false;
	line->len = 0;
}

/* The value begins behind the blanks. */
static void add_to_value(struct line *line, char c)
{
	if (line->field && line->len + 1 < line->field->size &&
	    (line->len || (c != '\t' && c != ' ')))
		line->field->out[line->len++] = c;
}

static void take(struct line *line, const char *text, size_t size, const struct proc_field *fields,
		 unsigned n)
{
	for (size_t i = 0; i < size && line->found < n; i++) {
		if (text[i] == '\n')
			end_line(line);
		else if (line->in_value)
			add_to_value(line, text[i]);
		else if (text[i] == ':')
			begin_value(line, fields, n);
		else if (line->len < sizeof(line->name))
			line->name[line->len++] = text[i];
	}
}

int proc_status(pid_t tid, const struct proc_field *fields, unsigned n)
{
	int fd = open_of(tid, "status");
	struct line line = {.found = 0};
	char text[4096];
	ssize_t got = 0;

	for (unsigned i = 0; i < n; i++)
		fields[i].out[0] = '\0';
	if (fd < 0)
		return fd;
	while (line.found < n && (got = read(fd, text, sizeof(text))) > 0)
		take(&line, text, (size_t)got, fields, n);
	if (got < 0)
		got = -errno;
	close(fd);
	return got < 0 ? (int)got : line.found < n ? -ENOENT : 0;
}

long proc_number(pid_t tid, const char *name)
{
	char text[24];
	const struct proc_field field = {name, text, sizeof(text)};
	int r = proc_status(tid, &field, 1);

	return r ? r : strtol(text, NULL, 10);
}
