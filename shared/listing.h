/* SPDX-License-Identifier: MIT
 * What the listing of a directory must show beside the names on the disk: the paths of rules, and
 * what leads to them. Used by the shim's readdir and getdents64, and by the tracer.
 */
#ifndef SNR_LISTING_H
#define SNR_LISTING_H

#include "shared/resolve.h"

struct snr_listing {
	const struct snr_image *image;
	const struct snr_host *host;
	struct snr_scratch *scratch; /* where: the directory's virtual path */
	size_t len;                  /* of scratch->where */
	uint32_t next;               /* index of the next child, 1 based; 0: no more */
};

struct snr_listed {
	const char *name; /* in the image: LEN bytes, no NUL behind */
	size_t len;
	uint64_t inode;
	unsigned char type; /* DT_DIR, DT_REG, ... */
};

/* Begin the extra names of the directory whose real path, as the kernel tells it, is REAL (LEN
 * bytes). False: there are none, as for nearly every directory. The order is always the same.
 * SCRATCH is in use until the last snr_listing_next. */
bool snr_listing_begin(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len);

/* The next extra name. Names that the disk has there are skipped, since the kernel lists them; so
 * are rules whose target is missing. False at the end. */
bool snr_listing_next(struct snr_listing *listing, struct snr_listed *listed);

/* Put extra names into BUFFER of SIZE bytes as getdents64(2) has them, each with d_off OFFSET.
 * Names that do not fit are left for the next call. Returns the bytes used. */
size_t snr_listing_fill(struct snr_listing *listing, int64_t offset, char *buffer, size_t size);

#endif
