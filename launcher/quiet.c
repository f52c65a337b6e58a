/* SPDX-License-Identifier: MIT
 * Short-lived children of ours that the program, which will be this very process, must not hear of.
 * The launcher's files call it. It must never lose a signal that was there before.
 */
#include "launcher/quiet.h"

#include <stddef.h>

static void ignore_children(struct sigaction *old)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGCHLD, &ignore, old);
}

void quiet_begin(struct quiet *quiet)
{
	sigset_t all, waiting;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &quiet->blocked);
	sigpending(&waiting);
	quiet->pending = sigismember(&waiting, SIGCHLD) == 1;
	/* A signal that is blocked waits even if it is ignored (signal(7)); but setting SIG_IGN, or
	 * SIG_DFL for one that is ignored then, drops those that wait (sigaction(2)). */
	if (!quiet->pending)
		ignore_children(&quiet->child);
}

void quiet_end(const struct quiet *quiet)
{
	if (!quiet->pending) {
		ignore_children(NULL);
		sigaction(SIGCHLD, &quiet->child, NULL);
	}
	sigprocmask(SIG_SETMASK, &quiet->blocked, NULL);
}
