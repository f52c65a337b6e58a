/* SPDX-License-Identifier: MIT
 * tmpfile, tmpnam, tempnam: names in /tmp or $TMPDIR that libc makes up by itself.
 * Called by programs. Where no rule is met the real function does it.
 */
#include "preload/shim.h"

#include "shared/environ.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

SHIM_REAL_POINTER(FILE *, tmpfile, (void))
SHIM_REAL_POINTER(FILE *, tmpfile64, (void))
SHIM_REAL_POINTER(char *, tmpnam, (char name[L_tmpnam]))
SHIM_REAL_POINTER(char *, tmpnam_r, (char name[L_tmpnam]))
SHIM_REAL_POINTER(char *, tempnam, (const char *dir, const char *prefix))

#define FOLDER "/tmp" /* P_tmpdir */

/* ---- tmpfile ---- */

/* A file without a name; one whose name is gone at once where the file system knows none. */
static int open_nameless(void)
{
	char name[] = FOLDER "/tmpfXXXXXX";
	int saved = errno;
	int fd = open64(FOLDER, O_RDWR | O_TMPFILE | O_EXCL, 0600);

	if (fd < 0) {
		fd = mkstemp64(name);
		if (fd >= 0)
			unlink(name);
	}
	if (fd >= 0)
		errno = saved;
	return fd;
}

static FILE *open_stream(void)
{
	int fd = open_nameless();
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w+");

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

SHIM_EXPORT FILE *tmpfile(void)
{
	return shim_changes_new(FOLDER "/tmpfXXXXXX") ? open_stream() : real_tmpfile()();
}

SHIM_EXPORT FILE *tmpfile64(void)
{
	return shim_changes_new(FOLDER "/tmpfXXXXXX") ? open_stream() : real_tmpfile64()();
}

/* ---- tmpnam ---- */

static char *make_name(char *name)
{
	static const char template[] = FOLDER "/fileXXXXXX";

	_Static_assert(sizeof(template) <= L_tmpnam, "as libc's own names");
	snr_copy(name, template, sizeof(template));
	return *mktemp(name) ? name : NULL;
}

SHIM_EXPORT char *tmpnam(char name[L_tmpnam])
{
	static char own[L_tmpnam];

	if (!shim_changes_new(FOLDER "/fileXXXXXX"))
		return real_tmpnam()(name);
	return make_name(name ? name : own);
}

SHIM_EXPORT char *tmpnam_r(char name[L_tmpnam])
{
	if (!name || !shim_changes_new(FOLDER "/fileXXXXXX"))
		return real_tmpnam_r()(name);
	return make_name(name);
}

/* ---- tempnam ---- */

static bool is_directory(const char *path)
{
	struct stat64 st;

	return path && shim_stat(path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* The first of $TMPDIR, DIR and /tmp that is there. */
static const char *choose_directory(const char *dir)
{
	const char *wanted = snr_environ_get((const char *const *)environ, "TMPDIR");

	if (is_directory(wanted))
		return wanted;
	if (is_directory(dir))
		return dir;
	return is_directory(FOLDER) ? FOLDER : NULL;
}

SHIM_EXPORT char *tempnam(const char *dir, const char *prefix)
{
	char name[SNR_PATH_MAX];
	struct snr_builder builder = {.out = name, .size = sizeof(name)};
	size_t len;
	long error;
	char *copy;

	if (!shim_redirector())
		return real_tempnam()(dir, prefix);
	dir = choose_directory(dir);
	len = dir ? snr_length(dir) : 0;
	while (len > 1 && dir[len - 1] == '/')
		len--;
	snr_add(&builder, dir, len);
	snr_add_text(&builder, "/");
	if (!prefix || !*prefix)
		prefix = "file";
	snr_add(&builder, prefix, snr_length_within(prefix, 5));
	snr_add_text(&builder, "XXXXXX");
	error = dir ? snr_finish(&builder) : -ENOENT;
	if (error < 0) {
		shim_fail(error == -ENAMETOOLONG ? -EINVAL : error);
		return NULL;
	}
	if (!*mktemp(name))
		return NULL;
	len = snr_length(name) + 1;
	copy = malloc(len);
	if (copy)
		snr_copy(copy, name, len);
	return copy;
}
