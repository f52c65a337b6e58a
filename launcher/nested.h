/* SPDX-License-Identifier: MIT
 * snapredir below snapredir: the rules under which this very process runs go on counting for the
 * program, beneath its own. Only main.c calls it. It must never let an outer rule get lost.
 */
#ifndef LAUNCHER_NESTED_H
#define LAUNCHER_NESTED_H

#include "launcher/rules_check.h"

/* If the shim redirects this process (the environment names its image), lead the targets of SET
 * through those rules too, and add the rules that SET does not cover to it. Returns how many were
 * added. Under a tracer nothing need be done: it redirects whatever the program does. */
uint32_t nested_add(struct rules *rules, struct rules_set *set);

#endif
