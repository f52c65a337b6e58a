/* SPDX-License-Identifier: MIT
 * Short-lived children of ours that the program, which will be this very process, must not hear of:
 * no SIGCHLD of theirs may wait for it. The launcher's files call it.
 */
#ifndef LAUNCHER_QUIET_H
#define LAUNCHER_QUIET_H

#include <signal.h>
#include <stdbool.h>

struct quiet {
	struct sigaction child; /* what was set for SIGCHLD */
	sigset_t blocked;
	bool pending; /* a SIGCHLD was waiting before: it is the program's */
};

/* From here on children vanish without a signal and without a zombie, and every signal is held
 * back (in what is forked too, until it says otherwise). */
void quiet_begin(struct quiet *quiet);

/* All as it was before. */
void quiet_end(const struct quiet *quiet);

#endif
