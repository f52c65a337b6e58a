/* SPDX-License-Identifier: MIT
 * fstat and its older names. They name no file, but glibc 2.33 to 2.38 makes them by newfstatat(2)
 * with an empty path, which the tracer's filter cannot tell from others. Called by programs. It
 * must never do anything where there is no gate.
 */
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <sys/stat.h>

SHIM_REAL(int, fstat, (int fd, struct stat *st))
SHIM_REAL(int, fstat64, (int fd, struct stat64 *st))
SHIM_REAL(int, __fxstat, (int ver, int fd, struct stat *st))
SHIM_REAL(int, __fxstat64, (int ver, int fd, struct stat64 *st))

/* The kernel's layout is that of both structures where there is a gate. */
static int by_descriptor(int fd, void *st)
{
	return (int)shim_result(snr_rawcall2(__NR_fstat, fd, st));
}

SHIM_EXPORT int fstat(int fd, struct stat *st)
{
	return shim_gate_is_open() ? by_descriptor(fd, st) : real_fstat()(fd, st);
}

SHIM_EXPORT int fstat64(int fd, struct stat64 *st)
{
	return shim_gate_is_open() ? by_descriptor(fd, st) : real_fstat64()(fd, st);
}

SHIM_EXPORT int __fxstat(int ver, int fd, struct stat *st)
{
	if (shim_gate_is_open() && (unsigned)ver <= 1)
		return by_descriptor(fd, st);
	return real___fxstat()(ver, fd, st);
}

SHIM_EXPORT int __fxstat64(int ver, int fd, struct stat64 *st)
{
	if (shim_gate_is_open() && (unsigned)ver <= 1)
		return by_descriptor(fd, st);
	return real___fxstat64()(ver, fd, st);
}
