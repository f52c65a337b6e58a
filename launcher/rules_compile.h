/* SPDX-License-Identifier: MIT
 * From checked rules to the image that shim and tracer map (shared/rules.h): a sealed memfd. The
 * launcher calls it. It must never decide anything about rules: that is done.
 */
#ifndef LAUNCHER_RULES_COMPILE_H
#define LAUNCHER_RULES_COMPILE_H

#include "launcher/rules_check.h"

/* What the image says beside the rules. Strings may be NULL: none. */
struct image_settings {
	enum snr_engine engine;
	uint8_t verbose;
	uint32_t flags; /* enum snr_image_flag */
	const char *log;
	const char *record; /* of the pipe of a learning run, and its inode */
	uint32_t record_inode;
	const char *shim64;
	const char *shim32;
	const char *launcher;
	const char *stats; /* struct snr_image says what these are */
	uint64_t stats_cookie;
	int fd;          /* an empty memfd for it, of image_reserve(); 0: a new one */
	const char *run; /* the directory of the run */
	unsigned run_fd;
	char *const *environment; /* for `native` programs; NULL: there is no such rule */
};

struct image {
	int fd; /* close-on-exec; the memfd, sealed against every change */
	const struct snr_image *mapped;
	size_t size;
};

/* Build the image of SET. Returns 0, -EFBIG where the rules are too much for one image (4 GiB, or
 * 2^25 different directories on their paths), or the errno of memfd_create(2), write(2), mmap(2).
 */
int image_build(const struct rules_set *set, const struct image_settings *settings,
		struct image *image);

/* A descriptor for an image that will be built later; close-on-exec. -errno of memfd_create(2). */
int image_reserve(void);

void image_free(struct image *image);

#endif
