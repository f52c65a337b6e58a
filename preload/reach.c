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
	char path[40];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};
	struct stat64 st;
	long result;

	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, entry->fd);
	snr_finish(&builder);
	result = shim_stat_real(path, &st, 0);
	entry->inode = st.st_ino;
	entry->device = st.st_dev;
	return result;
}

static void drop(const struct kept *old)
{
	struct kept now = {.fd = old->fd};

	if (old->fd && identify(&now) == 0 && now.inode == old->inode && now.device == old->device)
		snr_rawcall1(__NR_close, old->fd);
}

static long open_high(const char *path)
{
	long fd = snr_rawcall4(__NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	long high;

	if (fd < 0)
		return fd;
	high = snr_rawcall3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, SNR_FD_BASE);
	if (high < 0)
		return fd;
	snr_rawcall1(__NR_close, fd);
	return high;
}

long shim_shorten(void *context, const char *path, char *out, size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};
	struct kept *entry = &kept[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % KEPT];
	struct kept old = *entry, new = {.fd = (int)open_high(path)};

	if (new.fd < 0)
		return new.fd;
	identify(&new);
	*entry = new;
	drop(&old);
	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, new.fd);
	return snr_finish(&builder);
}
