/* SPDX-License-Identifier: MIT
 * freopen(3): the stream is closed before the new file is opened, whatever comes of that.
 * Called by programs. It must never leave the stream open where it fails.
 */
#include "preload/shim.h"

#include <errno.h>
#include <stdio.h>

typedef FILE *reopen_function(const char *path, const char *mode, FILE *stream);

SHIM_REAL_POINTER(FILE *, freopen, (const char *path, const char *mode, FILE *stream))
SHIM_REAL_POINTER(FILE *, freopen64, (const char *path, const char *mode, FILE *stream))

/* A refusal that only we know comes after the real function has closed the stream, for a file that
 * is never there; unless it refuses the mode. */
static FILE *reopen(reopen_function *real, const char *path, const char *mode, FILE *stream)
{
	struct shim_slot *slot =
		shim_plan(SNR_open, (long)path, path ? shim_stream_flags(mode) : 0, 0666, 0, 0);
	char text[SNR_PATH_MAX];
	long result;
	int error;

	if (!slot)
		return real(path, mode, stream);
	path = shim_take(slot, 0, path, text);
	if (!shim_leave(slot, &result))
		return real(path, mode, stream);
	error = errno;
	real("", mode, stream);
	if (errno == ENOENT)
		shim_fail(-error);
	return NULL;
}

SHIM_EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	return reopen(real_freopen(), path, mode, stream);
}

SHIM_EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	return reopen(real_freopen64(), path, mode, stream);
}
