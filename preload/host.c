/* SPDX-License-Identifier: MIT
 * What the redirector wants to know, answered by direct system calls on our own process.
 * Called through struct snr_host only. It must never go through libc: the wrappers there would call
 * us back.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/overlay.h"
#include "shared/statx.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The kernel's layout is that of struct stat64 on all our machines. */
long shim_stat_real(int dirfd, const char *path, struct stat64 *st, int flags)
{
#ifdef __NR_newfstatat
	return snr_rawcall4(__NR_newfstatat, dirfd, path, st, flags);
#else
	return snr_rawcall4(__NR_fstatat64, dirfd, path, st, flags);
#endif
}

long shim_stat_descriptor(long fd, struct stat64 *st)
{
#ifdef __NR_fstat64
	return snr_rawcall2(__NR_fstat64, fd, st);
#else
	return snr_rawcall2(__NR_fstat, fd, st);
#endif
}

struct stat shim_narrow_stat(const struct stat64 *st)
{
	return (struct stat){
		.st_dev = st->st_dev,
		.st_ino = (ino_t)st->st_ino,
		.st_mode = st->st_mode,
		.st_nlink = st->st_nlink,
		.st_uid = st->st_uid,
		.st_gid = st->st_gid,
		.st_rdev = st->st_rdev,
		.st_size = (off_t)st->st_size,
		.st_blksize = st->st_blksize,
		.st_blocks = (blkcnt_t)st->st_blocks,
		.st_atim = st->st_atim,
		.st_mtim = st->st_mtim,
		.st_ctim = st->st_ctim,
	};
}

/* proc(5): the directory has a link for each thread, and two of its own. */
bool shim_is_single_threaded(void)
{
	struct stat64 st;

	return shim_stat_real(AT_FDCWD, "/proc/self/task", &st, 0) == 0 && st.st_nlink == 3;
}

static long host_read_string(void *context, uint64_t address, char *out, size_t size)
{
	const char *string = (const char *)(uintptr_t)address;
	long len = shim_string_length(string, size);

	if (len >= 0)
		snr_copy(out, string, (size_t)len + 1);
	return len;
}

static long host_read_bytes(void *context, uint64_t address, void *out, size_t size)
{
	const void *bytes = (const void *)(uintptr_t)address;

	if (!shim_is_readable(bytes, size))
		return -EFAULT;
	snr_copy(out, bytes, size);
	return 0;
}

static long host_read_link(void *context, const char *path, char *out, size_t size)
{
	return snr_rawcall4(__NR_readlinkat, AT_FDCWD, path, out, size);
}

/* readlink of "DIR/." searches DIR and then finds that "." is no link. */
static long host_search(void *context, const char *path)
{
	char dot[SNR_PATH_MAX];
	struct snr_builder builder = {.out = dot, .size = sizeof(dot)};
	char byte;
	long result;

	snr_add_text(&builder, path);
	snr_add(&builder, "/.", 2);
	if (snr_finish(&builder) < 0)
		return 0;
	result = snr_rawcall4(__NR_readlinkat, AT_FDCWD, dot, &byte, sizeof(byte));
	return result >= 0 || result == -EINVAL ? 0 : result;
}

static long host_kind(void *context, const char *path, uint64_t *inode)
{
	struct stat64 st;
	long result = shim_stat_real(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);

	if (result < 0)
		return result;
	*inode = st.st_ino;
	return IFTODT(st.st_mode);
}

static long host_upper(void *context, const char *path)
{
	return snr_upper_look(path);
}

static long host_list(void *context, const char *path, int64_t cookie, char *out, size_t size)
{
	return snr_upper_list(path, cookie, out, size);
}

static long host_mount(void *context, const char *path, uint64_t *mount)
{
	struct snr_statx stx;
	long result = snr_rawcall6(__NR_statx, AT_FDCWD, path, 0, SNR_STATX_MNT_ID, &stx, 0);

	if (!result)
		*mount = snr_statx_mount(&stx);
	return result;
}

static long host_read_only(void *context, const char *path)
{
	struct statfs64 fs;
#ifdef __NR_statfs64
	long result = snr_rawcall3(__NR_statfs64, path, sizeof(fs), &fs);
#else
	long result = snr_rawcall2(__NR_statfs, path, &fs);
#endif

	return result ? result : (fs.f_flags & ST_RDONLY) != 0;
}

/* As exec would see it: by the effective ids, where the kernel can say so (5.8). */
long shim_access_real(int dirfd, const char *path, int mode)
{
	long result = snr_rawcall4(__NR_faccessat2, dirfd, path, mode, AT_EACCESS);

	if (result == -ENOSYS || result == -EPERM)
		result = snr_rawcall3(__NR_faccessat, dirfd, path, mode);
	return result;
}

static long host_access(void *context, const char *path, int mode)
{
	return shim_access_real(AT_FDCWD, path, mode);
}

static long read_magic_link(const char *path, char *out, size_t size)
{
	long n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, path, out, size);

	if (n < 0)
		return n;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return n;
}

static long descriptor_directory(int dirfd, char *out, size_t size)
{
	char path[40];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};
	long n;

	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, dirfd);
	snr_finish(&builder);
	n = read_magic_link(path, out, size);
	return n == -ENOENT ? -EBADF : n;
}

static long host_directory(void *context, int dirfd, char *out, size_t size)
{
	long n;

	if (dirfd != AT_FDCWD)
		return dirfd < 0 ? -EBADF : descriptor_directory(dirfd, out, size);
	n = snr_rawcall2(__NR_getcwd, out, size);
	if (n == -ENOENT) /* it was removed: its name is still told here */
		return read_magic_link("/proc/thread-self/cwd", out, size);
	return n > 0 ? n - 1 : n;
}

static long host_path_only(void *context, int fd)
{
	long flags = snr_rawcall2(__NR_fcntl, fd, F_GETFL);

	return flags < 0 ? flags : (flags & O_PATH) != 0;
}

const struct snr_host shim_host = {
	.read_string = host_read_string,
	.read_bytes = host_read_bytes,
	.read_link = host_read_link,
	.search = host_search,
	.kind = host_kind,
	.upper = host_upper,
	.list = host_list,
	.mount = host_mount,
	.read_only = host_read_only,
	.access = host_access,
	.shorten = shim_shorten,
	.directory = host_directory,
	.path_only = host_path_only,
};
