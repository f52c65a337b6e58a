/* SPDX-License-Identifier: MIT
 * statx(2) where the headers are older than the field that is wanted: the mount that a file lies
 * on. The hosts use it. It must never grow what the kernel fills beyond its 256 bytes.
 */
#ifndef SNR_STATX_H
#define SNR_STATX_H

#include <stdint.h>

#define SNR_STATX_MNT_ID 0x1000u /* STATX_MNT_ID of <linux/stat.h>, Linux 5.8 */

/* struct statx of <linux/stat.h>, as far as we read it. */
struct snr_statx {
	uint32_t mask;
	uint32_t unread[33];
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t mount; /* valid if the mask says so */
	uint64_t rest[13];
};

_Static_assert(sizeof(struct snr_statx) == 256, "the kernel writes 256 bytes");

/* Which mount, as a number to compare; where an old kernel does not tell, its device. */
static inline uint64_t snr_statx_mount(const struct snr_statx *stx)
{
	if (stx->mask & SNR_STATX_MNT_ID)
		return stx->mount;
	return (uint64_t)stx->dev_major << 32 | stx->dev_minor;
}

#endif
