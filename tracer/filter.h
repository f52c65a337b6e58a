/* SPDX-License-Identifier: MIT
 * The seccomp filter that stops the calls of shared/pathops.def, and what each stop
 * carries. Used by tracer/ and its tests. It must never list a call that names a file.
 */
#ifndef SNR_TRACER_FILTER_H
#define SNR_TRACER_FILTER_H

#include "shared/fault.h"
#include "shared/rules.h"
#include "tracer/arch/arch.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* Calls that name no file and still matter to the tracer: see filter.c for each one's reason. The
 * last ones never stop: signal.c knows them by their numbers. */
#define FILTER_EXTRAS(X)                                                                           \
	X(IO_URING, io_uring_setup)                                                                \
	X(CLONE, clone)                                                                            \
	X(CLONE3, clone3)                                                                          \
	X(PRCTL, prctl)                                                                            \
	X(PTRACE, ptrace)                                                                          \
	X(SECCOMP, seccomp)                                                                        \
	X(UNSHARE, unshare)                                                                        \
	X(SETNS, setns)                                                                            \
	X(EPOLL_WAIT, epoll_wait)                                                                  \
	X(EPOLL_PWAIT, epoll_pwait)                                                                \
	X(EPOLL_PWAIT2, epoll_pwait2)                                                              \
	X(SIGTIMEDWAIT, rt_sigtimedwait)                                                           \
	X(SIGTIMEDWAIT64, rt_sigtimedwait_time64)                                                  \
	X(SEMOP, semop)                                                                            \
	X(SEMTIMEDOP, semtimedop)                                                                  \
	X(SEMTIMEDOP64, semtimedop_time64)                                                         \
	X(IPC, ipc)

/* The codes: enum snr_op, then these. */
enum filter_extra {
	FILTER_FIRST_EXTRA = SNR_NOPS - 1,
#define FILTER_EXTRA(code, name) FILTER_##code,
	FILTER_EXTRAS(FILTER_EXTRA)
#undef FILTER_EXTRA
		FILTER_FIRST_ON, /* calls on descriptors: what `fault` rules alone want to see */
	FILTER_NCODES = FILTER_FIRST_ON + SNR_NONS
};

/* SECCOMP_RET_DATA of our stops: a tag in the upper bits, since a program's own filter may ask for
 * stops too; then the ABI; then the number of the call, so that one instruction of the filter says
 * it for all. */
#define FILTER_TAG      0x5000u
#define FILTER_TAG_MASK 0xf000u
#define FILTER_NUMBERS  0x400u

/* The number, and the code, of who has broken SECCOMP_MODE_STRICT: strict.c. */
#define FILTER_STRICT (FILTER_NUMBERS - 1)

_Static_assert(FILTER_NCODES <= FILTER_STRICT, "no code is that of strict.c");

static inline uint16_t filter_data(unsigned abi, unsigned number)
{
	return (uint16_t)(FILTER_TAG | abi << 10 | number);
}

static inline unsigned filter_abi_of(uint16_t data)
{
	return data >> 10 & 3;
}

/* The code of the call in DATA, or -1 where another filter asked for this stop. */
int filter_code_of(uint16_t data);

/* Number of the call CODE in ABI, or -1 where it has none. */
int filter_number(const struct arch_abi *abi, unsigned code);
/* The code of the call NR of ABI, or -1. */
int filter_code(const struct arch_abi *abi, uint64_t nr);

/* Does the tracer have to see this operation under the rules of IMAGE? */
bool filter_wants(const struct snr_image *image, enum snr_op op);

/* Do calls of OP pass that are made at the gate (shared/gate.h)? */
bool filter_has_gate(const struct snr_image *image, const struct arch_abi *abi, enum snr_op op);

/* The argument of OP that must not be NULL for a stop, or -1: it always stops. */
int filter_pointer(enum snr_op op);

/* Has this process CAPABILITY (linux/capability.h)? */
bool tracer_has_capability(unsigned capability);

#define FILTER_MAX 4096 /* BPF_MAXINSNS */

/* Write the program for IMAGE and all ABIs of arch_abis to OUT, at most FILTER_MAX instructions.
 * STOP is what becomes of the calls in question: SECCOMP_RET_TRACE, or SECCOMP_RET_USER_NOTIF for
 * who is not to be traced any more (hand.c). Returns how many, or -E2BIG. */
int filter_build(const struct snr_image *image, uint32_t stop, struct sock_filter *out);

#endif
