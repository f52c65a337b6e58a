/* SPDX-License-Identifier: MIT
 * The redirector's view of the world (shared/host.h) from the launcher: its own memory, the files
 * as they are. The launcher's files call it. It must never change anything.
 */
#include "launcher/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long read_string(void *context, uint64_t address, char *out, size_t size)
{
	const char *text = (const char *)(uintptr_t)address;
	size_t len = strnlen(text, size);

	if (len == size)
		return -ENAMETOOLONG;
	memcpy(out, text, len + 1);
	return (long)len;
}

static long read_bytes(void *context, uint64_t address, void *out, size_t size)
{
	memcpy(out, (const void *)(uintptr_t)address, size);
	return 0;
}

static long read_link(void *context, const char *path, char *out, size_t size)
{
	const struct host_context *host = context;
	ssize_t len = readlink(path, out, size);

	if (len < 0)
		return -errno;
	if (host->met_link)
		host->met_link(host->context, path, out, (size_t)len);
	return len;
}

/* Looking up "." in a directory asks for just the permission to look up in it, by the effective
 * ids. */
static long search(void *context, const char *path)
{
	char inside[SNR_PATH_MAX + 2];
	struct stat stat_now;

	if (snprintf(inside, sizeof(inside), "%s/.", path) >= (int)sizeof(inside))
		return -ENAMETOOLONG;
	return stat(inside, &stat_now) < 0 ? -errno : 0;
}

static long kind(void *context, const char *path, uint64_t *inode)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	*inode = st.st_ino;
	return IFTODT(st.st_mode);
}

static long executable(void *context, const char *path)
{
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static long directory(void *context, int dirfd, char *out, size_t size)
{
	char name[32] = "/proc/self/cwd";

	if (dirfd != AT_FDCWD)
		snprintf(name, sizeof(name), "/proc/self/fd/%d", dirfd);
	ssize_t len = readlink(name, out, size);
	if (len < 0)
		return errno == ENOENT && dirfd != AT_FDCWD ? -EBADF : -errno;
	if ((size_t)len == size)
		return -ENAMETOOLONG;
	out[len] = '\0';
	return len;
}

struct snr_redirector host_redirector(const struct snr_image *image, struct host_context *context)
{
	return (struct snr_redirector){
		.image = image,
		.host = {context, read_string, read_bytes, read_link, search, kind, executable,
			 directory},
	};
}

long host_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	/* Something that would block or act on being opened (a FIFO, a device) is no program. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	ssize_t got = pread(fd, out, size, (off_t)offset);
	long result = got < 0 ? -errno : got;
	close(fd);
	return result;
}
