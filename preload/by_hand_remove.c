/* SPDX-License-Identifier: MIT
 * remove(3): two calls of the kernel, each with refusals of its own at the path of a rule.
 * Called by programs. It must never remove anything but through the wrappers of these calls.
 */
#include "preload/shim.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

SHIM_REAL(int, remove, (const char *path))

/* As glibc does it: most things are no directories. */
SHIM_EXPORT int remove(const char *path)
{
	int saved = errno;

	if (!shim_redirector())
		return real_remove()(path);
	if (unlink(path) == 0)
		return 0;
	if (errno != EISDIR || rmdir(path) < 0)
		return -1;
	errno = saved;
	return 0;
}
