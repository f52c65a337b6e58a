/* SPDX-License-Identifier: MIT
 * The directory of one run: what its tmpfs rules lead to, and the words that its processes share.
 * Whoever takes part in the run holds a shared lock (flock(2)) on the file "state" in it; once
 * nobody does any more it is removed, by a process beside the program or by a later run.
 * The launcher's files call it. It must never remove what another user, or another run that goes
 * on, has made.
 */
#ifndef LAUNCHER_RUN_DIRECTORY_H
#define LAUNCHER_RUN_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/rules.h"

struct run_directory {
	char path[SNR_PATH_MAX]; /* empty: none was chosen */
	int state;               /* close-on-exec, holds the lock */
	int kept;                /* the same for the program to inherit; 0: none */
};

/* Choose its name, in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first that this user may write to.
 * Nothing is made. Returns 0 or -errno of the last one. */
int run_directory_choose(struct run_directory *run);

/* Make it, with SIZE bytes of zeros in its file, and remove those beside it that killed runs left
 * behind. Only its owner may look into it; root's, whose programs may become others, can be passed
 * through by name. Returns 0 or -errno. */
int run_directory_make(struct run_directory *run, size_t size);

/* Remove it with all that is in it. Mounts in it are left alone. */
void run_directory_remove(const struct run_directory *run);

/* Fork a process that removes it once no process of the run is left. Returns 0 or -errno. */
int run_directory_watch(const struct run_directory *run);

#endif
