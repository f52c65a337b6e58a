/* SPDX-License-Identifier: MIT
 * Names of AF_UNIX sockets: a struct sockaddr_un in, a struct sockaddr_un out. Callable from
 * everywhere.
 */
#ifndef SNR_ADDRESS_H
#define SNR_ADDRESS_H

#include "shared/rewrite.h"

/* sizeof(struct sockaddr_un), unix(7): two bytes of family, 108 of path. */
#define SNR_ADDRESS_SIZE   110
#define SNR_ADDRESS_FAMILY 2

struct snr_address_plan {
	enum snr_verdict verdict;
	int32_t result; /* SNR_FINISHED: -errno */
	uint32_t rule;
	uint32_t len; /* SNR_CHANGED: bytes of the new address, what takes the place of socklen_t */
	bool too_long; /* the real path, in PATH, does not fit: the caller makes a short one that
			* leads to its directory, and calls snr_write_address */
	uint32_t path_len;               /* of PATH, if SNR_CHANGED */
	struct snr_overlay_plan overlay; /* deed: snr_act_for_address comes next */
};

/* Plan a call that looks the LEN bytes of a socket address at ADDRESS up: CREATES for bind(2),
 * which makes the name and follows no link; others follow. ADDRESS is the caller's copy. OUT gets
 * the new address, PATH (SNR_PATH_MAX bytes) the real path. What is no AF_UNIX path name, or what
 * the kernel refuses, stays UNCHANGED. */
void snr_plan_address(struct snr_redirector *redirector, struct snr_scratch *scratch,
		      const unsigned char *address, size_t len, bool creates,
		      unsigned char out[SNR_ADDRESS_SIZE], char *path,
		      struct snr_address_plan *plan);

/* Do what the PLAN that snr_plan_address made needs before bind(2). OUT and PATH are the same. */
struct snr_actor;
void snr_act_for_address(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			 const struct snr_actor *actor, unsigned char out[SNR_ADDRESS_SIZE],
			 char *path, struct snr_address_plan *plan);

/* Write the address of the socket PATH, LEN bytes. Returns its size, or -ENAMETOOLONG. */
long snr_write_address(const char *path, size_t len, unsigned char out[SNR_ADDRESS_SIZE]);

/* Turn the address that the kernel gave back (LEN bytes, the kernel's own length, which may be more
 * than the caller's buffer held) into the program's. Returns the bytes now in OUT, or 0 where it
 * stays as it is. */
size_t snr_reverse_address(const struct snr_image *image, const unsigned char *address, size_t len,
			   unsigned char out[SNR_ADDRESS_SIZE]);

#endif
