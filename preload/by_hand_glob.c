/* SPDX-License-Identifier: MIT
 * glob(3): libc's own does the work, and reads directories through our wrappers (GLOB_ALTDIRFUNC).
 * Called by programs. A program that brings its own functions gets the real glob untouched.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>

SHIM_REAL(int, glob,
	  (const char *pattern, int flags, int (*on_error)(const char *path, int error),
	   glob_t *result))
SHIM_REAL(int, glob64,
	  (const char *pattern, int flags, int (*on_error)(const char *path, int error),
	   glob64_t *result))

static void *hook_opendir(const char *path)
{
	return opendir(path);
}

static struct dirent *hook_readdir(void *directory)
{
	return readdir(directory);
}

static struct dirent64 *hook_readdir64(void *directory)
{
	return readdir64(directory);
}

static void hook_closedir(void *directory)
{
	closedir(directory);
}

static int stat64_as(const char *path, struct stat64 *st, int flags)
{
	long result = shim_stat(path, st, flags);

	return result < 0 ? (int)shim_fail(result) : 0;
}

static int hook_stat64(const char *path, struct stat64 *st)
{
	return stat64_as(path, st, 0);
}

static int hook_lstat64(const char *path, struct stat64 *st)
{
	return stat64_as(path, st, AT_SYMLINK_NOFOLLOW);
}

static int stat_as(const char *path, struct stat *st, int flags)
{
	struct stat64 found;

	if (stat64_as(path, &found, flags) < 0)
		return -1;
	*st = shim_narrow_stat(&found);
	return 0;
}

static int hook_stat(const char *path, struct stat *st)
{
	return stat_as(path, st, 0);
}

static int hook_lstat(const char *path, struct stat *st)
{
	return stat_as(path, st, AT_SYMLINK_NOFOLLOW);
}

/* The three forms of the function differ in the types of their hooks only. */
#define GLOB(name, type, read_hook, stat_hook, lstat_hook)                                         \
	SHIM_EXPORT int name(const char *pattern, int flags,                                       \
			     int (*on_error)(const char *path, int error), type *result)           \
	{                                                                                          \
		type before;                                                                       \
		int answer;                                                                        \
                                                                                                   \
		if ((flags & GLOB_ALTDIRFUNC) || !shim_redirector())                               \
			return real_##name()(pattern, flags, on_error, result);                    \
		before = *result;                                                                  \
		result->gl_opendir = hook_opendir;                                                 \
		result->gl_readdir = read_hook;                                                    \
		result->gl_closedir = hook_closedir;                                               \
		result->gl_stat = stat_hook;                                                       \
		result->gl_lstat = lstat_hook;                                                     \
		answer = real_##name()(pattern, flags | GLOB_ALTDIRFUNC, on_error, result);        \
		result->gl_flags &= ~GLOB_ALTDIRFUNC;                                              \
		result->gl_opendir = before.gl_opendir;                                            \
		result->gl_readdir = before.gl_readdir;                                            \
		result->gl_closedir = before.gl_closedir;                                          \
		result->gl_stat = before.gl_stat;                                                  \
		result->gl_lstat = before.gl_lstat;                                                \
		return answer;                                                                     \
	}

GLOB(glob, glob_t, hook_readdir, hook_stat, hook_lstat)
GLOB(glob64, glob64_t, hook_readdir64, hook_stat64, hook_lstat64)

/* ---- programs with 64-bit times on 32 bit ---- */

/* Their glob_t differs from glob64_t in the types of two functions only. */
SHIM_REAL(int, __glob64_time64,
	  (const char *pattern, int flags, int (*on_error)(const char *path, int error),
	   glob64_t *result))

/* The head of their struct stat (glibc, bits/struct_stat_time64_helper.h): all that glob reads. */
struct stat_time64 {
	uint64_t device, inode;
	uint32_t mode;
};

static int stat_time64_as(const char *path, struct stat_time64 *st, int flags)
{
	struct stat64 found;

	if (stat64_as(path, &found, flags) < 0)
		return -1;
	*st = (struct stat_time64){found.st_dev, found.st_ino, found.st_mode};
	return 0;
}

static int hook_stat_time64(const char *path, struct stat64 *st)
{
	return stat_time64_as(path, (struct stat_time64 *)(void *)st, 0);
}

static int hook_lstat_time64(const char *path, struct stat64 *st)
{
	return stat_time64_as(path, (struct stat_time64 *)(void *)st, AT_SYMLINK_NOFOLLOW);
}

GLOB(__glob64_time64, glob64_t, hook_readdir64, hook_stat_time64, hook_lstat_time64)
