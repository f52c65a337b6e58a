/* SPDX-License-Identifier: MIT
 * Calls that change what a descriptor is open on: where that is read-only by a rule, they
 * fail; where it is on the lower layer of an overlay, they are made on its name. Called by
 * programs. They must cost nothing where no rule says readonly or overlay.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <stdarg.h>
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
SHIM_REAL(int, ioctl, (int fd, unsigned long request, ...))
SHIM_REAL(int, __ioctl_time64, (int fd, unsigned long request, ...))

/* The same by names. */
SHIM_REAL(int, utimensat, (int dirfd, const char *path, const struct timespec times[2], int flags))
SHIM_REAL(int, utimes, (const char *path, const struct timeval times[2]))
SHIM_REAL(int, __utimensat64, (int dirfd, const char *path, const void *times, int flags))
SHIM_REAL(int, __utimes64, (const char *path, const void *times))

int __futimens64(int fd, const void *times);
int __futimes64(int fd, const void *times);

/* What is planned for the call OP on FD with further arguments, or NULL: let it through. */
static struct shim_slot *plan(enum snr_op op, int fd, long b, long c, long d, long e)
{
	const uint32_t kinds = SNR_KIND_BIT(SNR_READONLY) | SNR_KIND_BIT(SNR_OVERLAY);
	const struct snr_redirector *redirector = shim_redirector();

	if (!redirector || !snr_has_kind(redirector->image, kinds))
		return NULL;
	return shim_plan(op, fd, b, c, d, e);
}

/* True: the call was refused, or made on the name, with *RESULT. */
static bool is_done(struct shim_slot *slot, int *result)
{
	long answer;

	if (!slot || !shim_leave(slot, &answer))
		return false;
	*result = (int)answer;
	return true;
}

/* The name by which the times of FD's file are to be set, in TEXT, empty: by FD. */
static bool times_done(int fd, const void *times, char text[SNR_PATH_MAX], int *result)
{
	struct shim_slot *slot = plan(SNR_utimensat, fd, 0, (long)times, 0, 0);

	text[0] = '\0';
	if (slot)
		shim_take(slot, slot->plan.path_arg[0], NULL, text);
	return is_done(slot, result);
}

SHIM_EXPORT int fchmod(int fd, mode_t mode)
{
	struct shim_slot *slot = plan(SNR_fchmod, fd, (long)mode, 0, 0, 0);
	int result;

	return is_done(slot, &result) ? result : real_fchmod()(fd, mode);
}

SHIM_EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
	struct shim_slot *slot = plan(SNR_fchown, fd, (long)uid, (long)gid, 0, 0);
	int result;

	return is_done(slot, &result) ? result : real_fchown()(fd, uid, gid);
}

SHIM_EXPORT int futimens(int fd, const struct timespec times[2])
{
	char text[SNR_PATH_MAX];
	int result;

	if (times_done(fd, times, text, &result))
		return result;
	return text[0] ? real_utimensat()(AT_FDCWD, text, times, 0) : real_futimens()(fd, times);
}

SHIM_EXPORT int futimes(int fd, const struct timeval times[2])
{
	char text[SNR_PATH_MAX];
	int result;

	if (times_done(fd, times, text, &result))
		return result;
	return text[0] ? real_utimes()(text, times) : real_futimes()(fd, times);
}

SHIM_EXPORT int __futimens64(int fd, const void *times)
{
	char text[SNR_PATH_MAX];
	int result;

	if (times_done(fd, times, text, &result))
		return result;
	return text[0] ? real___utimensat64()(AT_FDCWD, text, times, 0)
		       : real___futimens64()(fd, times);
}

SHIM_EXPORT int __futimes64(int fd, const void *times)
{
	char text[SNR_PATH_MAX];
	int result;

	if (times_done(fd, times, text, &result))
		return result;
	return text[0] ? real___utimes64()(text, times) : real___futimes64()(fd, times);
}

SHIM_EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	struct shim_slot *slot =
		plan(SNR_fsetxattr, fd, (long)name, (long)value, (long)size, flags);
	int result;

	return is_done(slot, &result) ? result : real_fsetxattr()(fd, name, value, size, flags);
}

SHIM_EXPORT int fremovexattr(int fd, const char *name)
{
	struct shim_slot *slot = plan(SNR_fremovexattr, fd, (long)name, 0, 0, 0);
	int result;

	return is_done(slot, &result) ? result : real_fremovexattr()(fd, name);
}

/* True: the request is refused, and errno set. */
static bool request_is_refused(int fd, unsigned long request)
{
	int result;

	return snr_request_changes((uint32_t)request) &&
	       is_done(plan(SNR_ioctl, fd, (long)request, 0, 0, 0), &result);
}

/* Whatever the request takes is one word, if it takes anything. */
#define IOCTL(symbol)                                                                              \
	SHIM_EXPORT int symbol(int fd, unsigned long request, ...)                                 \
	{                                                                                          \
		va_list arguments;                                                                 \
		void *argument;                                                                    \
                                                                                                   \
		va_start(arguments, request);                                                      \
		argument = va_arg(arguments, void *);                                              \
		va_end(arguments);                                                                 \
		return request_is_refused(fd, request) ? -1                                        \
						       : real_##symbol()(fd, request, argument);   \
	}

IOCTL(ioctl)
IOCTL(__ioctl_time64)
