/* SPDX-License-Identifier: MIT
 * Where the rules' paths lie on the disk: the entries that a mount would be on, and that the kernel
 * would know by whatever name one comes to them. Only the launcher's rules_*.c call it.
 */
#ifndef LAUNCHER_RULES_POINTS_H
#define LAUNCHER_RULES_POINTS_H

#include "launcher/rules_check.h"
#include "launcher/rules_table.h"

/* Where LEN bytes of the canonical PATH lead by the rules of SET that PATHS knows: to OUT,
 * SNR_PATH_MAX bytes. Returns the length or -ENAMETOOLONG. */
long rules_real_path(const struct rules_set *set, const struct rules_table *paths, const char *path,
		     size_t len, char *out);

/* Where RULE's own path lies on the disk, in OUT of SNR_PATH_MAX bytes. Returns the length or
 * -ENAMETOOLONG. */
long rules_point_of(const struct rules_set *set, const struct rules_table *paths,
		    const struct rules_final *rule, char *out);

/* Enter into POINTS where each rule's own path lies, given PATHS. A rule in a directory that is
 * only shown has no such place. */
void rules_points_find(const struct rules_set *set, const struct rules_table *paths,
		       struct rules_table *points);

/* Is the path of some rule not on the disk? */
bool rules_points_lack(const struct rules_set *set);

#endif
