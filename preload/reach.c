/* SPDX-License-Identifier: MIT
 * Short names of directories that lie deeper than PATH_MAX: descriptors of ours that stay open for
 * a while, since the call that needs one comes after us. For preload/ only, through struct
 * snr_host. It must never close a descriptor that the program has put in the place of ours.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* So many threads may each be in such a call at one time. They are rare enough. */
#define KEPT 8

struct kept {
	int fd; /* 0: none; ours are high */
	uint64_t inode;
	uint64_t device;
};

static struct kept kept[KEPT];
static unsigned next;

static long identify(struct kept *entry)
{
	struct stat64 st;
	long result = shim_stat_descriptor(entry->fd, &st);

	entry->inode = st.st_ino;
	entry->device = st.st_dev;
	return result;
}

static bool is_same(const struct kept *one, const struct kept *other)
{
	return one->inode == other->inode && one->device == other->device;
}

/* Is the descriptor still what we opened? */
static bool is_ours(const struct kept *entry)
{
	struct kept now = {.fd = entry->fd};

	return identify(&now) == 0 && is_same(&now, entry);
}

static void drop(const struct kept *old)
{
	if (old->fd && is_ours(old))
		snr_rawcall1(__NR_close, old->fd);
}

static long open_high(const char *path, int flags)
{
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | flags, 0);
	long high;

	if (fd < 0)
		return fd;
	high = snr_rawcall3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, SNR_FD_BASE);
	if (high < 0)
		return fd;
	snr_rawcall1(__NR_close, fd);
	return high;
}

long shim_hold(const char *path, int flags)
{
	struct kept *entry = &kept[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % KEPT];
	struct kept old = *entry, new = {.fd = (int)open_high(path, flags)};

	if (new.fd < 0)
		return new.fd;
	identify(&new);
	*entry = new;
	drop(&old);
	return new.fd;
}

/* One descriptor a directory. */
long shim_hold_for_ever(const char *path)
{
	static struct kept for_ever[KEPT];
	static unsigned turn;
	struct kept entry = {.fd = (int)open_high(path, O_DIRECTORY)};

	if (entry.fd < 0)
		return entry.fd;
	identify(&entry);
	for (unsigned i = 0; i < KEPT; i++) {
		if (for_ever[i].fd && is_same(&for_ever[i], &entry) && is_ours(&for_ever[i])) {
			snr_rawcall1(__NR_close, entry.fd);
			return for_ever[i].fd;
		}
	}
	for_ever[__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % KEPT] = entry;
	return entry.fd;
}

long shim_shorten(void *context, const char *path, char *out, size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};
	long fd = shim_hold(path, O_DIRECTORY);

	if (fd < 0)
		return fd;
	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, fd);
	return snr_finish(&builder);
}
