/* SPDX-License-Identifier: MIT
 * The name of what a path of the program means. Part of name.h.
 */
#include "shared/name.h"

#include "shared/text.h"

#include <errno.h>

static long name_of_descriptor(const struct snr_image *image, const struct snr_host *host,
			       struct snr_scratch *scratch, int fd, char *out)
{
	char path[32];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};
	bool lost;

	if (fd < 0)
		return -EBADF;
	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, fd);
	return snr_canonical(image, host, scratch, -1, path, (size_t)snr_finish(&builder), out,
			     &lost);
}

long snr_name_of(const struct snr_image *image, const struct snr_host *host,
		 struct snr_scratch *scratch, int dirfd, const char *path, size_t len,
		 struct snr_lookup lookup, char *out)
{
	struct snr_component last = snr_last_component(path, len);
	const char *name = path + last.start;
	size_t size = last.end - last.start;
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	bool lost;
	long n = -ENOENT;

	if (!len)
		return name_of_descriptor(image, host, scratch, dirfd, out);
	if (!size || snr_is_dot(name, size) || snr_is_dotdot(name, size) || lookup.follow)
		n = snr_canonical(image, host, scratch, dirfd, path, len, out, &lost);
	if (n >= 0 || !size)
		return n;
	n = snr_canonical(image, host, scratch, dirfd, last.start ? path : ".",
			  last.start ? last.start : 1, out, &lost);
	if (n < 0)
		return n;
	builder.len = n == 1 ? 0 : (size_t)n;
	snr_add(&builder, "/", 1);
	snr_add(&builder, name, size);
	return snr_finish(&builder);
}
