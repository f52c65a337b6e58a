/* SPDX-License-Identifier: MIT
 * The redirector's view of the world (shared/host.h) from the launcher: its own memory, the files
 * as they are. It must never change anything, nor use what a shim wraps: below another snapredir
 * these paths are redirected already.
 */
#include "launcher/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/rawcall/rawcall.h"
#include "shared/overlay.h"
#include "shared/statx.h"

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
	long len = snr_rawcall4(SYS_readlinkat, AT_FDCWD, path, out, size);

	if (len < 0)
		return len;
	if (host->met_link)
		host->met_link(host->context, path, out, (size_t)len);
	return len;
}

static long raw_statx(const char *path, int flags, struct statx *stx)
{
	return snr_rawcall5(SYS_statx, AT_FDCWD, path, flags, STATX_TYPE | STATX_INO, stx);
}

/* Looking up "." in a directory asks for just the permission to look up in it, by the effective
 * ids. */
static long search(void *context, const char *path)
{
	char inside[SNR_PATH_MAX + 2];
	struct statx stx;

	if (snprintf(inside, sizeof(inside), "%s/.", path) >= (int)sizeof(inside))
		return -ENAMETOOLONG;
	return raw_statx(inside, 0, &stx);
}

static long kind(void *context, const char *path, uint64_t *inode)
{
	struct statx stx;
	long error = raw_statx(path, AT_SYMLINK_NOFOLLOW, &stx);

	if (error < 0)
		return error;
	*inode = stx.stx_ino;
	return IFTODT(stx.stx_mode);
}

static long upper(void *context, const char *path)
{
	return snr_upper_look(path);
}

static long list(void *context, const char *path, int64_t cookie, char *out, size_t size)
{
	return snr_upper_list(path, cookie, out, size);
}

static long mount_of(void *context, const char *path, uint64_t *mount)
{
	struct snr_statx stx;
	long error = snr_rawcall5(SYS_statx, AT_FDCWD, path, 0, SNR_STATX_MNT_ID, &stx);

	if (!error)
		*mount = snr_statx_mount(&stx);
	return error;
}

static long read_only(void *context, const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) ? -errno : (fs.f_flags & ST_RDONLY) != 0;
}

static long may_access(void *context, const char *path, int mode)
{
	long error = snr_rawcall4(SYS_faccessat2, AT_FDCWD, path, mode, AT_EACCESS);

	/* Before Linux 5.8: by the real ids, which are the effective ones but in a set-id launcher.
	 */
	if (error == -ENOSYS)
		error = snr_rawcall3(SYS_faccessat, AT_FDCWD, path, mode);
	return error;
}

/* For --explain and for finding the program: the process ends, or becomes another one, soon. */
static long shorten(void *context, const char *path, char *out, size_t size)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : snprintf(out, size, "/proc/self/fd/%d", fd);
}

static long directory(void *context, int dirfd, char *out, size_t size)
{
	char name[32] = "/proc/self/cwd";

	if (dirfd != AT_FDCWD)
		snprintf(name, sizeof(name), "/proc/self/fd/%d", dirfd);
	long len = snr_rawcall4(SYS_readlinkat, AT_FDCWD, name, out, size);
	if (len < 0)
		return len == -ENOENT && dirfd != AT_FDCWD ? -EBADF : len;
	if ((size_t)len == size)
		return -ENAMETOOLONG;
	out[len] = '\0';
	return len;
}

static long path_only(void *context, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -errno : (flags & O_PATH) != 0;
}

struct snr_redirector host_redirector(const struct snr_image *image, struct host_context *context)
{
	return (struct snr_redirector){
		.image = image,
		.host = {context, read_string, read_bytes, read_link, search, kind, upper, list,
			 mount_of, read_only, may_access, shorten, directory, path_only},
	};
}

/* A piece of a file. */
struct window {
	uint64_t offset;
	long size; /* or -errno */
	char bytes[4096];
};

/* The file that was read last, its head, and the last piece behind that: headers are asked for by
 * the dozen, a few bytes each. A file is read from its start first, so that none is taken for
 * another one. */
static struct {
	char path[SNR_PATH_MAX];
	int fd; /* or -errno */
	struct window head, window;
} file = {.fd = -1};

static void look_into(struct window *window, uint64_t offset)
{
	ssize_t got = file.fd < 0
			      ? file.fd
			      : pread(file.fd, window->bytes, sizeof(window->bytes), (off_t)offset);

	window->offset = offset;
	window->size = file.fd >= 0 && got < 0 ? -errno : got;
}

/* Something that would block or act on being opened (a FIFO, a device) is no program. */
static void open_file(const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

	if (file.fd >= 0)
		close(file.fd);
	file.fd = (int)snr_rawcall4(SYS_openat, AT_FDCWD, path, flags, 0);
	strcpy(file.path, path);
	look_into(&file.head, 0);
	file.window.size = 0;
}

static bool holds(const struct window *window, uint64_t offset, size_t size)
{
	uint64_t from = offset - window->offset;

	return window->size > 0 && from < (uint64_t)window->size &&
	       from + size <= (uint64_t)window->size;
}

/* As much of SIZE bytes as there are. */
long host_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	struct window *window = &file.head;

	if (size > sizeof(window->bytes) || strlen(path) >= sizeof(file.path))
		return -ENAMETOOLONG;
	if (!offset || strcmp(path, file.path) != 0)
		open_file(path);
	if (offset && !holds(window, offset, size)) {
		window = &file.window;
		if (!holds(window, offset, size))
			look_into(window, offset);
	}
	if (window->size < 0)
		return window->size;
	uint64_t from = offset - window->offset;
	if (size > (uint64_t)window->size - from)
		size = (size_t)((uint64_t)window->size - from);
	memcpy(out, window->bytes + from, size);
	return (long)size;
}
