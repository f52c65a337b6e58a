/* SPDX-License-Identifier: MIT
 * Where tmpfs rules lead: empty directories in that of the run. Part of rules_check.h; the launcher
 * calls it once all rules are known. It must never take a directory that is there already.
 */
#include "launcher/rules_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_MODE 01777 /* as of a mounted tmpfs (tmpfs(5)) */

/* Those of the snapredir that runs this one lead somewhere already. */
static bool is_placeless(const struct rules_final *final)
{
	return rules_kind(final) == SNR_TMPFS && !final->target_len;
}

uint32_t rules_count_tmpfs(const struct rules_set *set)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < set->count; i++)
		n += is_placeless(&set->rule[i]);
	return n;
}

/* The mode is meant, whatever the umask. */
static int make(const char *path, const struct rules_rule *rule)
{
	if (mkdir(path, 0700) < 0 || chmod(path, rule->has_mode ? rule->mode : DEFAULT_MODE) < 0)
		return -errno;
	return 0;
}

void rules_place_tmpfs(struct rules *rules, struct rules_set *set, const char *directory,
		       bool may_make)
{
	unsigned number = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		struct rules_final *final = &set->rule[i];
		char path[SNR_PATH_MAX];
		int error;

		if (!is_placeless(final))
			continue;
		final->target_len = (uint32_t)snprintf(path, sizeof(path), "%.*s/%u",
						       SNR_PATH_MAX - 16, directory, number++);
		final->target = pool_copy(&rules->pool, path, final->target_len);
		final->flags |= SNR_RULE_TARGET_DIR;
		error = may_make ? make(path, final->written) : 0;
		if (error)
			diags_add(&rules->diags, DIAG_ERROR, final->written->place,
				  "its directory %s cannot be made: %s; set TMPDIR to a directory "
				  "that this user can write to",
				  path, strerror(-error));
	}
}
