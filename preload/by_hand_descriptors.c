/* SPDX-License-Identifier: MIT
 * Calls that change what a descriptor is open on: where that is read-only by a rule, they fail.
 * Called by programs. They must cost nothing where no rule says readonly.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

SHIM_REAL(int, fchmod, (int fd, mode_t mode))
SHIM_REAL(int, fchown, (int fd, uid_t uid, gid_t gid))
SHIM_REAL(int, futimens, (int fd, const struct timespec times[2]))
SHIM_REAL(int, futimes, (int fd, const struct timeval times[2]))
/* Of programs with 64-bit times on 32 bit: their times are only passed on. */
SHIM_REAL(int, __futimens64, (int fd, const void *times))
SHIM_REAL(int, __futimes64, (int fd, const void *times))
SHIM_REAL(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags))
SHIM_REAL(int, fremovexattr, (int fd, const char *name))

int __futimens64(int fd, const void *times);
int __futimes64(int fd, const void *times);

/* True: the call OP on FD is refused, and errno set. */
static bool is_refused(enum snr_op op, int fd)
{
	const struct snr_redirector *redirector = shim_redirector();
	struct shim_slot *slot = NULL;
	long result;

	if (redirector && snr_has_kind(redirector->image, SNR_KIND_BIT(SNR_READONLY)))
		slot = shim_plan(op, fd, 0, 0, 0, 0);
	return slot && shim_leave(slot, &result);
}

SHIM_EXPORT int fchmod(int fd, mode_t mode)
{
	return is_refused(SNR_fchmod, fd) ? -1 : real_fchmod()(fd, mode);
}

SHIM_EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
	return is_refused(SNR_fchown, fd) ? -1 : real_fchown()(fd, uid, gid);
}

SHIM_EXPORT int futimens(int fd, const struct timespec times[2])
{
	return is_refused(SNR_utimensat, fd) ? -1 : real_futimens()(fd, times);
}

SHIM_EXPORT int futimes(int fd, const struct timeval times[2])
{
	return is_refused(SNR_utimensat, fd) ? -1 : real_futimes()(fd, times);
}

SHIM_EXPORT int __futimens64(int fd, const void *times)
{
	return is_refused(SNR_utimensat, fd) ? -1 : real___futimens64()(fd, times);
}

SHIM_EXPORT int __futimes64(int fd, const void *times)
{
	return is_refused(SNR_utimensat, fd) ? -1 : real___futimes64()(fd, times);
}

SHIM_EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	return is_refused(SNR_fsetxattr, fd) ? -1 : real_fsetxattr()(fd, name, value, size, flags);
}

SHIM_EXPORT int fremovexattr(int fd, const char *name)
{
	return is_refused(SNR_fremovexattr, fd) ? -1 : real_fremovexattr()(fd, name);
}
