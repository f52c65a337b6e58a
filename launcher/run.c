/* SPDX-License-Identifier: MIT
 * Becoming the program: the search in PATH, exec, and what to say when it fails. Only start.c calls
 * it. It must never run with half of what was decided.
 */
#include "launcher/run.h"

#include <errno.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/pool.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#define DEFAULT_PATH "/bin:/usr/bin" /* glibc's confstr(_CS_PATH) */
#define SHELL        "/bin/sh"

int run_untouched(void *context, const char *file, char *const argv[], char *const envp[])
{
	run_refuse_own_script(file);
	execve(file, argv, envp);
	return -errno;
}

int run_exactly(const char *file, char *const argv[], char *const envp[])
{
	return (int)snr_rawcall3(SYS_execve, file, argv, envp);
}

static _Noreturn void give_up(const char *program, int error)
{
	const char *path = getenv("PATH");

	if (!*program)
		die(STATUS_NOT_FOUND, "the program's name is empty", "name a program");
	if (error == -ENOENT && !strchr(program, '/'))
		die(STATUS_NOT_FOUND, program,
		    "not found in PATH, nor where the rules lead; check the name, or PATH (%s)",
		    path ? path : DEFAULT_PATH);
	if (error == -ENOENT && access(program, F_OK) == 0)
		die(STATUS_NOT_FOUND, program,
		    "is there, but the interpreter that it names (by #! or as ELF) is not found; "
		    "install that, or add a rule for it");
	if (error == -ENOENT || error == -ENOTDIR)
		die(STATUS_NOT_FOUND, program,
		    "not found: %s; check the name, or where the rules lead it (snapredir "
		    "--explain %s)",
		    strerror(-error), program);
	if (error == -EACCES)
		die(STATUS_CANNOT_RUN, program,
		    "cannot be executed: %s; make it an executable file (chmod +x) that this user "
		    "may reach, not on a noexec mount",
		    strerror(-error));
	die(STATUS_CANNOT_RUN, program, "cannot be executed: %s; check the file", strerror(-error));
}

/* As execvp(3): what the kernel has no format for is a script for the shell. */
static int attempt_shell(run_attempt attempt, void *context, const char *file,
			 char *const program[], char *const envp[])
{
	size_t count = 0;

	while (program[count])
		count++;
	char **argv = pool_grow(NULL, count + 2, sizeof(*argv));
	argv[0] = (char *)(uintptr_t)SHELL;
	argv[1] = (char *)(uintptr_t)file;
	for (size_t i = 1; i <= count; i++)
		argv[i + 1] = program[i];
	int error = attempt(context, SHELL, argv, envp);
	free(argv);
	return error;
}

void run_refuse_own_script(const char *file)
{
	char line[256] = "";
	struct stat its, own;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return;
	line[strcspn(line, "\n")] = '\0';
	char *interpreter = line + 2 + strspn(line + 2, " \t");
	char *rest = interpreter + strcspn(interpreter, " \t");
	char *word = rest + strspn(rest, " \t");
	*rest = '\0';
	if ((!*word || *word == '-') && !stat(interpreter, &its) && !stat("/proc/self/exe", &own) &&
	    its.st_dev == own.st_dev && its.st_ino == own.st_ino)
		die(STATUS_CANNOT_RUN, file,
		    "is a script for snapredir, which would start it for ever; let its first line "
		    "name a program, too: #!/usr/bin/env -S snapredir OPTION... -- PROGRAM");
}

static int attempt_file(run_attempt attempt, void *context, const char *file, char *const program[],
			char *const envp[])
{
	int error = attempt(context, file, program, envp);

	if (error == -ENOEXEC)
		error = attempt_shell(attempt, context, file, program, envp);
	return error;
}

/* The errors after which the next directory of PATH is tried (glibc posix/execvpe.c). */
static bool goes_on(int error)
{
	switch (error) {
	case -EACCES:
	case -ENOENT:
	case -ESTALE:
	case -ENOTDIR:
	case -ENODEV:
	case -ETIMEDOUT:
	case -ENAMETOOLONG:
		return true;
	default:
		return false;
	}
}

static int attempt_path(run_attempt attempt, void *context, char *const program[],
			char *const envp[])
{
	const char *path = getenv("PATH");
	int answer = -ENOENT;

	if (!path)
		path = DEFAULT_PATH;
	for (;;) {
		size_t len = strcspn(path, ":");
		char file[SNR_PATH_MAX];
		struct snr_builder builder = {.out = file, .size = sizeof(file)};

		/* An empty element is the working directory. */
		snr_add(&builder, path, len);
		if (len)
			snr_add_text(&builder, "/");
		snr_add_text(&builder, program[0]);
		if (snr_finish(&builder) > 0) {
			int error = attempt_file(attempt, context, file, program, envp);
			if (!goes_on(error))
				return error;
			if (error == -EACCES)
				answer = error;
		}
		if (!path[len])
			return answer;
		path += len + 1;
	}
}

int run_search(run_attempt attempt, void *context, char *const program[], char *const envp[])
{
	if (!*program[0])
		return -ENOENT;
	if (strchr(program[0], '/'))
		return attempt_file(attempt, context, program[0], program, envp);
	return attempt_path(attempt, context, program, envp);
}

_Noreturn void run_program(run_attempt attempt, void *context, char *const program[],
			   char *const envp[])
{
	give_up(program[0], run_search(attempt, context, program, envp));
}
