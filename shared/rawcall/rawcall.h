/* SPDX-License-Identifier: MIT
 * One primitive for a system call, the same in libc-less code of every architecture.
 * For preload/ and shared/ code that runs inside other people's processes.
 * It must never touch errno: the kernel's -errno comes back as it is.
 */
#ifndef SNR_RAWCALL_H
#define SNR_RAWCALL_H

#if defined(__x86_64__)
#include "shared/rawcall/x86_64.h"
#elif defined(__i386__)
#include "shared/rawcall/i386.h"
#elif defined(__aarch64__)
#include "shared/rawcall/aarch64.h"
#else
#error "no shared/rawcall header for this architecture, see docs/adding-an-architecture.md"
#endif

/* Fewer arguments: the rest are 0. */
#define snr_rawcall1(nr, a)       snr_rawcall(nr, (long)(a), 0, 0, 0, 0, 0)
#define snr_rawcall2(nr, a, b)    snr_rawcall(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define snr_rawcall3(nr, a, b, c) snr_rawcall(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define snr_rawcall4(nr, a, b, c, d)                                                               \
	snr_rawcall(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define snr_rawcall5(nr, a, b, c, d, e)                                                            \
	snr_rawcall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define snr_rawcall6(nr, a, b, c, d, e, f)                                                         \
	snr_rawcall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
