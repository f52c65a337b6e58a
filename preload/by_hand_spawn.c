/* SPDX-License-Identifier: MIT
 * posix_spawn and its file actions: libc runs the child, so everything is planned before it starts.
 * Called by programs. It must never change a file actions object but through libc's own functions.
 */
#include "preload/child.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
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
SPAWN_REAL(posix_spawn_file_actions_addopen,
	   (posix_spawn_file_actions_t * actions, int fd, const char *path, int flags, mode_t mode))
SPAWN_REAL(posix_spawn_file_actions_addchdir_np,
	   (posix_spawn_file_actions_t * actions, const char *path))
SPAWN_REAL(posix_spawn_file_actions_addchdir,
	   (posix_spawn_file_actions_t * actions, const char *path))

/* ---- where the child will be ---- */

/* How glibc keeps an action since 2.29, the first that can change the directory
 * (posix/spawn_int.h). */
struct action {
	int tag;
	union {
		int fd;
		const char *path;
		struct {
			int fd;
			const char *path;
			int flags;
			mode_t mode;
		} open;
	} of;
};

enum { ACTION_CHDIR = 3, ACTION_FCHDIR = 4 };

/* The last change of directory among ACTIONS, or NULL: the child starts where we are. */
static const struct action *last_move(spawn_actions *actions)
{
	const struct action *action;

	if (!actions || actions->__used <= 0)
		return NULL;
	action = (const struct action *)actions->__actions + actions->__used;
	while (action-- > (const struct action *)actions->__actions)
		if (action->tag == ACTION_CHDIR || action->tag == ACTION_FCHDIR)
			return action;
	return NULL;
}

/* A descriptor of the directory that the child will be in when it looks PATH up; AT_FDCWD if that
 * is ours. -1: not to be had. Close it with leave_base. */
static int enter_base(spawn_actions *actions, const char *path)
{
	const struct action *move = last_move(actions);

	if (!move || (shim_string_length(path, 1) == -ENAMETOOLONG && *path == '/'))
		return AT_FDCWD;
	if (move->tag == ACTION_FCHDIR)
		return (int)snr_rawcall3(__NR_fcntl, move->of.fd, F_DUPFD_CLOEXEC, 0);
	return (int)snr_rawcall4(__NR_openat, AT_FDCWD, move->of.path,
				 O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

static void leave_base(int base)
{
	if (base >= 0)
		snr_rawcall1(__NR_close, base);
}

/* ---- spawn ---- */

/* posix_spawn or pidfd_spawn: their first argument is a pointer to int for both. */
typedef int spawn_function(int *id, const char *path, spawn_actions *actions,
			   spawn_attributes *attributes, char *const argv[], char *const envp[]);

/* REAL with FILE as it is, but with our environment: for a name that is searched in vain, and the
 * like. */
static int spawn_prepared(spawn_function *real, const struct shim_child *child, int *id,
			  const char *file, spawn_actions *actions, spawn_attributes *attributes)
{
	if (child->error)
		return -child->error;
	return real(id, child->changed ? child->path : file, actions, attributes, child->argv,
		    child->envp);
}

static int spawn(spawn_function *real, int *id, const char *path, spawn_actions *actions,
		 spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	const struct snr_lookup lookup = {.follow = true};
	struct shim_child *child = NULL;
	int base, result;

	if (!shim_redirector())
		return real(id, path, actions, attributes, argv, envp);
	base = enter_base(actions, path);
	if (base >= 0 || base == AT_FDCWD)
		child = shim_child_prepare(base, path, lookup, argv, envp);
	leave_base(base);
	if (!child)
		return real(id, path, actions, attributes, argv, envp);
	result = spawn_prepared(real, child, id, path, actions, attributes);
	shim_child_release(child);
	return result;
}

static bool is_searched(const char *file)
{
	long len = shim_string_length(file, SNR_PATH_MAX);

	for (long i = 0; i < len; i++)
		if (file[i] == '/')
			return false;
	return len > 0;
}

/* Where the child would find FILE: the first along PATH that may be executed, or else the first
 * that is there at all, which then fails with EACCES. False: let libc find nothing. */
static bool search(const char *file, char *out)
{
	struct stat64 st;

	for (int round = 0; round < 2; round++) {
		for (const char *at = shim_search_list(); at;) {
			if (!shim_next_candidate(&at, file, out) || shim_stat(out, &st, 0) < 0)
				continue;
			if (round || (S_ISREG(st.st_mode) && shim_may_execute(out)))
				return true;
		}
	}
	return false;
}

static __attribute__((noinline)) int spawn_search(spawn_function *real, spawn_function *real_search,
						  int *id, const char *file, spawn_actions *actions,
						  spawn_attributes *attributes, char *const argv[],
						  char *const envp[])
{
	char found[SNR_PATH_MAX];

	if (shim_redirector() && !last_move(actions) && is_searched(file) && search(file, found))
		return spawn(real, id, found, actions, attributes, argv, envp);
	return spawn(real_search, id, file, actions, attributes, argv, envp);
}

SHIM_EXPORT int posix_spawn(pid_t *pid, const char *path, spawn_actions *actions,
			    spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	return spawn(real_posix_spawn(), pid, path, actions, attributes, argv, envp);
}

SHIM_EXPORT int posix_spawnp(pid_t *pid, const char *file, spawn_actions *actions,
			     spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	return spawn_search(real_posix_spawn(), real_posix_spawnp(), pid, file, actions, attributes,
			    argv, envp);
}

SHIM_EXPORT int pidfd_spawn(int *pidfd, const char *path, spawn_actions *actions,
			    spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	return spawn(real_pidfd_spawn(), pidfd, path, actions, attributes, argv, envp);
}

SHIM_EXPORT int pidfd_spawnp(int *pidfd, const char *file, spawn_actions *actions,
			     spawn_attributes *attributes, char *const argv[], char *const envp[])
{
	return spawn_search(real_pidfd_spawn(), real_pidfd_spawnp(), pidfd, file, actions,
			    attributes, argv, envp);
}

/* ---- file actions: the child opens and changes directory inside libc, so the path is settled here
 * ---- */

/* PATH, or TEXT with the changed one. */
static const char *settle(spawn_actions *actions, const char *path, int flags, char *text)
{
	int base = shim_redirector() ? enter_base(actions, path) : -1;
	struct shim_slot *slot;

	if (base < 0 && base != AT_FDCWD)
		return path;
	slot = shim_plan(SNR_openat, base, (long)path, flags, 0, 0);
	leave_base(base);
	if (!slot)
		return path;
	/* A refusal is met again in the child, at the program's own path. */
	path = shim_take(slot, 1, path, text);
	shim_slot_release(slot);
	return path;
}

SHIM_EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd,
						 const char *path, int flags, mode_t mode)
{
	char text[SNR_PATH_MAX];

	return real_posix_spawn_file_actions_addopen()(actions, fd,
						       settle(actions, path, flags, text), flags,
						       mode);
}

SHIM_EXPORT int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions,
						     const char *path)
{
	char text[SNR_PATH_MAX];

	return real_posix_spawn_file_actions_addchdir_np()(actions,
							   settle(actions, path, O_PATH, text));
}

SHIM_EXPORT int posix_spawn_file_actions_addchdir(posix_spawn_file_actions_t *actions,
						  const char *path)
{
	char text[SNR_PATH_MAX];

	return real_posix_spawn_file_actions_addchdir()(actions,
							settle(actions, path, O_PATH, text));
}
