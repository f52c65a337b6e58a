/* SPDX-License-Identifier: MIT
 * Engine hybrid in the shim: calls that it plans itself and makes from the gate, where the tracer's
 * filter lets them pass. All others are the tracer's: wrappers without a way through the gate find
 * no image (shim_redirector) and call libc with the program's own arguments. For preload/ only.
 * It must never plan a call that the tracer will plan again, nor pass one that nobody has planned.
 */
#ifndef SHIM_GATE_H
#define SHIM_GATE_H

#include "preload/shim.h"

#include "shared/gate.h"

#include <dirent.h>
#include <stdio.h>

/* One system call that is all that libc's function would make (generated, or by_hand_syscall.c). */
struct shim_direct {
	uint16_t op;     /* enum snr_op */
	uint16_t number; /* ... its number */
	uint8_t path;    /* its first path argument; SNR_NARGS: none */
	uint8_t flags;   /* its flag word; SNR_NARGS: none */
	bool memo;       /* the answer depends on these two alone (shared/memo.h) */
	bool cancels;    /* libc's function is a cancellation point (pthreads(7)) */
};

/* readlink(2) (by_hand_names.c). */
extern const struct shim_direct shim_direct_readlink __attribute__((visibility("hidden")));

#ifdef SNR_GATE_ADDRESS

/* NULL until the gate is open. */
extern const struct snr_board *shim_board __attribute__((visibility("hidden")));

/* Where the shim's system calls are made (gate_entry.c). */
extern uintptr_t shim_gate_entry __attribute__((visibility("hidden")));

/* The rules once the gate was opened; NULL: never. */
extern const struct snr_image *shim_gate_image __attribute__((visibility("hidden")));

static inline bool shim_gate_is_open(void)
{
	const struct snr_board *board = __atomic_load_n(&shim_board, __ATOMIC_ACQUIRE);
	const struct snr_gate_words *words =
		(const struct snr_gate_words *)(SNR_GATE_ADDRESS + SNR_GATE_PAGE);

	return __builtin_expect(board != NULL, 0) &&
	       !__atomic_load_n(&board->closed, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&words->closed, __ATOMIC_ACQUIRE);
}

#else

static inline bool shim_gate_is_open(void)
{
	return false;
}

#endif

/* Open the gate if ENVP names its rules and the memory can be had. By the constructor, once. */
void shim_gate_start(const char *const *envp);

/* Plan CALL with ARGS and make it through the gate, which is open. Returns what the kernel says, or
 * -ENOSYS: libc's function is to be called, under the tracer. */
long shim_gate_call(const struct shim_direct *call, const long args[SNR_NARGS]);

/* The same for the call OP by its NUMBER, if the gate is open for it. False: it is libc's. True:
 * *RESULT is what the kernel says. For wrappers by hand. */
bool shim_gate_try(int op, long number, const long args[SNR_NARGS], long *result);

/* Does the call OP go through the gate? -1 is none. */
bool shim_gate_takes(int op);

/* What names are turned back by, NULL where the gate is not open. */
struct snr_redirector *shim_gate_redirector(void);

/* fopen(3) and opendir(3) with the gate open. False: it is libc's (gate_streams.c). */
bool shim_gate_fopen(const char *path, const char *mode, FILE **stream);
bool shim_gate_opendir(const char *path, DIR **dir);

/* Functions of libc that are called inside it (gate_patch.c). When the gate is open. */
void shim_gate_patch(void);

/* May a thread of this process be cancelled at all? */
bool shim_may_be_cancelled(void);

/* Objects were loaded: what was found out about them is nothing any more. */
void shim_gate_forget_objects(void);

/* What a wrapper returns for RESULT of the kernel. */
static inline long shim_result(long result)
{
	return result < 0 && result > -4096 ? shim_fail(result) : result;
}

#endif
