/* SPDX-License-Identifier: MIT
 * From a decision to the running program under the shim, or untouched. Only main.c calls it.
 * It must never run a program unredirected that was to be redirected.
 */
#include "launcher/start.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/host.h"
#include "launcher/run.h"
#include "shared/environ.h"
#include "shared/libraries.h"
#include "shared/note.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#if defined(__x86_64__)
#define TRIPLET64 "x86_64-linux-gnu"
#define TRIPLET32 "i386-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLET64 "aarch64-linux-gnu"
#define TRIPLET32 "arm-linux-gnueabihf"
#else
#error "name the library directories of this architecture, see docs/adding-an-architecture.md"
#endif

extern char **environ;

/* Is this a library of ours, and of this version? Another would step aside, and the program run
 * unredirected. */
static bool is_ours(const char *path)
{
	static const struct snr_note note = SNR_NOTE;
	char page[SNR_NOTE_PAGE];
	int fd = (int)snr_rawcall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t size = fd < 0 ? -1 : read(fd, page, sizeof(page));

	if (fd >= 0)
		close(fd);
	return size > 0 && memmem(page, (size_t)size, &note, sizeof(note));
}

static bool find_shim(const char *top, size_t len, const char *triplet, char *out)
{
	struct snr_builder path = {.out = out, .size = SNR_PATH_MAX};

	snr_add(&path, top, len);
	snr_add_text(&path, "/lib/");
	snr_add_text(&path, triplet);
	snr_add_text(&path, "/libsnapredir.so");
	/* ld.so takes LD_PRELOAD apart at blanks and colons. */
	return snr_finish(&path) > 0 && !out[strcspn(out, ": ")] && is_ours(out);
}

/* Without one of the companions ld.so would complain at every start. */
static bool has_companion(const char *shim)
{
	char companion[SNR_PATH_MAX];
	struct snr_builder path = {.out = companion, .size = sizeof(companion)};

	snr_add(&path, shim, strlen(shim) - strlen(".so"));
	snr_add_text(&path, SNR_COMPANION);
	return snr_finish(&path) > 0 && is_ours(companion);
}

void start_find_files(struct start_files *files)
{
	/* The real names, also where this very process is redirected: ld.so will not be. */
	long len = snr_rawcall4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", files->launcher,
				sizeof(files->launcher) - 1);

	files->launcher[len > 0 ? len : 0] = '\0';
	/* DIR/bin/snapredir stands beside DIR/lib. */
	size_t top = (size_t)(len > 0 ? len : 0);
	for (int up = 0; up < 2; up++)
		while (top && files->launcher[--top] != '/')
			;
	files->has_shim64 = find_shim(files->launcher, top, TRIPLET64, files->shim64);
	files->has_shim32 = find_shim(files->launcher, top, TRIPLET32, files->shim32);
	files->has_companions = (!files->has_shim64 || has_companion(files->shim64)) &&
				(!files->has_shim32 || has_companion(files->shim32));
}

_Noreturn void start_untouched(char *const program[])
{
	run_program(run_untouched, NULL, program, environ);
}

/* What an attempt to execute under the shim needs. */
struct preload {
	struct snr_redirector redirector;
	const struct journal *journal;
	char image[SNR_IMAGE_VALUE];
	struct snr_exec_plan plan;
	struct snr_scratch scratch;
	struct snr_library_search search;
};

/* The shim for the image that will run in the end. A static program gets that of its word size too:
 * it ignores it, and hands it on to its children. */
static const char *shim_for(const struct snr_image *image, const struct snr_exec_plan *plan)
{
	bool narrow = plan->elf_class == ELFCLASS32;
	struct snr_text shim = narrow ? image->shim32 : image->shim64;

	if (!shim.len || (plan->kind == SNR_EXEC_DYNAMIC && plan->libc != SNR_LIBC_GLIBC))
		return NULL;
	return snr_string(image, shim);
}

/* Nothing may run unredirected without a word. */
static void tell_limits(const struct preload *preload, const char *file, const char *shim)
{
	const char *what = snr_exec_unseen(&preload->plan, shim != NULL);

	if (!what)
		return;
	if (preload->journal->is_file)
		journal_line(preload->journal, 0, "%s %s; engine trace would", file, what);
	else
		say(file, "%s; engine trace would", what);
}

/* The call itself, with an environment built in memory that exec gives back. */
static int execute(struct preload *preload, const char *file, char *const argv[],
		   char *const envp[], const char *shim)
{
	const struct snr_image *image = preload->redirector.image;
	const struct snr_library_needs needs =
		snr_library_needs(&preload->search, &preload->redirector, &preload->scratch,
				  host_read_file, &preload->plan, (const char *const *)envp);
	struct snr_environ want = {
		.envp = (const char *const *)envp,
		.shim = shim,
		.libraries = needs.companion,
		.sanitized = preload->plan.sanitized,
		.library_path = needs.library_path,
		.name = preload->plan.changed && shim ? preload->plan.script : NULL,
		.image = preload->image,
		.ours = {snr_string(image, image->shim64), snr_string(image, image->shim32)},
	};
	struct snr_environ_size size = snr_environ_measure(&want);
	char **slots = pool_grow(NULL, size.slots, sizeof(*slots));
	char *bytes = pool_grow(NULL, size.bytes + 1, 1);

	snr_environ_build(&want, slots, bytes);
	int error = run_exactly(file, argv, slots);
	free(slots);
	free(bytes);
	return error;
}

/* Execute the interpreter of a redirected script: its words take the place of argv[0]. */
static int execute_script(struct preload *preload, char *const argv[], char *const envp[],
			  const char *shim)
{
	const char *front[SNR_EXEC_FRONT];
	int nfront = snr_exec_argv(&preload->plan, front);
	size_t count = 0;

	while (argv[count])
		count++;
	char **words = pool_grow(NULL, (size_t)nfront + count + 1, sizeof(*words));
	for (int i = 0; i < nfront; i++)
		words[i] = front[i] ? (char *)(uintptr_t)front[i] : argv[0];
	for (size_t i = 1; i <= count; i++)
		words[(size_t)nfront + i - 1] = argv[i];
	int error = execute(preload, preload->plan.real, words, envp, shim);
	free(words);
	return error;
}

static int attempt_preload(void *context, const char *file, char *const argv[], char *const envp[])
{
	struct preload *preload = context;
	struct snr_exec_plan *plan = &preload->plan;
	struct snr_lookup follow = {.follow = true};

	snr_plan_exec(&preload->redirector, &preload->scratch, host_read_file, AT_FDCWD, AT_FDCWD,
		      file, strlen(file), follow, plan);
	if (plan->error)
		return plan->error;
	/* What is not there or may not be executed shall not be talked about. */
	const struct snr_host *host = &preload->redirector.host;
	long error = host->access(host->context, plan->changed ? plan->real : file, X_OK);
	if (error < 0)
		return (int)error;
	run_refuse_own_script(plan->changed ? plan->real : file);
	if (plan->native)
		return run_exactly(plan->changed ? plan->real : file, argv, envp);
	const char *shim = shim_for(preload->redirector.image, plan);
	tell_limits(preload, file, shim);
	if (plan->changed && plan->nshebang)
		return execute_script(preload, argv, envp, shim);
	return execute(preload, plan->changed ? plan->real : file, argv, envp, shim);
}

/* A copy of FD that programs inherit, at SNR_FD_BASE or above: out of the way of their own. The
 * soft limit may be lower; descriptors beyond it stay usable. -errno where there is none. */
static int copy_beyond(int fd)
{
	struct rlimit limit, raised;
	int copy = fcntl(fd, F_DUPFD, SNR_FD_BASE);

	if (copy >= 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return copy >= 0 ? copy : -errno;
	raised = limit;
	raised.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
		copy = fcntl(fd, F_DUPFD, SNR_FD_BASE);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return copy < 0 ? -EINVAL : copy;
}

/* The same, or where the hard limit lies below that, as high as it allows. */
static int high_copy(int fd)
{
	struct rlimit limit;
	int copy = copy_beyond(fd);

	if (copy >= 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return copy;
	int from = limit.rlim_cur < SNR_FD_BASE ? (int)limit.rlim_cur : SNR_FD_BASE;
	while (copy < 0 && --from > STDERR_FILENO)
		copy = fcntl(fd, F_DUPFD, from);
	return copy < 0 ? -errno : copy;
}

int start_keep(int fd, int *kept)
{
	*kept = high_copy(fd);
	return *kept < 0 ? *kept : 0;
}

_Noreturn void start_preload(const struct image *image, const struct journal *journal,
			     const struct start_beside *beside, char *const program[])
{
	const struct run_directory *directory = beside->directory;
	struct host_context host = {0};
	struct preload preload = {
		.redirector = host_redirector(image->mapped, &host),
		.journal = journal,
	};
	int fd = high_copy(image->fd);

	if (fd < 0)
		die(STATUS_FAILED, "descriptors",
		    "none left for the rules: %s; raise the limit (ulimit -n)", strerror(-fd));
	if (directory->kept) {
		int error = run_directory_watch(directory);

		if (error < 0) {
			run_directory_remove(directory);
			die(STATUS_FAILED, "fork",
			    "the directory of this run has nobody to remove "
			    "it: %s; allow one process more (ulimit -u)",
			    strerror(-error));
		}
	}
	snr_environ_image(fd, getpid(), preload.image);
	run_program(attempt_preload, &preload, program, environ);
}
