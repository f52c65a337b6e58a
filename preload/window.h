/* SPDX-License-Identifier: MIT
 * A window: for the time of one libc function, the system calls that libc makes by itself in this
 * thread come to us (Linux 5.11, "Syscall User Dispatch"), and meet the same rules as a call of
 * syscall(2). For wrappers of preload/ only. It must never be open while a signal handler
 * of the program runs.
 */
#ifndef SHIM_WINDOW_H
#define SHIM_WINDOW_H

#include "preload/shim.h"

#include <signal.h>

/* The groups of files that libc reads by itself. */
enum shim_files {
#define FILES(name, ...) SHIM_FILES_##name,
#include "shared/pathops.def"
	SHIM_NFILES
};

/* What is known of each group: may a rule have to do with its files? */
enum shim_reads {
	SHIM_READS_UNKNOWN,
	SHIM_READS_NONE,
	SHIM_READS_NAMED, /* none, but variables of the environment may name others */
	SHIM_READS_SOME,
};
extern uint8_t shim_reads_known[SHIM_NFILES];

/* The rest of shim_reads. */
bool shim_reads_now(enum shim_files files);

/* Has a function that reads FILES to be called within a window? */
static inline bool shim_reads(enum shim_files files)
{
	uint8_t known = __atomic_load_n(&shim_reads_known[files], __ATOMIC_RELAXED);

	return known != SHIM_READS_NONE && shim_reads_now(files);
}

/* Open a window for FILES around a call of libc; what was before goes to SAVED. False: none is
 * needed, or none can be had, or one is open. Neither touches errno. */
bool shim_window_open(struct shim_thread *saved, enum shim_files files);
void shim_window_close(const struct shim_thread *saved);

/* ---- between window.c and trap.c ---- */

/* The mask within a window: the program's handlers wait. SIGSYS is ours, and the kernel would kill
 * the process for a fault that is blocked. */
#define SHIM_WINDOW_MASK                                                                           \
	(~(1ull << (SIGSYS - 1) | 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) |                   \
	   1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1) | 1ull << (SIGTRAP - 1)))

/* Switch the dispatch on or off in this thread. 0 or -errno. */
long shim_dispatch_on(void);
void shim_dispatch_off(void);

/* Set the thread's signal mask. */
void shim_set_mask(uint64_t mask);

/* ---- SIGSYS (by_hand_signal.c) ---- */

/* See to it that SIGSYS comes to shim_trap. False if it cannot, or must not any more. */
bool shim_signal_take(void);

/* A SIGSYS that is not of a window: what the program wants. */
void shim_signal_forward(int number, siginfo_t *info, void *context);

/* rt_sigaction(2) for SIGSYS of libc itself, which only spawn functions make, in their child: OLD
 * is the program's, and exec does the rest. */
long shim_signal_ask(const long *args);

/* What the program ignores is ignored by the next program, too. */
void shim_signal_before_exec(void);

/* Call NUMBER, seccomp or prctl, succeeded. */
void shim_signal_filtered(long number, const long *args);

/* The handler (trap.c). */
void shim_trap(int number, siginfo_t *info, void *context);

/* What the kernel returns to behind the handler (trap_entry.h). */
void shim_trap_return(void);

#endif
