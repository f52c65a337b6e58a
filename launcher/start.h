/* SPDX-License-Identifier: MIT
 * From a decision to the running program: the tracer's side process, the shim's environment, exec.
 * Only main.c calls it. It must never run a program unredirected that was to be redirected.
 */
#ifndef LAUNCHER_START_H
#define LAUNCHER_START_H

#include "launcher/journal.h"
#include "launcher/rules_compile.h"
#include "launcher/run_directory.h"
#include "launcher/stats.h"

/* Where the shims and the launcher itself lie, found from /proc/self/exe. */
struct start_files {
	char launcher[SNR_PATH_MAX];
	char shim64[SNR_PATH_MAX]; /* where it should be ... */
	char shim32[SNR_PATH_MAX];
	bool has_shim64; /* ... and whether it can be read there */
	bool has_shim32;
	bool has_companions; /* of all shims that there are: for libraries under rules */
};

/* What goes on beside the program. */
struct start_beside {
	const struct stats *stats;
	const struct run_directory *directory;
	int record_fd; /* of a learning run, or -1 */
};

void start_find_files(struct start_files *files);

/* Each becomes PROGRAM (an argument vector) in this very process, or says why not and exits with
 * 125, 126 or 127. */
_Noreturn void start_untouched(char *const program[]);
_Noreturn void start_preload(const struct image *image, const struct journal *journal,
			     const struct start_beside *beside, char *const program[]);
/* Engines trace and hybrid, as the image says. */
_Noreturn void start_trace(const struct image *image, const struct journal *journal,
			   const struct start_beside *beside, char *const program[]);

/* A copy of descriptor FD that programs inherit, out of the way of their own, in *KEPT. Returns 0
 * or -errno. */
int start_keep(int fd, int *kept);

#endif
