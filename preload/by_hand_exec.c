/* SPDX-License-Identifier: MIT
 * The exec family. libc's own members call each other unseen, so each is done here down to
 * execve(2). Called by programs, often in a vfork child. It must never return where execve would
 * not.
 */
#include "preload/child.h"
#include "preload/window.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/exec.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

SHIM_REAL(int, execve, (const char *path, char *const argv[], char *const envp[]))
SHIM_REAL(int, fexecve, (int fd, char *const argv[], char *const envp[]))

static int exec_prepared(const struct shim_child *child, int dirfd, int flags)
{
	if (child->error)
		return (int)shim_fail(child->error);
	/* The path of another file is absolute. That a link is not to be followed is for the kernel
	 * to refuse. */
	if (child->changed)
		flags &= ~AT_EMPTY_PATH;
	if (!flags && (child->changed || dirfd == AT_FDCWD))
		return real_execve()(child->path, child->argv, child->envp);
	return (int)shim_fail(
		snr_rawcall5(__NR_execveat, dirfd, child->path, child->argv, child->envp, flags));
}

int shim_exec(int dirfd, const char *path, int flags, char *const argv[], char *const envp[])
{
	const struct snr_lookup lookup = {.follow = !(flags & AT_SYMLINK_NOFOLLOW),
					  .may_be_empty = (flags & AT_EMPTY_PATH) != 0};
	struct shim_child *child = NULL;
	int result;

	if (!((unsigned)flags & ~SNR_EXEC_FLAGS))
		child = shim_child_prepare(AT_FDCWD, dirfd, path, lookup, argv, envp);
	shim_signal_before_exec();
	if (child) {
		result = exec_prepared(child, dirfd, flags);
		shim_child_release(child);
		return result;
	}
	if (dirfd == AT_FDCWD && !flags)
		return real_execve()(path, argv, envp);
	return (int)shim_fail(snr_rawcall5(__NR_execveat, dirfd, path, argv, envp, flags));
}

SHIM_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return shim_exec(AT_FDCWD, path, 0, argv, envp);
}

SHIM_EXPORT int execv(const char *path, char *const argv[])
{
	return shim_exec(AT_FDCWD, path, 0, argv, environ);
}

SHIM_EXPORT int execveat(int dirfd, const char *path, char *const argv[], char *const envp[],
			 int flags)
{
	return shim_exec(dirfd, path, flags, argv, envp);
}

/* fexecve(3) refuses these itself. */
SHIM_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	if (fd < 0 || !shim_redirector())
		return real_fexecve()(fd, argv, envp);
	return shim_exec(fd, "", AT_EMPTY_PATH, argv, envp);
}

/* ---- the search along PATH ---- */

const char *shim_search_list(void)
{
	const char *list = snr_environ_get((const char *const *)environ, "PATH");

	return list ? list : "/bin:/usr/bin"; /* confstr(_CS_PATH) */
}

bool shim_next_candidate(const char **at, const char *file, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	const char *element = *at;
	size_t len = 0;

	while (element[len] && element[len] != ':')
		len++;
	*at = element[len] ? element + len + 1 : NULL;
	snr_add(&builder, element, len);
	if (len)
		snr_add(&builder, "/", 1);
	snr_add_text(&builder, file);
	return snr_finish(&builder) >= 0;
}

/* No format that the kernel knows: a script without #!, for the shell. */
static int exec_shell(const char *path, char *const argv[], char *const envp[])
{
	long argc = shim_count_vector(argv);
	char **vector;

	if (argc < 0 || argc > INT_MAX / (long)sizeof(*vector))
		return (int)shim_fail(-ENOEXEC);
	vector = alloca(((size_t)argc + 3) * sizeof(*vector));
	vector[0] = (char *)(uintptr_t) "/bin/sh";
	vector[1] = (char *)(uintptr_t)path;
	vector[2] = NULL;
	for (long i = 1; i <= argc; i++)
		vector[i + 1] = argv[i];
	return shim_exec(AT_FDCWD, vector[0], 0, vector, envp);
}

static int exec_or_shell(const char *path, char *const argv[], char *const envp[])
{
	int result = shim_exec(AT_FDCWD, path, 0, argv, envp);

	if (errno == ENOEXEC)
		result = exec_shell(path, argv, envp);
	return result;
}

/* execvp(3): these mean "look further". */
bool shim_looks_further(int error)
{
	return error == ENOENT || error == ESTALE || error == ENOTDIR || error == ENODEV ||
	       error == ETIMEDOUT || error == EACCES;
}

static int exec_search(const char *file, char *const argv[], char *const envp[])
{
	char path[SNR_PATH_MAX];
	bool denied = false;

	if (!*file)
		return (int)shim_fail(-ENOENT);
	for (const char *c = file; *c; c++)
		if (*c == '/')
			return exec_or_shell(file, argv, envp);
	if (snr_length(file) > NAME_MAX)
		return (int)shim_fail(-ENAMETOOLONG);
	shim_fail(-ENOENT);
	for (const char *at = shim_search_list(); at;) {
		if (!shim_next_candidate(&at, file, path))
			continue;
		exec_or_shell(path, argv, envp);
		if (!shim_looks_further(errno))
			return -1;
		denied |= errno == EACCES;
	}
	return denied ? (int)shim_fail(-EACCES) : -1;
}

SHIM_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	if (shim_string_length(file, SNR_PATH_MAX) == -EFAULT)
		return (int)shim_fail(-EFAULT);
	return exec_search(file, argv, envp);
}

SHIM_EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

/* ---- arguments as a list ---- */

/* How many there are up to the NULL, FIRST included. */
static size_t count_list(const char *first, va_list *list)
{
	size_t n = 0;

	for (const char *next = first; next; next = va_arg(*list, const char *))
		n++;
	return n;
}

/* LIST is behind the NULL afterwards. */
static void copy_list(char **vector, const char *first, va_list *list)
{
	size_t n = 0;

	for (const char *next = first; next; next = va_arg(*list, const char *))
		vector[n++] = (char *)(uintptr_t)next;
	vector[n] = NULL;
}

/* The vector has to live until the exec, so each function allocates its own, as libc does. */
SHIM_EXPORT int execl(const char *path, const char *arg, ...)
{
	char **vector;
	va_list list;

	va_start(list, arg);
	vector = alloca((count_list(arg, &list) + 1) * sizeof(*vector));
	va_end(list);
	va_start(list, arg);
	copy_list(vector, arg, &list);
	va_end(list);
	return shim_exec(AT_FDCWD, path, 0, vector, environ);
}

SHIM_EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **vector;
	va_list list;

	va_start(list, arg);
	vector = alloca((count_list(arg, &list) + 1) * sizeof(*vector));
	va_end(list);
	va_start(list, arg);
	copy_list(vector, arg, &list);
	va_end(list);
	return execvpe(file, vector, environ);
}

SHIM_EXPORT int execle(const char *path, const char *arg, ...)
{
	char *const *envp;
	char **vector;
	va_list list;

	va_start(list, arg);
	vector = alloca((count_list(arg, &list) + 1) * sizeof(*vector));
	va_end(list);
	va_start(list, arg);
	copy_list(vector, arg, &list);
	envp = va_arg(list, char *const *);
	va_end(list);
	return shim_exec(AT_FDCWD, path, 0, vector, envp);
}
