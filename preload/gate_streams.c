/* SPDX-License-Identifier: MIT
 * Engine hybrid: fopen and opendir, whose open happens inside libc. It is made through the gate,
 * and libc is given the descriptor. For preload/ only, by generated wrappers. It must never open
 * what libc would have refused.
 */
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef SNR_GATE_ADDRESS

static const struct shim_direct open_file = {.op = SNR_openat,
					     .number = __NR_openat,
					     .path = 1,
					     .flags = 2,
					     .memo = true,
					     .cancels = true};
/* opendir(3) is no cancellation point. */
static const struct shim_direct open_directory = {
	.op = SNR_openat, .number = __NR_openat, .path = 1, .flags = 2, .memo = true};

/* The descriptor, -1 with errno set, or -ENOSYS: it is libc's turn. */
static long open_by(const struct shim_direct *direct, const char *path, long flags)
{
	const long args[SNR_NARGS] = {AT_FDCWD, (long)path, flags, 0666};
	long fd = shim_gate_call(direct, args);

	return fd < 0 && fd != -ENOSYS ? shim_fail(fd) : fd;
}

static void close_quietly(long fd)
{
	snr_rawcall1(__NR_close, fd);
}

/* The flags for the modes of fopen(3) that fdopen(3) reads alike; -1: others. */
static long plain_flags(const char *mode)
{
	long flags = shim_stream_flags(mode);

	if (mode[0] != 'r' && mode[0] != 'w' && mode[0] != 'a')
		return -1;
	for (int i = 1; mode[i]; i++) {
		if (i > 4 || (mode[i] != '+' && mode[i] != 'b' && mode[i] != 'x' && mode[i] != 'e'))
			return -1;
		if (mode[i] == 'e')
			flags |= O_CLOEXEC;
	}
	return flags;
}

bool shim_gate_fopen(const char *path, const char *mode, FILE **stream)
{
	long flags = plain_flags(mode);
	long fd = flags < 0 ? -ENOSYS : open_by(&open_file, path, flags);

	if (fd == -ENOSYS)
		return false;
	*stream = fd < 0 ? NULL : fdopen((int)fd, mode);
	if (fd >= 0 && !*stream)
		close_quietly(fd);
	return true;
}

bool shim_gate_opendir(const char *path, DIR **dir)
{
	long fd = open_by(&open_directory, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC);

	if (fd == -ENOSYS)
		return false;
	*dir = fd < 0 ? NULL : fdopendir((int)fd);
	if (fd >= 0 && !*dir)
		close_quietly(fd);
	return true;
}

#endif
