/* SPDX-License-Identifier: MIT
 * statx(2) without a libc, and where the headers are older than the field that is wanted: the mount
 * that a file lies on. The hosts and overlay_*.c use it. It must never grow what the kernel fills
 * beyond its 256 bytes.
 */
#ifndef SNR_STATX_H
#define SNR_STATX_H

#include <stdint.h>

#define SNR_STATX_BASIC  0x7ffu  /* STATX_BASIC_STATS of <linux/stat.h> */
#define SNR_STATX_MNT_ID 0x1000u /* STATX_MNT_ID, Linux 5.8 */

/* S_IFMT and what it tells apart, <sys/stat.h>. */
#define SNR_TYPE_FIFO      0010000u
#define SNR_TYPE_CHAR      0020000u
#define SNR_TYPE_DIRECTORY 0040000u
#define SNR_TYPE_BLOCK     0060000u
#define SNR_TYPE_FILE      0100000u
#define SNR_TYPE_LINK      0120000u
#define SNR_TYPE_SOCKET    0140000u

/* struct statx of <linux/stat.h>, as far as we read it. */
struct snr_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct snr_statx {
	uint32_t mask;
	uint32_t block_size;
	uint64_t attributes;
	uint32_t links;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t reserved;
	uint64_t inode;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct snr_statx_time accessed;
	struct snr_statx_time born;
	struct snr_statx_time changed;
	struct snr_statx_time modified;
	uint32_t rdev_major;
	uint32_t rdev_minor;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t mount; /* valid if the mask says so */
	uint64_t rest[13];
};

_Static_assert(sizeof(struct snr_statx) == 256, "the kernel writes 256 bytes");

static inline uint32_t snr_mode_type(uint32_t mode)
{
	return mode & 0170000u;
}

/* Which mount, as a number to compare; where an old kernel does not tell, its device. */
static inline uint64_t snr_statx_mount(const struct snr_statx *stx)
{
	if (stx->mask & SNR_STATX_MNT_ID)
		return stx->mount;
	return (uint64_t)stx->dev_major << 32 | stx->dev_minor;
}

#endif
