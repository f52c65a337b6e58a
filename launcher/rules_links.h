/* SPDX-License-Identifier: MIT
 * Real symbolic links for rules of kind symlink: what lstat(2) and readlink(2) are shown. Only the
 * launcher's rules_*.c call it.
 */
#ifndef LAUNCHER_RULES_LINKS_H
#define LAUNCHER_RULES_LINKS_H

#include "launcher/pool.h"
#include "launcher/rules_check.h"

/* The path at which a link that says TEXT (LEN bytes) is kept, made or not: the same for all runs
 * of this user. */
const char *rules_link_path(struct pool *pool, const char *text, size_t len);

/* Make sure that RULE's target is a link that says RULE's text. Returns 0 or -errno. */
int rules_make_link(struct rules_final *rule);

#endif
