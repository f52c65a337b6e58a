/* SPDX-License-Identifier: MIT
 * Reading executables and libraries. For preload/ only. It must never keep a descriptor.
 */
#include "preload/child.h"
#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <fcntl.h>

/* O_NONBLOCK: a FIFO must not stop us. */
static long read_once(const char *path, uint64_t offset, void *out, size_t size)
{
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, path,
			       O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	long n;

	if (fd < 0)
		return fd;
#if defined(__i386__)
	n = snr_rawcall5(__NR_pread64, fd, out, size, (uint32_t)offset, (uint32_t)(offset >> 32));
#else
	n = snr_rawcall4(__NR_pread64, fd, out, size, offset);
#endif
	snr_rawcall1(__NR_close, fd);
	return n;
}

long shim_read_file(struct shim_window *window, const char *path, uint64_t offset, void *out,
		    size_t size)
{
	uint64_t from = offset - window->offset;

	if (offset == 0 || window->size < 0 || from > (uint64_t)window->size ||
	    (size > (uint64_t)window->size - from && window->size == sizeof(window->bytes))) {
		if (size > sizeof(window->bytes))
			return read_once(path, offset, out, size);
		window->offset = offset;
		window->size = read_once(path, offset, window->bytes, sizeof(window->bytes));
		from = 0;
	}
	if (window->size < 0)
		return window->size;
	if (size > (uint64_t)window->size - from)
		size = (size_t)((uint64_t)window->size - from);
	snr_copy(out, window->bytes + from, size);
	return (long)size;
}
