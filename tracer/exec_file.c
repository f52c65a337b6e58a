/* SPDX-License-Identifier: MIT
 * The files that an execution is about, read for its planner. Used by exec.c and exec_env.c only.
 * It must never open what is no regular file.
 */
#include "tracer/exec.h"

#include "tracer/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only regular files: opening others may block or do something. The tracer's own rights are used: a
 * program may be executable and not readable. */
static int open_regular(const struct tracer *tracer, const char *path)
{
	char view[SNR_PATH_MAX + 64];
	struct stat st;
	int fd;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	if (stat(view, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	fd = open(view, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static void look_at(const struct tracer *tracer, struct exec_file *file, const char *path)
{
	if (file->fd >= 0)
		close(file->fd);
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->fd = open_regular(tracer, path);
	file->size = file->fd;
	if (file->fd >= 0)
		file->size = pread(file->fd, file->head, sizeof(file->head), 0);
	if (file->fd >= 0 && file->size < 0)
		file->size = -errno;
	file->window_size = 0;
}

static long read_behind(struct exec_file *file, uint64_t offset, void *out, size_t size)
{
	if (size > EXEC_WINDOW) {
		ssize_t n = pread(file->fd, out, size, (off_t)offset);

		return n < 0 ? -errno : n;
	}
	if (offset < file->window_at ||
	    offset + size > file->window_at + (uint64_t)file->window_size) {
		ssize_t n = pread(file->fd, file->window, EXEC_WINDOW, (off_t)offset);

		file->window_size = n < 0 ? 0 : n;
		file->window_at = offset;
		if (n < 0)
			return -errno;
		if ((size_t)n < size)
			size = (size_t)n;
	}
	memcpy(out, file->window + (offset - file->window_at), size);
	return (long)size;
}

long exec_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	struct tracer *tracer = context;
	struct exec_file *file = tracer->looked_at;

	if (strcmp(file->path, path))
		look_at(tracer, file, path);
	if (file->size < 0)
		return file->size;
	if (offset + size <= (uint64_t)file->size) {
		memcpy(out, file->head + offset, size);
		return (long)size;
	}
	return read_behind(file, offset, out, size);
}

void exec_file_begin(struct tracer *tracer, struct exec_file *file)
{
	file->path[0] = '\0';
	file->fd = -1;
	tracer->looked_at = file;
}

void exec_file_end(struct tracer *tracer)
{
	if (tracer->looked_at->fd >= 0)
		close(tracer->looked_at->fd);
	tracer->looked_at = NULL;
}
