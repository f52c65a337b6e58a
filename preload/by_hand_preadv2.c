/* SPDX-License-Identifier: MIT
 * preadv2(2) and pwritev2(2), which fault_patch.c leaves as they are: it goes on by them.
 * Called by programs. Where no `fault` rule is about reading or writing it must be a jump.
 */
#include "preload/fault.h"
#include "preload/gate.h"

#include "shared/callnumbers.h"

#include <sys/uio.h>

#define ARGUMENTS   (int fd, const struct iovec *vector, int count, off_t offset, int flags)
#define ARGUMENTS64 (int fd, const struct iovec *vector, int count, off64_t offset, int flags)

SHIM_REAL(ssize_t, preadv2, ARGUMENTS)
SHIM_REAL(ssize_t, pwritev2, ARGUMENTS)
SHIM_REAL(ssize_t, preadv64v2, ARGUMENTS64)
SHIM_REAL(ssize_t, pwritev64v2, ARGUMENTS64)

/* The kernel takes an offset in two words, of which a 64-bit one reads the first alone. */
static bool takes(enum snr_on on, long number, int fd, const struct iovec *vector, int count,
		  int64_t offset, int flags, long *result)
{
	long args[SNR_NARGS] = {fd, (long)vector, count, (long)offset, (long)(offset >> 32), flags};
	const struct snr_redirector *redirector = shim_rules();

	if (!redirector || !snr_fault_is_on(redirector->image, on) ||
	    !shim_fault_takes(on, number, args, result))
		return false;
	*result = shim_result(*result);
	return true;
}

SHIM_EXPORT ssize_t preadv2 ARGUMENTS
{
	long result;

	if (takes(SNR_ON_preadv2, __NR_preadv2, fd, vector, count, offset, flags, &result))
		return result;
	return real_preadv2()(fd, vector, count, offset, flags);
}

SHIM_EXPORT ssize_t pwritev2 ARGUMENTS
{
	long result;

	if (takes(SNR_ON_pwritev2, __NR_pwritev2, fd, vector, count, offset, flags, &result))
		return result;
	return real_pwritev2()(fd, vector, count, offset, flags);
}

SHIM_EXPORT ssize_t preadv64v2 ARGUMENTS64
{
	long result;

	if (takes(SNR_ON_preadv2, __NR_preadv2, fd, vector, count, offset, flags, &result))
		return result;
	return real_preadv64v2()(fd, vector, count, offset, flags);
}

SHIM_EXPORT ssize_t pwritev64v2 ARGUMENTS64
{
	long result;

	if (takes(SNR_ON_pwritev2, __NR_pwritev2, fd, vector, count, offset, flags, &result))
		return result;
	return real_pwritev64v2()(fd, vector, count, offset, flags);
}
