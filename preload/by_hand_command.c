/* SPDX-License-Identifier: MIT
 * system and popen: libc starts /bin/sh by itself with the present environment. Where that is not
 * what a child of ours needs (the program cleared its environment, or the shell is redirected) they
 * are done here. Called by programs. A stream of the real popen must never reach our pclose's
 * table.
 */
#include "preload/child.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/bin/sh"

SHIM_REAL(int, system, (const char *command))
SHIM_REAL_POINTER(FILE *, popen, (const char *command, const char *type))
SHIM_REAL_POINTER(FILE *, _IO_popen, (const char *command, const char *type))
SHIM_REAL(int, pclose, (FILE * stream))

static int spawn_shell(pid_t *pid, const char *command, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes)
{
	const char *argv[] = {"sh", "-c", command, NULL};

	return posix_spawn(pid, SHELL, actions, attributes, (char *const *)(uintptr_t)argv,
			   environ);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* ---- system(3) ---- */

/* The child gets back what system(3) changes for its own time. */
static int spawn_as_before(pid_t *pid, const char *command, const struct sigaction *interrupt,
			   const struct sigaction *quit, const sigset_t *mask)
{
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	sigemptyset(&defaults);
	if (interrupt->sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGINT);
	if (quit->sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGQUIT);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	error = spawn_shell(pid, command, NULL, &attributes);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static int run_command(const char *command)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt, quit;
	sigset_t child, mask;
	int status = 127 << 8; /* as if the shell could not be started: its exit status */
	int saved = errno;
	pid_t pid;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &mask);
	if (spawn_as_before(&pid, command, &interrupt, &quit, &mask) == 0) {
		status = wait_for(pid);
		saved = status < 0 ? errno : saved;
	}
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	errno = saved;
	return status;
}

SHIM_EXPORT int system(const char *command)
{
	if (!command || shim_is_right_already(SHELL))
		return real_system()(command);
	return run_command(command);
}

/* ---- popen(3) ---- */

struct process {
	FILE *stream; /* NULL: free */
	pid_t pid;
	int fd;
};

static struct process processes[64];
static char reserved; /* its address marks an entry that is being filled */

#define RESERVED ((FILE *)(void *)&reserved)

static struct process *claim(FILE *was, FILE *becomes)
{
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++) {
		FILE *expected = was;

		if (__atomic_compare_exchange_n(&processes[i].stream, &expected, becomes, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &processes[i];
	}
	return NULL;
}

/* POSIX: streams of earlier popens are closed in the new child. */
static void close_others(posix_spawn_file_actions_t *actions)
{
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++) {
		FILE *stream = __atomic_load_n(&processes[i].stream, __ATOMIC_ACQUIRE);

		if (stream && stream != RESERVED)
			posix_spawn_file_actions_addclose(actions, processes[i].fd);
	}
}

static int start(pid_t *pid, const char *command, int end, int target)
{
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	close_others(&actions);
	posix_spawn_file_actions_adddup2(&actions, end, target);
	error = spawn_shell(pid, command, &actions, NULL);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Both ends of the pipe, neither of them the child's TARGET: dup2 onto itself would leave it
 * close-on-exec. */
static int make_pipe(int ends[2], int own, int target)
{
	long result = snr_rawcall2(__NR_pipe2, ends, O_CLOEXEC);

	if (result < 0)
		return (int)shim_fail(result);
	if (ends[!own] != target)
		return 0;
	result = snr_rawcall3(__NR_fcntl, target, F_DUPFD_CLOEXEC, target + 1);
	close(target);
	ends[!own] = (int)result;
	if (result >= 0)
		return 0;
	close(ends[own]);
	return (int)shim_fail(result);
}

static FILE *open_process(struct process *process, const char *command, bool reading,
			  bool close_on_exec)
{
	int own = reading ? 0 : 1, target = reading ? STDOUT_FILENO : STDIN_FILENO;
	FILE *stream;
	int ends[2];
	int error;

	if (make_pipe(ends, own, target) < 0)
		return NULL;
	stream = fdopen(ends[own], reading ? "r" : "w");
	error = stream ? start(&process->pid, command, ends[!own], target) : errno;
	close(ends[!own]);
	if (error) {
		if (stream)
			fclose(stream);
		else
			close(ends[own]);
		shim_fail(-error);
		return NULL;
	}
	if (!close_on_exec)
		snr_rawcall3(__NR_fcntl, ends[own], F_SETFD, 0);
	process->fd = ends[own];
	return stream;
}

static FILE *open_command(const char *command, const char *type)
{
	unsigned reading = 0, writing = 0, close_on_exec = 0, other = 0;
	struct process *process;
	FILE *stream;

	for (; *type; type++) {
		if (*type == 'r')
			reading++;
		else if (*type == 'w')
			writing++;
		else if (*type == 'e')
			close_on_exec++;
		else
			other++;
	}
	if (reading + writing != 1 || other) {
		shim_fail(-EINVAL);
		return NULL;
	}
	process = claim(NULL, RESERVED);
	if (!process) {
		shim_fail(-EMFILE);
		return NULL;
	}
	stream = open_process(process, command, reading, close_on_exec);
	__atomic_store_n(&process->stream, stream, __ATOMIC_RELEASE);
	return stream;
}

SHIM_EXPORT FILE *popen(const char *command, const char *type)
{
	if (shim_is_right_already(SHELL))
		return real_popen()(command, type);
	return open_command(command, type);
}

extern FILE *_IO_popen(const char *command, const char *type);

SHIM_EXPORT FILE *_IO_popen(const char *command, const char *type)
{
	if (shim_is_right_already(SHELL))
		return real__IO_popen()(command, type);
	return open_command(command, type);
}

SHIM_EXPORT int pclose(FILE *stream)
{
	struct process *process = stream ? claim(stream, RESERVED) : NULL;
	pid_t pid;

	if (!process)
		return real_pclose()(stream);
	pid = process->pid;
	__atomic_store_n(&process->stream, NULL, __ATOMIC_RELEASE);
	fclose(stream);
	return wait_for(pid);
}
