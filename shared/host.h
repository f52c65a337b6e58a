/* SPDX-License-Identifier: MIT
 * What the redirector needs from outside. The shim answers with direct system calls on its own
 * memory, the tracer with process_vm_readv and /proc/PID, the launcher with its own files.
 */
#ifndef SNR_HOST_H
#define SNR_HOST_H

#include <stddef.h>
#include <stdint.h>

struct snr_host {
	void *context; /* handed back to each function */

	/* Copy the string at ADDRESS of the program, NUL included, at most SIZE bytes. Returns its
	 * length without the NUL, -EFAULT where memory is not readable, -ENAMETOOLONG where no NUL
	 * is within SIZE. */
	long (*read_string)(void *context, uint64_t address, char *out, size_t size);

	/* Copy SIZE bytes from ADDRESS of the program. Returns 0 or -EFAULT. */
	long (*read_bytes)(void *context, uint64_t address, void *out, size_t size);

	/* readlink(2) on the real PATH, as the program would see it: /proc/self, also in front of
	 * more (as in /proc/self/cwd/x and /proc/self/fd/3/x), is the program's; so it is for the
	 * functions below. No NUL is added. Returns the length or -errno (-EINVAL: it is there and
	 * no link). */
	long (*read_link)(void *context, const char *path, char *out, size_t size);

	/* May the program look things up in the directory at the real PATH? 0, or -errno of a
	 * lookup in it. */
	long (*search)(void *context, const char *path);

	/* lstat(2) on the real PATH: its type as d_type of readdir(3) and, in *INODE, its number;
	 * or -errno. */
	long (*kind)(void *context, const char *path, uint64_t *inode);

	/* What the upper layer of an overlay has at the real PATH: enum snr_upper (overlay.h), or
	 * -errno. */
	long (*upper)(void *context, const char *path);

	/* Names in the directory at the real PATH of a layer: records of getdents64(2) behind the
	 * one with the offset COOKIE. Bytes, 0 at the end, or -errno. */
	long (*list)(void *context, const char *path, int64_t cookie, char *out, size_t size);

	/* Which mount the real PATH, a directory, lies on: a number in *MOUNT that is another one
	 * for another mount. 0 or -errno. */
	long (*mount)(void *context, const char *path, uint64_t *mount);

	/* Is the real PATH on a read-only mount or file system? 1, 0 or -errno. access(2) would say
	 * first that it is not permitted. */
	long (*read_only)(void *context, const char *path);

	/* access(2) on the real PATH, by the ids that the kernel judges the program's calls by: may
	 * it execute a #! script that its interpreter will read, write a directory? 0 or -errno. */
	long (*access)(void *context, const char *path, int mode);

	/* A short path to the directory at the real PATH, through a descriptor that stays open
	 * until a few more were asked for: for files whose own path is longer than PATH_MAX.
	 * Returns its length in OUT, or -errno. */
	long (*shorten)(void *context, const char *path, char *out, size_t size);

	/* Real path of the program's cwd (DIRFD is AT_FDCWD) or of its descriptor DIRFD, as the
	 * kernel tells it in /proc, with a NUL. Returns the length or -errno. A descriptor of no
	 * path ("pipe:[1]") gives that text. */
	long (*directory)(void *context, int dirfd, char *out, size_t size);

	/* Was the program's descriptor FD opened with O_PATH? 1, 0 or -errno. */
	long (*path_only)(void *context, int fd);
};

#endif
