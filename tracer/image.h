/* SPDX-License-Identifier: MIT
 * What a new image is told of its own name, where another file was executed than the program said:
 * AT_EXECFN and comm. Used by exec.c and leave.c only. Failing here must never fail the exec.
 */
#ifndef SNR_TRACER_IMAGE_H
#define SNR_TRACER_IMAGE_H

#include "tracer/tracee.h"

/* The image about to be executed as PATH has the name OWN, and pointers of WORD bytes (0: unknown,
 * nothing can be done); if BY_FILE, comm
 * is nevertheless of PATH. Writes PATH to OUT, SNR_PATH_MAX bytes, with as many slashes in front as
 * the kernel's copy needs to have room for OWN. */
void image_expect(struct tracee *tracee, const char *own, const char *path, unsigned word,
		  bool by_file, char *out);

/* At EVENT_EXEC. Afterwards TRACEE->due says what is to be done at its next stop. */
void image_begin(struct tracer *tracer, struct tracee *tracee);
/* At that stop and the next ones, DUE being what was due. Returns 0 or -errno. */
int image_go_on(struct tracee *tracee, enum tracee_due due);
/* May TRACEE make calls of ours? A filter of its own might kill it for them. */
bool image_may_call(const struct tracee *tracee);
/* Where the image of TRACEE has an instruction for calls of the native ABI, in its vDSO; 0:
 * nowhere.
 */
uint64_t image_find_call(struct tracer *tracer, const struct tracee *tracee);
/* The exec failed. */
void image_forget(struct tracee *tracee);

#endif
