/* SPDX-License-Identifier: MIT
 * Extra names of a directory that is being listed, for readdir and getdents of preload/ only. They
 * come behind the kernel's own. It must never cost an ordinary directory more than one readlink.
 */
#ifndef SHIM_LISTING_H
#define SHIM_LISTING_H

#include "preload/shim.h"
#include "shared/listing.h"

/* Does any rule put a name into a directory, and are wrappers to add it? */
bool shim_lists(void);

/* May the directory FD be one that rules put names into? (parents.c) */
bool shim_may_hold_rules(const struct snr_redirector *redirector, int fd);

/* Where a stream stands among the extra names. */
struct shim_list_place {
	int64_t place;  /* number of the next name, 0 at the end; -1: not begun */
	int64_t merged; /* the place that the next two are of (struct snr_merge) */
	uint32_t at;
	int64_t cookie;
	char name[256]; /* the last one */
};

/* One extra name of the directory FD: that with number AT->place, or the first where that is -1.
 * It becomes the number of the one behind it, 0 at the end. False: there is none. */
bool shim_list_next(int fd, struct shim_list_place *at, struct snr_listed *listed);

/* Of which of the kernel's names in the directory FD must shim_list_shows be asked? ODD: of those
 * that snr_may_be_hidden. */
enum shim_asking { SHIM_ASKS_NEVER, SHIM_ASKS_ODD, SHIM_ASKS_ALWAYS };
enum shim_asking shim_list_asks(int fd);

/* What is to be seen of the kernel's NAME in the directory FD: false if nothing; else the name may
 * have become shorter, and *TYPE and *INODE be others. */
bool shim_list_shows(int fd, char *name, unsigned char *type, uint64_t *inode);

/* getdents64(2), or with WORD not 0 getdents(2) with longs of that size, of descriptor FD: NUMBER
 * is the call's. Bytes or -errno. */
long shim_list(long number, unsigned word, int fd, void *buffer, size_t size);

#endif
