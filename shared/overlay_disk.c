/* SPDX-License-Identifier: MIT
 * What an upper layer has on the disk: whiteouts and opaque directories, in both of the forms that
 * overlayfs knows. Only answers of host.upper and overlay_act.c call it. It must never follow a
 * link.
 */
#include "shared/overlay_disk.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/statx.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define LIST 1024 /* names of attributes; where there are more, both are asked for */

/* Attributes of the mounter ("trusted", for who is root) and of anybody (mount option userxattr).
 */
static const char *const opaque_names[] = {"trusted.overlay.opaque", "user.overlay.opaque"};
static const char *const whiteout_names[] = {"trusted.overlay.whiteout", "user.overlay.whiteout"};

/* Is NAME among the LEN bytes of attribute names? */
static bool is_listed(const char *list, long len, const char *name)
{
	size_t size = snr_length(name) + 1;

	for (long at = 0; at < len; at += (long)snr_length(list + at) + 1)
		if (size <= (size_t)(len - at) && snr_equal(list + at, name, size))
			return true;
	return false;
}

/* The first byte of the first of two attributes that PATH has, or 0: none. */
static char mark_of(const char *path, const char *const names[2])
{
	char list[LIST], value;
	long len = snr_rawcall3(__NR_llistxattr, path, list, sizeof(list));

	if (len <= 0 && len != -ERANGE)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (len > 0 && !is_listed(list, len, names[i]))
			continue;
		value = '\0';
		/* One byte is asked for, and ERANGE is of a longer value, which is no mark. */
		if (snr_rawcall4(__NR_lgetxattr, path, names[i], &value, 1) >= 0)
			return value ? value : '\1';
	}
	return 0;
}

long snr_disk_stat(const char *path, struct snr_statx *stx)
{
	return snr_rawcall6(__NR_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SNR_STATX_BASIC, stx,
			    0);
}

bool snr_is_whiteout(const char *path, const struct snr_statx *stx)
{
	if (snr_mode_type(stx->mode) == SNR_TYPE_CHAR)
		return !stx->rdev_major && !stx->rdev_minor;
	return snr_mode_type(stx->mode) == SNR_TYPE_FILE && !stx->size &&
	       mark_of(path, whiteout_names);
}

long snr_upper_look(const char *path)
{
	struct snr_statx stx;
	long error = snr_disk_stat(path, &stx);
	char mark;

	if (error < 0)
		return error;
	if (snr_is_whiteout(path, &stx))
		return SNR_UPPER_WHITEOUT;
	if (snr_mode_type(stx.mode) != SNR_TYPE_DIRECTORY)
		return SNR_UPPER_OTHER;
	mark = mark_of(path, opaque_names);
	if (mark == 'y')
		return SNR_UPPER_OPAQUE;
	return mark == 'x' ? SNR_UPPER_MARKED : SNR_UPPER_DIRECTORY;
}

static long seek(long fd, int64_t position)
{
#if __SIZEOF_LONG__ == 4
	int64_t result;

	return snr_rawcall5(__NR__llseek, fd, (long)(position >> 32), (long)position, &result, 0);
#else
	return snr_rawcall3(__NR_lseek, fd, position, 0);
#endif
}

long snr_upper_list(const char *path, int64_t cookie, char *out, size_t size)
{
	long n = 0;
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, path,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	if (cookie)
		n = seek(fd, cookie);
	if (n >= 0)
		n = snr_rawcall3(__NR_getdents64, fd, out, size);
	snr_rawcall1(__NR_close, fd);
	return n;
}
