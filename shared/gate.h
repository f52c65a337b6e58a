/* SPDX-License-Identifier: MIT
 * The gate: the one place from which the shim's own system calls pass the tracer's filter, and what
 * shims and tracer tell each other by memory. Included by preload/ and tracer/. Nothing here may be
 * found by looking: the filter is laid before any program runs.
 */
#ifndef SNR_GATE_H
#define SNR_GATE_H

#include "shared/facts.h"

#include <stdint.h>

/* A page with `syscall; ret`, and a page of words behind it. Above the text of programs that are
 * not position-independent, below 2 GiB, on a boundary of 64 KiB; 0x70000000 is rr's. Other
 * architectures, and 32-bit programs, have none: all their calls go to the tracer. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define SNR_GATE_ADDRESS 0x60000000ul
/* seccomp_data.instruction_pointer: behind the instruction. */
#define SNR_GATE_IP   (SNR_GATE_ADDRESS + 2)
#define SNR_GATE_PAGE 4096ul
#endif

/* What a new image of a process finds the gate's rules by: "FD:PID:COOKIE", the tracer's own
 * descriptor of the image; the next number is that of the board. COOKIE: 16 hexadecimal digits. */
#define SNR_GATE_ENV   "SNAPREDIR_GATE"
#define SNR_GATE_VALUE 48 /* bytes, the NUL included */

/* The second page, of this process alone. */
struct snr_gate_words {
	uint64_t magic;       /* SNR_GATE_MAGIC, last */
	uint32_t closed;      /* by the tracer: what this process may call has changed */
	uint32_t alone;       /* by the tracer: some thread that had this memory was handed over */
	struct snr_told told; /* by the tracer: of the working directory (shared/start.h) */
};

/* prctl(PR_SET_SECCOMP, SNR_GATE_ASK): is there a tracer of ours? It answers so; the kernel knows
 * no such mode (EINVAL). Which threads it has let go, and what they forked since, is known to
 * nobody else. */
#define SNR_GATE_ASK    0x736e7241
#define SNR_GATE_TRACED 0x7472

#define SNR_GATE_MAGIC  0x6574616772696e73ull

/* Memory of the tracer and all shims. */
struct snr_board {
	uint64_t cookie; /* as SNR_GATE_ENV says it: /proc/PID may be another one's elsewhere */
	uint32_t epoch;  /* of everybody's facts about links (shared/facts.h) */
	uint32_t closed; /* some program has moved its root: all calls go to the tracer */
};

#endif
