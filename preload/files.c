/* SPDX-License-Identifier: MIT
 * Reading executables and libraries, with few calls. For preload/ only. It must never leave a
 * descriptor behind.
 */
#include "preload/child.h"
#include "shared/callnumbers.h"
#include "shared/match.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <fcntl.h>

#define PIECES                                                                                     \
	(sizeof(((struct shim_reader *)NULL)->piece) /                                             \
	 sizeof(((struct shim_reader *)NULL)->piece[0]))

static long read_at(long fd, uint64_t offset, void *out, size_t size)
{
#if defined(__i386__)
	return snr_rawcall5(__NR_pread64, fd, out, size, (uint32_t)offset,
			    (uint32_t)(offset >> 32));
#else
	return snr_rawcall4(__NR_pread64, fd, out, size, offset);
#endif
}

void shim_reader_start(struct shim_reader *reader)
{
	reader->file = 0;
	reader->fd = -1;
}

void shim_reader_end(struct shim_reader *reader)
{
	if (reader->fd >= 0)
		snr_rawcall1(__NR_close, reader->fd);
	shim_reader_start(reader);
}

/* O_NONBLOCK: a FIFO must not stop us. */
static void turn_to(struct shim_reader *reader, const char *path)
{
	uint64_t file = snr_hash_path(path, snr_length(path));

	if (file == reader->file)
		return;
	shim_reader_end(reader);
	reader->file = file;
	reader->fd = snr_rawcall4(__NR_openat, AT_FDCWD, path,
				  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	reader->next = 0;
	for (size_t i = 0; i < PIECES; i++) {
		reader->piece[i].offset = 0;
		reader->piece[i].size = 0;
	}
}

/* What piece I has of what is asked for: bytes, or -1 where it cannot tell. */
static long available(const struct shim_reader *reader, size_t i, uint64_t offset, size_t size)
{
	uint64_t from = offset - reader->piece[i].offset, all = (uint64_t)reader->piece[i].size;

	if (from >= all || (from + size > all && all == SHIM_PIECE))
		return -1;
	return (long)(from + size > all ? all - from : size);
}

long shim_read_file(struct shim_reader *reader, const char *path, uint64_t offset, void *out,
		    size_t size)
{
	long n;
	size_t i;

	turn_to(reader, path);
	if (reader->fd < 0)
		return reader->fd;
	for (i = 0; i < PIECES && (n = available(reader, i, offset, size)) < 0; i++)
		;
	if (i == PIECES) {
		i = reader->next;
		n = read_at(reader->fd, offset, reader->piece[i].bytes, SHIM_PIECE);
		reader->piece[i].offset = offset;
		reader->piece[i].size = n > 0 ? n : 0;
		if (n <= 0)
			return n;
		/* The head is asked for again and again. */
		reader->next = i % (PIECES - 1) + 1;
		if (n == SHIM_PIECE && size > SHIM_PIECE)
			return read_at(reader->fd, offset, out, size);
		if (n > (long)size)
			n = (long)size;
	}
	snr_copy(out, reader->piece[i].bytes + (offset - reader->piece[i].offset), (size_t)n);
	return n;
}
