/* SPDX-License-Identifier: MIT
 * posix_spawn and its file actions: libc runs the child, so everything is planned before it starts.
 * Called by programs. It must never change a file actions object of the program's.
 */
#include "preload/actions.h"
#include "preload/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <unistd.h>

typedef const posix_spawn_file_actions_t spawn_actions;
typedef const posix_spawnattr_t spawn_attributes;

/* These answer with the error itself. */
static int missing(void)
{
	return ENOSYS;
}

#define SPAWN_REAL(symbol, parameters) SHIM_REAL_AS(int, symbol, parameters, missing)

SPAWN_REAL(posix_spawn, (pid_t * pid, const char *path, spawn_actions *actions,
			 spawn_attributes *attributes, char *const argv[], char *const envp[]))
SPAWN_REAL(posix_spawnp, (pid_t * pid, const char *file, spawn_actions *actions,
			  spawn_attributes *attributes, char *const argv[], char *const envp[]))
SPAWN_REAL(pidfd_spawn, (int *pidfd, const char *path, spawn_actions *actions,
			 spawn_attributes *attributes, char *const argv[], char *const envp[]))
SPAWN_REAL(pidfd_spawnp, (int *pidfd, const char *file, spawn_actions *actions,
			  spawn_attributes *attributes, char *const argv[], char *const envp[]))

/* ---- spawn ---- */

/* posix_spawn or pidfd_spawn: their first argument is a pointer to int for both. */
typedef int spawn_function(int *id, const char *path, spawn_actions *actions,
			   spawn_attributes *attributes, char *const argv[], char *const envp[]);

/* One spawn as the program asked for it. */
struct spawn {
	spawn_function *real;
	int *id;
	spawn_attributes *attributes;
	char *const *argv;
	char *const *envp;
};

static int spawn_real(const struct spawn *spawn, const char *path, spawn_actions *actions,
		      char *const argv[], char *const envp[])
{
	return spawn->real(spawn->id, path, actions, spawn->attributes, argv, envp);
}

/* The child makes its file actions, one of which may fail, and then fails with ERROR. */
static int spawn_failing(const struct spawn *spawn, const struct shim_actions *actions, int error)
{
	int result = spawn_real(spawn, SHIM_NOWHERE, actions->use, spawn->argv, spawn->envp);

	return result == SHIM_ACTION_FAILED ? error : result;
}

static int spawn_planned(const struct spawn *spawn, struct shim_actions *actions, const char *path)
{
	const struct snr_lookup lookup = {.follow = true};
	struct shim_child *child = NULL;
	int result;

	if (actions->error)
		return spawn_failing(spawn, actions, actions->error);
	if (actions->base != -1)
		child = shim_child_prepare(actions->base, AT_FDCWD, path, lookup, spawn->argv,
					   spawn->envp);
	shim_actions_leave_base(actions);
	if (!child)
		return spawn_real(spawn, path, actions->use, spawn->argv, spawn->envp);
	if (child->error)
		result = spawn_failing(spawn, actions, -child->error);
	else
		result = spawn_real(spawn, child->changed ? child->path : path, actions->use,
				    child->argv, child->envp);
	shim_child_release(child);
	return result;
}

static int spawn(const struct spawn *spawn, const char *path, spawn_actions *given)
{
	struct shim_actions actions;
	int result;

	if (!shim_redirector() || !shim_actions_plan(given, &actions))
		return spawn_real(spawn, path, given, spawn->argv, spawn->envp);
	result = spawn_planned(spawn, &actions, path);
	shim_actions_release(&actions);
	return result;
}

/* ---- the search along PATH ---- */

/* 0, or -errno of executing PATH from BASE. */
static long try_candidate(int base, const char *path)
{
	struct stat64 st;
	long result = shim_stat_at(base, path, &st, 0);

	if (result < 0)
		return result;
	return S_ISREG(st.st_mode) ? shim_access_at(base, path, X_OK) : -EACCES;
}

/* Where the child would find FILE from BASE: 0, or the -errno that is left when nothing was found.
 */
static long search(int base, const char *file, char *out)
{
	long result = -ENOENT;
	bool denied = false;

	for (const char *at = shim_search_list(); at;) {
		if (!shim_next_candidate(&at, file, out))
			continue;
		result = try_candidate(base, out);
		denied |= result == -EACCES;
		if (!result || !shim_looks_further((int)-result))
			return result;
	}
	return denied ? -EACCES : result;
}

/* What is to be executed for FILE of LEN bytes, in OUT where that is another one; NULL with the
 * -errno in *ERROR. */
static const char *find(const struct shim_actions *actions, const char *file, long len, char *out,
			long *error)
{
	for (long i = 0; i < len; i++)
		if (file[i] == '/')
			return file;
	*error = len == 0 ? -ENOENT : len < 0 || len > NAME_MAX ? -ENAMETOOLONG : 0;
	if (!*error)
		*error = search(actions->base, file, out);
	return *error ? NULL : out;
}

static __attribute__((noinline)) int spawn_search(const struct spawn *spawn,
						  spawn_function *real_search, const char *file,
						  spawn_actions *given)
{
	long len = shim_string_length(file, SNR_PATH_MAX);
	struct shim_actions actions;
	char found[SNR_PATH_MAX];
	long error = 0;
	int result;

	if (!shim_redirector() || len == -EFAULT || !shim_actions_plan(given, &actions))
		return real_search(spawn->id, file, given, spawn->attributes, spawn->argv,
				   spawn->envp);
	if (actions.base != -1)
		file = find(&actions, file, len, found, &error);
	if (error)
		result = spawn_failing(spawn, &actions, (int)-error);
	else
		result = spawn_planned(spawn, &actions, file);
	shim_actions_release(&actions);
	return result;
}

SHIM_EXPORT int posix_spawn(pid_t *pid, const char *path, spawn_actions *actions,
			    spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	const struct spawn call = {real_posix_spawn(), pid, attributes, argv, envp};

	return spawn(&call, path, actions);
}

SHIM_EXPORT int posix_spawnp(pid_t *pid, const char *file, spawn_actions *actions,
			     spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	const struct spawn call = {real_posix_spawn(), pid, attributes, argv, envp};

	return spawn_search(&call, real_posix_spawnp(), file, actions);
}

SHIM_EXPORT int pidfd_spawn(int *pidfd, const char *path, spawn_actions *actions,
			    spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	const struct spawn call = {real_pidfd_spawn(), pidfd, attributes, argv, envp};

	return spawn(&call, path, actions);
}

SHIM_EXPORT int pidfd_spawnp(int *pidfd, const char *file, spawn_actions *actions,
			     spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	const struct spawn call = {real_pidfd_spawn(), pidfd, attributes, argv, envp};

	return spawn_search(&call, real_pidfd_spawnp(), file, actions);
}
