/* SPDX-License-Identifier: MIT
 * Copying up, and what else is done to an upper layer. Only shared/overlay_*.c call it. What is
 * made here gets its name when it is whole: whoever is killed or runs out of space on the way
 * leaves what was there before. It must never follow a link, nor write to the lower layer.
 */
#include "shared/overlay_doing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define EMPTY_PATH     0x1000      /* AT_EMPTY_PATH of <fcntl.h> */
#define FOLLOW         0x400       /* AT_SYMLINK_FOLLOW */
#define REMOVEDIR      0x200       /* AT_REMOVEDIR */
#define NO_REPLACE     1           /* RENAME_NOREPLACE of <linux/fs.h> */
#define EXCHANGE       2           /* RENAME_EXCHANGE */
#define CLONE          0x40049409u /* FICLONE */
#define SEEK_TO_DATA   3           /* SEEK_DATA of <unistd.h> */
#define SEEK_TO_HOLE   4
#define MOST           0x40000000u /* bytes copied by one call */
#define ATTRIBUTE_SIZE 65536       /* of a value, and of a list (XATTR_SIZE_MAX) */

static long close_file(long fd, long result)
{
	if (fd >= 0)
		snr_rawcall1(__NR_close, fd);
	return result;
}

long snr_temporary_name(const char *path, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_SPOT_SIZE};
	struct snr_component last = snr_last_component(path, snr_length(path));
	uint64_t number = 0;

	snr_add(&builder, path, last.start);
	snr_add_text(&builder, SNR_OVERLAY_TEMPORARY);
	if (snr_rawcall3(__NR_getrandom, &number, sizeof(number), 1) != sizeof(number))
		number = (uint64_t)(uintptr_t)&builder ^ (uint64_t)snr_rawcall1(__NR_gettid, 0);
	snr_add_number(&builder, (int64_t)(number >> 1));
	return snr_finish(&builder);
}

/* ---- content ---- */

/* SIZE bytes from where both files stand; the kernel copies, at best by sharing blocks. */
static long copy_bytes(long from, long to, uint64_t size, char *buffer)
{
	while (size) {
		size_t most = size < MOST ? (size_t)size : MOST;
		long n = snr_rawcall6(__NR_copy_file_range, from, 0, to, 0, most, 0);

		if (n == -EXDEV || n == -EINVAL || n == -ENOSYS || n == -EOPNOTSUPP ||
		    n == -EBADF || n == -EPERM)
			n = snr_rawcall4(__NR_sendfile, to, from, 0, most);
		if (n == -EINVAL || n == -ENOSYS) {
			n = snr_rawcall3(__NR_read, from, buffer,
					 most < SNR_PATH_MAX ? most : SNR_PATH_MAX);
			for (long done = 0; n > 0 && done < n;) {
				long wrote = snr_rawcall3(__NR_write, to, buffer + done, n - done);

				if (wrote < 0)
					return wrote;
				done += wrote;
			}
		}
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n; /* at 0 somebody has made it shorter */
		size -= (uint64_t)n;
	}
	return 0;
}

static long truncate_to(long fd, uint64_t size)
{
#if defined(__arm__) /* an even register begins the pair */
	return snr_rawcall4(__NR_ftruncate64, fd, 0, (long)size, (long)(size >> 32));
#elif __SIZEOF_LONG__ == 4
	return snr_rawcall3(__NR_ftruncate64, fd, (long)size, (long)(size >> 32));
#else
	return snr_rawcall2(__NR_ftruncate, fd, size);
#endif
}

/* Where in FD data begin (or a hole), from POSITION on. */
static int64_t seek(long fd, uint64_t position, int whence)
{
#if __SIZEOF_LONG__ == 4
	int64_t result = 0;
	long error = snr_rawcall5(__NR__llseek, fd, (long)(position >> 32), (long)position, &result,
				  whence);

	return error < 0 ? error : result;
#else
	return snr_rawcall3(__NR_lseek, fd, position, whence);
#endif
}

/* Holes stay holes. */
static long copy_content(long from, long to, uint64_t size, char *buffer)
{
	uint64_t at = 0;
	long error;

	if (!size || snr_rawcall3(__NR_ioctl, to, CLONE, from) == 0)
		return 0;
	error = truncate_to(to, size);
	while (!error && at < size) {
		int64_t begin = seek(from, at, SEEK_TO_DATA), end;

		if (begin == -ENXIO)
			return 0;
		if (begin < 0)
			begin = (int64_t)at;
		end = seek(from, (uint64_t)begin, SEEK_TO_HOLE);
		if (end < 0 || (uint64_t)end > size)
			end = (int64_t)size;
		seek(from, (uint64_t)begin, 0);
		seek(to, (uint64_t)begin, 0);
		error = copy_bytes(from, to, (uint64_t)(end - begin), buffer);
		at = (uint64_t)end;
	}
	return error;
}

/* ---- attributes ---- */

static bool is_of_overlayfs(const char *name)
{
	size_t len = snr_length(name);

	return snr_begins(name, len, "trusted.overlay.") || snr_begins(name, len, "user.overlay.");
}

void *snr_map_pages(size_t size)
{
#ifdef __NR_mmap2
	long number = __NR_mmap2;
#else
	long number = __NR_mmap;
#endif
	long at =
		snr_rawcall6(number, 0, size, 3, 0x22, -1, 0); /* read, write; private, anonymous */

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

/* Extended attributes, lists of access rights among them. What the program may not set, or the
 * upper file system cannot hold, is left out. */
static long copy_xattrs(const char *from, const char *to)
{
	char *list, *value;
	long error = 0, len = snr_rawcall3(__NR_llistxattr, from, NULL, 0);

	if (len <= 0)
		return 0;
	list = snr_map_pages(2 * ATTRIBUTE_SIZE);
	if (!list)
		return -ENOMEM;
	value = list + ATTRIBUTE_SIZE;
	len = snr_rawcall3(__NR_llistxattr, from, list, ATTRIBUTE_SIZE);
	for (long at = 0; at < len && !error; at += (long)snr_length(list + at) + 1) {
		const char *name = list + at;
		long size = is_of_overlayfs(name) ? -ENODATA
						  : snr_rawcall4(__NR_lgetxattr, from, name, value,
								 ATTRIBUTE_SIZE);

		if (size >= 0)
			error = snr_rawcall5(__NR_lsetxattr, to, name, value, size, 0);
		if (error == -EPERM || error == -EOPNOTSUPP || error == -EINVAL)
			error = 0;
	}
	snr_rawcall2(__NR_munmap, list, 2 * ATTRIBUTE_SIZE);
	return error;
}

static long set_times(const char *path, const struct snr_statx *stx)
{
	struct {
		long seconds, nanoseconds;
	} times[2] = {{(long)stx->accessed.seconds, (long)stx->accessed.nanoseconds},
		      {(long)stx->modified.seconds, (long)stx->modified.nanoseconds}};

	return snr_rawcall4(__NR_utimensat, AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

/* Owner, mode, attributes and times of what STX tells, to PATH. Who may not give files away keeps
 * them, without the rights that came from the owner. */
static long copy_attributes(const char *from, const struct snr_statx *stx, const char *to)
{
	uint32_t mode = stx->mode & SNR_WORLD_MODE;
	bool link = snr_mode_type(stx->mode) == SNR_TYPE_LINK;
	long error =
		snr_rawcall5(__NR_fchownat, AT_FDCWD, to, stx->uid, stx->gid, AT_SYMLINK_NOFOLLOW);

	if (error == -EPERM || error == -EINVAL) {
		if (snr_mode_type(stx->mode) == SNR_TYPE_FILE)
			mode &= ~06000u;
		snr_rawcall5(__NR_fchownat, AT_FDCWD, to, -1, stx->gid, AT_SYMLINK_NOFOLLOW);
		error = 0;
	}
	if (!error && !link)
		error = snr_rawcall3(__NR_fchmodat, AT_FDCWD, to, mode);
	if (!error)
		error = copy_xattrs(from, to);
	return error ? error : set_times(to, stx);
}

/* ---- one entry ---- */

/* Give what is ready at TEMPORARY its name. That somebody else was faster does no harm. */
static long give_name(const char *temporary, const char *name, bool directory)
{
	long error = snr_rawcall5(__NR_renameat2, AT_FDCWD, temporary, AT_FDCWD, name, NO_REPLACE);

	if ((error == -EINVAL || error == -ENOSYS) && directory)
		error = snr_rawcall4(__NR_renameat, AT_FDCWD, temporary, AT_FDCWD, name);
	else if (error == -EINVAL || error == -ENOSYS)
		error = snr_rawcall5(__NR_linkat, AT_FDCWD, temporary, AT_FDCWD, name, 0);
	snr_rawcall3(__NR_unlinkat, AT_FDCWD, temporary, directory ? REMOVEDIR : 0);
	return error == -EEXIST || error == -ENOTEMPTY ? 0 : error;
}

/* Make what STX tells, but no file, at TEMPORARY. */
static long make_other(const char *from, const struct snr_statx *stx, const char *temporary,
		       char *buffer)
{
	long n;

	switch (snr_mode_type(stx->mode)) {
	case SNR_TYPE_DIRECTORY:
		return snr_rawcall3(__NR_mkdirat, AT_FDCWD, temporary, 0700);
	case SNR_TYPE_LINK:
		n = snr_rawcall4(__NR_readlinkat, AT_FDCWD, from, buffer, SNR_PATH_MAX - 1);
		if (n < 0)
			return n;
		buffer[n] = '\0';
		return snr_rawcall3(__NR_symlinkat, buffer, AT_FDCWD, temporary);
	default:
		return snr_rawcall4(__NR_mknodat, AT_FDCWD, temporary,
				    snr_mode_type(stx->mode) | 0600,
				    (stx->rdev_major & 0xfff) << 8 | (stx->rdev_minor & 0xff) |
					    (stx->rdev_minor & ~0xffu) << 12);
	}
}

/* A file's content at TEMPORARY. */
static long make_file(const char *from, const struct snr_statx *stx, const char *temporary,
		      char *buffer, bool empty)
{
	long in = 0, out, error = 0;

	out = snr_rawcall4(__NR_openat, AT_FDCWD, temporary,
			   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0)
		return out;
	if (!empty) {
		in = snr_rawcall4(__NR_openat, AT_FDCWD, from,
				  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
		error = in < 0 ? in : copy_content(in, out, stx->size, buffer);
		close_file(in, 0);
		/* A name must not be on the disk before what it names. */
		if (!error)
			error = snr_rawcall1(__NR_fsync, out);
	}
	return close_file(out, error);
}

/* Copy FROM to TO, which nothing has, by way of a temporary name in the same directory. */
static long copy_entry(const struct snr_doing *doing, const char *from, const char *to, bool empty)
{
	char *temporary = doing->scratch->real, *buffer = doing->scratch->link;
	bool directory;
	struct snr_statx stx;
	long error = snr_disk_stat(from, &stx);

	if (!error)
		error = snr_temporary_name(to, temporary);
	if (error < 0)
		return error;
	directory = snr_mode_type(stx.mode) == SNR_TYPE_DIRECTORY;
	if (snr_mode_type(stx.mode) == SNR_TYPE_FILE)
		error = make_file(from, &stx, temporary, buffer, empty);
	else
		error = make_other(from, &stx, temporary, buffer);
	if (!error)
		error = copy_attributes(from, &stx, temporary);
	if (!error)
		return give_name(temporary, to, directory);
	snr_rawcall3(__NR_unlinkat, AT_FDCWD, temporary, directory ? REMOVEDIR : 0);
	return error;
}

/* Copy FROM to TO. Programs see no change in the directory, so its times stay, where we may set
 * them. */
static long copy_unseen(const struct snr_doing *doing, const char *from, char *to, bool empty)
{
	size_t end = snr_last_component(to, snr_length(to)).start - 1;
	struct snr_statx dir;
	long error, known;

	to[end] = '\0';
	known = snr_disk_stat(end ? to : "/", &dir);
	to[end] = '/';
	error = copy_entry(doing, from, to, empty);
	to[end] = '\0';
	if (!known)
		set_times(end ? to : "/", &dir);
	return error;
}

/* The first LEN bytes of path N, a directory or the whole. Both names take buffers that are free
 * while one entry is copied. */
static long copy_prefix(const struct snr_doing *doing, int n, size_t len, bool empty)
{
	char *from = doing->scratch->pending, *to = doing->scratch->layer_name;
	struct snr_statx stx;
	long error = snr_doing_name(doing, n, false, len, to);

	if (error >= 0 && snr_disk_stat(to, &stx) == 0)
		return 0;
	if (error >= 0)
		error = snr_doing_name(doing, n, true, len, from);
	return error < 0 ? error : copy_unseen(doing, from, to, empty);
}

long snr_copy_parents_up(const struct snr_doing *doing, int n)
{
	const struct snr_doing_path *path = &doing->path[n];
	const char *text = doing->plan->text[path->text];
	size_t parent = snr_doing_parent(doing, n);
	struct snr_component c = {.end = path->root};
	long error = 0;

	while (!error && snr_next_component(text, parent, &c))
		error = copy_prefix(doing, n, c.end, false);
	return error;
}

long snr_copy_up(const struct snr_doing *doing, int n, bool empty)
{
	long error = snr_copy_parents_up(doing, n);

	return error ? error : copy_prefix(doing, n, doing->path[n].len, empty);
}

/* ---- whiteouts, opaque directories ---- */

/* Set the attribute NAME of overlayfs: the form of its own for who may, else that of users. */
static long set_mark(const char *path, const char *trusted, const char *users, const char *value)
{
	long error = snr_rawcall5(__NR_lsetxattr, path, trusted, value, 1, 0);

	return error ? snr_rawcall5(__NR_lsetxattr, path, users, value, 1, 0) : 0;
}

/* Whoever may make the directory need not have the right to write to it, which the users' form
 * asks for. */
long snr_make_opaque(const char *path)
{
	const char *trusted = "trusted.overlay.opaque", *users = "user.overlay.opaque";
	long error = set_mark(path, trusted, users, "y");
	struct snr_statx stx;

	if (error != -EACCES || snr_disk_stat(path, &stx) ||
	    snr_rawcall3(__NR_fchmodat, AT_FDCWD, path, 0700))
		return error;
	error = set_mark(path, trusted, users, "y");
	snr_rawcall3(__NR_fchmodat, AT_FDCWD, path, stx.mode & SNR_WORLD_MODE);
	return error;
}

/* The directory of PATH holds whiteouts by attribute, which overlayfs wants to be told. */
static void mark_directory(const struct snr_doing *doing, const char *path)
{
	char *parent = doing->scratch->link;
	size_t len = snr_last_component(path, snr_length(path)).start;

	if (len >= SNR_PATH_MAX)
		return;
	snr_copy(parent, path, len);
	parent[len] = '\0';
	set_mark(parent, "trusted.overlay.opaque", "user.overlay.opaque", "x");
}

/* Anybody may make this device since Linux 5.8; some sandboxes forbid it. */
long snr_make_whiteout(const struct snr_doing *doing, const char *path)
{
	long error = snr_rawcall4(__NR_mknodat, AT_FDCWD, path, SNR_TYPE_CHAR, 0);
	long fd;

	if (error != -EPERM && error != -EINVAL && error != -EOPNOTSUPP && error != -ENOSYS)
		return error;
	/* Who may write to a file sets such attributes, who may read it sees them. */
	fd = snr_rawcall4(__NR_openat, AT_FDCWD, path,
			  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	snr_rawcall2(__NR_fchmod, fd, 0644);
	snr_rawcall1(__NR_close, fd);
	if (set_mark(path, "trusted.overlay.whiteout", "user.overlay.whiteout", "y")) {
		snr_rawcall3(__NR_unlinkat, AT_FDCWD, path, 0);
		return error;
	}
	mark_directory(doing, path);
	return 0;
}

long snr_swap(const struct snr_doing *doing, const char *one, const char *other)
{
	long error = snr_rawcall5(__NR_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE);

	if (error != -EINVAL && error != -ENOSYS)
		return error;
	/* Without that call there is a moment in between. */
	error = snr_remove_upper(doing, other, false);
	if (error == -EISDIR)
		error = snr_remove_upper(doing, other, true);
	return error ? error : snr_rawcall4(__NR_renameat, AT_FDCWD, one, AT_FDCWD, other);
}

/* Remove whiteouts and what is left of ours from the directory PATH, so that it is empty for the
 * kernel if it is for programs. */
static void clear_directory(const struct snr_doing *doing, const char *path)
{
	char *name = doing->scratch->link, records[1024];
	struct snr_builder dir = {.out = name, .size = SNR_PATH_MAX};
	int64_t cookie = 0;
	size_t len;
	long n;

	snr_add_text(&dir, path);
	snr_add(&dir, "/", 1);
	len = dir.len;
	while (!dir.overflow && (n = snr_upper_list(path, cookie, records, sizeof(records))) > 0) {
		for (long at = 0; at < n;) {
			struct snr_record record = snr_read_record(records + at);
			struct snr_builder entry = {.out = name, .size = SNR_PATH_MAX, .len = len};
			bool ours = snr_is_temporary(record.name, record.len);

			at += record.size;
			cookie = record.offset;
			snr_add(&entry, record.name, record.len);
			if (snr_is_dot(record.name, record.len) ||
			    snr_is_dotdot(record.name, record.len) || snr_finish(&entry) < 0)
				continue;
			if (ours || snr_upper_look(name) == SNR_UPPER_WHITEOUT)
				snr_rawcall3(__NR_unlinkat, AT_FDCWD, name, 0);
		}
	}
}

long snr_remove_upper(const struct snr_doing *doing, const char *path, bool directory)
{
	long error = snr_rawcall3(__NR_unlinkat, AT_FDCWD, path, directory ? REMOVEDIR : 0);

	if (!directory || (error != -ENOTEMPTY && error != -EEXIST))
		return error;
	clear_directory(doing, path);
	return snr_rawcall3(__NR_unlinkat, AT_FDCWD, path, REMOVEDIR);
}
