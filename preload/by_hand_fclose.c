/* SPDX-License-Identifier: MIT
 * fclose(3): libc closes the descriptor past every function of its own that could be changed.
 * Called by programs. Where no `fault` rule is about closing it must be a jump.
 */
#include "preload/fault.h"

#include <errno.h>
#include <stdio.h>

SHIM_REAL(int, fclose, (FILE * stream))

static __attribute__((noinline)) int close_and_fail(FILE *stream)
{
	int saved = errno, error, result;

	error = shim_fault_of_close(fileno(stream));
	errno = saved; /* of a stream in memory there is no descriptor */
	result = real_fclose()(stream);
	return error ? (int)shim_fail(error) : result;
}

SHIM_EXPORT int fclose(FILE *stream)
{
	const struct snr_redirector *redirector = shim_rules();

	if (redirector && stream && snr_fault_is_on(redirector->image, SNR_ON_close))
		return close_and_fail(stream);
	return real_fclose()(stream);
}
