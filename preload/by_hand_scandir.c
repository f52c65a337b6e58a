/* SPDX-License-Identifier: MIT
 * scandir and its kin: libc reads with calls of its own, so where rules apply the names are
 * collected here, through our readdir. Called by programs; allocates as libc's own do. It must
 * never leave memory or a descriptor behind where it fails.
 */
#include "preload/listing.h"

#include "shared/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*filter_call)(const struct dirent *entry);
typedef int (*filter64_call)(const struct dirent64 *entry);
typedef int (*order_call)(const struct dirent **a, const struct dirent **b);
typedef int (*order64_call)(const struct dirent64 **a, const struct dirent64 **b);

SHIM_REAL(int, scandir,
	  (const char *path, struct dirent ***list, filter_call filter, order_call order))
SHIM_REAL(int, scandir64,
	  (const char *path, struct dirent64 ***list, filter64_call filter, order64_call order))
SHIM_REAL(int, scandirat,
	  (int dirfd, const char *path, struct dirent ***list, filter_call filter,
	   order_call order))
SHIM_REAL(int, scandirat64,
	  (int dirfd, const char *path, struct dirent64 ***list, filter64_call filter,
	   order64_call order))

/* qsort(3)'s view of the program's comparison: both get the addresses of two pointers. */
typedef int (*compare_call)(const void *a, const void *b);

/* One scan: what is collected, entries of one kind or the other, and the program's filter. */
struct scan {
	bool wide;
	filter_call filter;
	filter64_call filter64;
	void **entry;
	size_t n, room;
};

static bool collect(struct scan *scan, const void *entry, size_t size)
{
	void *copy;

	if (scan->n == scan->room) {
		size_t room = scan->room ? 2 * scan->room : 16;
		void **more = realloc(scan->entry, room * sizeof(*more));

		if (!more)
			return false;
		scan->entry = more;
		scan->room = room;
	}
	copy = malloc(size);
	if (!copy)
		return false;
	snr_copy(copy, entry, size);
	scan->entry[scan->n++] = copy;
	return true;
}

static void drop(struct scan *scan)
{
	while (scan->n)
		free(scan->entry[--scan->n]);
	free(scan->entry);
}

/* 1, 0 at the end, -1 with errno set. */
static int read_one(DIR *dir, struct scan *scan)
{
	const struct dirent *entry = readdir(dir);

	if (!entry)
		return errno ? -1 : 0;
	if (scan->filter && !scan->filter(entry))
		return 1;
	return collect(scan, entry, offsetof(struct dirent, d_name) + snr_length(entry->d_name) + 1)
		       ? 1
		       : -1;
}

static int read_one64(DIR *dir, struct scan *scan)
{
	const struct dirent64 *entry = readdir64(dir);

	if (!entry)
		return errno ? -1 : 0;
	if (scan->filter64 && !scan->filter64(entry))
		return 1;
	return collect(scan, entry,
		       offsetof(struct dirent64, d_name) + snr_length(entry->d_name) + 1)
		       ? 1
		       : -1;
}

static DIR *open_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* The number of entries, or -1 with errno set. A filter may leave any errno behind. */
static int run(int dirfd, const char *path, struct scan *scan, void ***list, compare_call order)
{
	int before = errno, result, error;
	DIR *dir = open_at(dirfd, path);

	if (!dir)
		return -1;
	do {
		errno = 0;
		result = scan->wide ? read_one64(dir, scan) : read_one(dir, scan);
	} while (result > 0);
	error = errno;
	closedir(dir);
	if (result < 0) {
		drop(scan);
		return (int)shim_fail(-error);
	}
	errno = before;
	if (order && scan->n)
		qsort(scan->entry, scan->n, sizeof(*scan->entry), order);
	*list = scan->entry;
	return (int)scan->n;
}

SHIM_EXPORT int scandirat(int dirfd, const char *path, struct dirent ***list, filter_call filter,
			  order_call order)
{
	struct scan scan = {.filter = filter};

	if (!shim_redirector())
		return real_scandirat()(dirfd, path, list, filter, order);
	return run(dirfd, path, &scan, (void ***)list, (compare_call)(void (*)(void))order);
}

SHIM_EXPORT int scandirat64(int dirfd, const char *path, struct dirent64 ***list,
			    filter64_call filter, order64_call order)
{
	struct scan scan = {.wide = true, .filter64 = filter};

	if (!shim_redirector())
		return real_scandirat64()(dirfd, path, list, filter, order);
	return run(dirfd, path, &scan, (void ***)list, (compare_call)(void (*)(void))order);
}

SHIM_EXPORT int scandir(const char *path, struct dirent ***list, filter_call filter,
			order_call order)
{
	if (!shim_redirector())
		return real_scandir()(path, list, filter, order);
	return scandirat(AT_FDCWD, path, list, filter, order);
}

SHIM_EXPORT int scandir64(const char *path, struct dirent64 ***list, filter64_call filter,
			  order64_call order)
{
	if (!shim_redirector())
		return real_scandir64()(path, list, filter, order);
	return scandirat64(AT_FDCWD, path, list, filter, order);
}
