/* SPDX-License-Identifier: MIT
 * The file actions of posix_spawn: libc's child performs them unseen, so what they name is planned
 * before it starts, in their order, each from where the child will be then. For by_hand_spawn.c.
 * It must never change the program's own object.
 */
#ifndef SHIM_ACTIONS_H
#define SHIM_ACTIONS_H

#include "preload/shim.h"

#include <spawn.h>

struct shim_actions {
	const posix_spawn_file_actions_t *use; /* for libc: the program's, or PLANNED */
	posix_spawn_file_actions_t planned;
	int base;  /* where the child is when it executes: AT_FDCWD, a descriptor, or -1: it never
		      comes so far */
	int error; /* 0, or the errno of an action that must fail; in its place PLANNED has one that
		      gives SHIM_ACTION_FAILED */
	void *memory;
	size_t size;
};

/* No action of a program ends so: it could not be added. */
#define SHIM_ACTION_FAILED EFAULT

/* An address that no program can read. */
#define SHIM_NOWHERE ((const char *)1)

/* Plan GIVEN, which may be NULL. Release it with shim_actions_release, which is what closes BASE;
 * false: no memory. */
bool shim_actions_plan(const posix_spawn_file_actions_t *given, struct shim_actions *actions);

/* BASE is no longer needed. */
void shim_actions_leave_base(struct shim_actions *actions);
void shim_actions_release(struct shim_actions *actions);

#endif
