/* SPDX-License-Identifier: MIT
 * Engine preload: calls that fail since a `fault` rule wants it, and this process as part of the
 * run. For preload/ only.
 */
#ifndef SHIM_FAULT_H
#define SHIM_FAULT_H

#include "preload/shim.h"

#include "shared/fault.h"

/* By the constructor, once: take part in the run (its lock, its counts), and let libc's functions
 * for descriptors ask us, if a rule of IMAGE is about such. */
void shim_fault_start(const struct snr_image *image);

/* Before an exec: a descriptor that says that the new program is of the run, too. */
void shim_fault_before_exec(const struct snr_image *image);

/* Is CALL, of files that it names, to fail? Then the plan in SLOT says so. */
bool shim_fault_plan(const struct snr_redirector *redirector, const struct snr_call *call,
		     struct shim_slot *slot);

/* Which call on descriptors system call NUMBER is, if a rule may make it fail; else -1. */
int shim_fault_on(const struct snr_image *image, long number);

/* Does a rule take call NUMBER, ON descriptors, with ARGS, which may be changed? Then *RESULT is
 * what came of it, or -errno. */
bool shim_fault_takes(enum snr_on on, long number, long args[SNR_NARGS], long *result);

/* The error (-errno) that closing FD is to end with, or 0: what fclose(3) asks. */
int shim_fault_of_close(int fd);

/* Make system call NUMBER, ON descriptors: its result or -errno. */
long shim_fault_serve(enum snr_on on, long number, const long args[SNR_NARGS]);

/* Let libc's own functions be ours (fault_patch.c). */
void shim_fault_patch(const struct snr_image *image);

#endif
