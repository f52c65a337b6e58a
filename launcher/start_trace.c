/* SPDX-License-Identifier: MIT
 * From a decision to the running program under the tracer: the side process, the filter, exec. Part
 * of start.h; only main.c calls it. It must never run the program before the tracer holds it.
 */
#include "launcher/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/host.h"
#include "launcher/quiet.h"
#include "launcher/run.h"
#include "launcher/side.h"
#include "tracer/tracer.h"

extern char **environ;

/* The side process: says who it is, waits until it may attach, serves. */
static _Noreturn void be_tracer(struct tracer_setup *setup, const struct run_directory *directory)
{
	int talk = setup->ready_fd, go, status;

	signal(SIGCHLD, SIG_DFL);
	if (side_write(talk, getpid()) < 0 || side_read(talk, &go) < 0)
		_exit(1);
	status = tracer_main(setup);
	if (status == 0 && directory->path[0])
		run_directory_remove(directory);
	_exit(status);
}

/* Returns 0 or -errno. */
static int fork_tracer(const int talk[2], struct tracer_setup *setup,
		       const struct run_directory *directory)
{
	int side = side_fork(talk[1]);

	if (side == 0) {
		close(talk[0]);
		setup->ready_fd = talk[1];
		be_tracer(setup, directory);
	}
	return side < 0 ? side : 0;
}

/* Start the tracer and wait until it holds this process. Returns 0 or -errno. */
static int attach_tracer(struct tracer_setup *setup, const struct run_directory *directory)
{
	int talk[2], error, answer = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		return -errno;
	error = fork_tracer(talk, setup, directory);
	close(talk[1]);
	if (!error)
		error = side_read(talk[0], &answer);
	if (!error && answer < 0)
		error = answer;
	if (!error) {
		/* Yama lets only a process of our choice attach; without Yama this is EINVAL. */
		prctl(PR_SET_PTRACER, answer, 0, 0, 0);
		error = side_write(talk[0], 0);
	}
	if (!error)
		error = side_read(talk[0], &answer);
	close(talk[0]);
	return error ? error : -answer;
}

static _Noreturn void fail(const struct run_directory *directory, const char *format, int error)
{
	if (directory->path[0])
		run_directory_remove(directory);
	die(STATUS_FAILED, "tracer", format, strerror(-error));
}

/* The search in PATH. Beneath the filter each candidate costs the tracer two stops: those that are
 * not there are told apart before. */
struct traced {
	struct snr_redirector redirector;
	struct snr_scratch scratch;
	char real[SNR_PATH_MAX];
	unsigned missing; /* so many come first */
};

static int look(void *context, const char *file, char *const argv[], char *const envp[])
{
	struct traced *traced = context;
	const struct snr_host *host = &traced->redirector.host;
	struct snr_lookup follow = {.follow = true};
	struct snr_resolved resolved =
		snr_resolve(traced->redirector.image, NULL, host, &traced->scratch, AT_FDCWD, file,
			    strlen(file), follow, traced->real);
	const char *place = resolved.changed ? traced->real : file;
	long error = resolved.error ? resolved.error : host->access(host->context, place, F_OK);

	if (error == -ENOENT || error == -ENOTDIR) {
		traced->missing++;
		return (int)error;
	}
	if (!error)
		run_refuse_own_script(place);
	return 0;
}

static int attempt_traced(void *context, const char *file, char *const argv[], char *const envp[])
{
	struct traced *traced = context;

	if (traced->missing) {
		traced->missing--;
		return -ENOENT;
	}
	execve(file, argv, envp);
	return -errno;
}

_Noreturn void start_trace(const struct image *image, const struct journal *journal,
			   const struct start_beside *beside, char *const program[])
{
	const struct run_directory *directory = beside->directory;
	const struct stats *stats = beside->stats;
	struct tracer_setup setup = {.image = image->mapped,
				     .program = getpid(),
				     .log_fd = journal_tracer_fd(journal),
				     .record_fd = beside->record_fd,
				     .image_fd = image->fd,
				     .stats = stats->memory,
				     .stats_fd = stats->memory ? stats->talk : -1,
				     .kept_fd = directory->path[0] ? directory->state : -1};
	struct host_context host = {0};
	static struct traced traced;
	struct quiet quiet;
	int error;

	traced.redirector = host_redirector(image->mapped, &host);
	/* If all are missing, it is for the kernel to say so. */
	if (run_search(look, &traced, program, environ) < 0)
		traced.missing = 0;
	quiet_begin(&quiet);
	error = attach_tracer(&setup, directory);
	quiet_end(&quiet);
	if (error < 0)
		fail(directory,
		     "could not take hold of the program: %s; try again, or use -e preload", error);
	error = tracer_filter_install(image->mapped);
	if (error < 0)
		fail(directory, "the kernel refuses the filter of system calls: %s; use -e preload",
		     error);
	run_program(attempt_traced, &traced, program, environ);
}
