/* SPDX-License-Identifier: MIT
 * Processes of ours beside the program: forked so that the program, which this very process will
 * become, does not find them among its children. The launcher's files call it. Whoever forks does
 * so between quiet_begin and quiet_end (quiet.h).
 */
#ifndef LAUNCHER_SIDE_H
#define LAUNCHER_SIDE_H

#include <sys/types.h>

/* Fork a side process, in a session of its own: what is sent to the program's process group is not
 * for it. Returns 0 there, 1 here, or -errno. Where the fork fails late, TALK gets the -errno as an
 * int. */
int side_fork(int talk);

/* One int over a socket of two ends. Returns 0 or -EIO. */
int side_read(int fd, int *number);
int side_write(int fd, int number);

#endif
