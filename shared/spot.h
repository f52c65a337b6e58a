/* SPDX-License-Identifier: MIT
 * Where the entry lies that a removing, renaming or linking call names: its directory on the disk,
 * its name there, and whether a rule's path is at that spot. Only refuse.c calls it.
 */
#ifndef SNR_SPOT_H
#define SNR_SPOT_H

#include "shared/rewrite.h"
#include "shared/text.h"

/* What the last component of a path is (fs/namei.c: LAST_NORM and its kind). */
enum snr_last { SNR_LAST_NAME, SNR_LAST_DOT, SNR_LAST_DOTDOT, SNR_LAST_ROOT };

struct snr_spot {
	char *path;    /* of the entry, absolute, by which the kernel can be asked about it; beneath
			  a mount, not on it */
	size_t parent; /* bytes of it that name the directory */
	uint32_t rule; /* whose path this is: a mount point; or SNR_NO_RULE */
	int error;     /* -errno of what comes before any lookup, or 0 */
	uint8_t last;  /* enum snr_last */
	bool slash;    /* something follows the name */
	bool empty;    /* the text is: the descriptor itself, where the call takes that */
	bool above;    /* rules' paths lie beneath */
};

/* A call, and what is known about it so far. */
struct snr_question {
	struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	const struct snr_call *call;
	const struct snr_pathop *op;
	const struct snr_resolved *resolved; /* of each path */
	const struct snr_plan *plan;
	struct snr_spot spot[SNR_MAX_PATHS];
};

/* The descriptor that governs path N. */
int snr_spot_dirfd(const struct snr_question *q, int n);

/* Which argument is path N? */
int snr_spot_argument(const struct snr_pathop *op, int n);

/* The path that the kernel gets for path N, made absolute, in scratch->pending. Returns its length,
 * or -errno of what comes before the lookup. */
long snr_spot_text(const struct snr_question *q, int n);

/* Begin a path with where DIRFD is, by the program's own descriptor: found even if no name leads
 * there (any more). */
void snr_spot_start(struct snr_builder *builder, int dirfd);

/* Find Q->spot[N]. */
void snr_spot_find(struct snr_question *q, int n);

/* Is entry N the directory of the other one, or above it? */
bool snr_spot_holds_other(const struct snr_question *q, int n);

/* What is not there in /proc is ENOENT by the look itself (proc_lookup_de in fs/proc/generic.c):
 * nothing can be made. What stands in for a missing parent is not meant. */
bool snr_spot_is_in_proc(const struct snr_question *q, int n);

/* The directory of path N, in scratch->pending. */
const char *snr_spot_parent(const struct snr_question *q, int n);

#endif
