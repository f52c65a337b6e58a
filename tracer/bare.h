/* SPDX-License-Identifier: MIT
 * Who was handed over to another tracer without having a shim: a child that has not executed
 * anything yet. Until it does, its calls are planned here. Used by serve.c and hand.c only.
 */
#ifndef SNR_TRACER_BARE_H
#define SNR_TRACER_BARE_H

#include "tracer/tracee.h"

#include <linux/seccomp.h>
#include <stddef.h>

/* Memory of ours in such a process: a page for code, then room for strings. The tracer's signature
 * begins the second page. */
#define BARE_CODE 4096ul
#define BARE_START                                                                                 \
	(BARE_CODE - 8ul * ARCH_DETOUR) /* behind detours: where hand.c lets some begin */
#define BARE_HEAD  16ul
#define BARE_SIZE  (1ul << 20)
#define BARE_IMAGE 512 /* bytes of the auxiliary vector, by which an image is known */

/* include/linux/errno.h: what a call gives that is made again if a signal has come, before its
 * handler could see anything else (signal(7)). */
#define BARE_AGAIN (-513)

/* What the process that answers has to know of the one that was handed over. */
struct bare {
	uint64_t map;
	pid_t pid;
	bool shared;  /* the memory is its parent's, too (vfork) */
	int memory;   /* /proc/PID/mem, or -1 */
	int listener; /* serve.c */
	uint32_t image_size;
	char image[BARE_IMAGE];
};

/* A process whose code has a jump in it: one of its calls is about to go on a detour. */
struct bare_detour {
	pid_t pid;   /* 0: none */
	uint64_t ip; /* where the jump stands */
	uint64_t nr; /* of the call */
	int memory;
	uint8_t code[ARCH_JUMP]; /* what stood there */
};

#define BARE_DETOURS 8

/* All of one listener. */
struct bare_detours {
	struct bare_detour at[BARE_DETOURS];
	unsigned slots; /* how many were used */
};

/* Read BARE of TRACEE, which is stopped, with its memory of ours at MAP. Returns 0 or -errno. */
int bare_describe(struct bare *bare, const struct tracee *tracee, uint64_t map);

/* Decide what ANSWER to give to ASKED: that the kernel shall make the call is in it already. */
void bare_answer(struct tracer *tracer, const struct bare *bare, struct bare_detours *detours,
		 const struct seccomp_notif *asked, struct seccomp_notif_resp *answer);

#endif
