/* SPDX-License-Identifier: MIT
 * Where the rules' paths lie on the disk. Only the launcher's rules_*.c call it.
 * It must never look at the file system.
 */
#include "launcher/rules_points.h"

#include "shared/text.h"

/* The longest rule above or at PATH, LEN bytes; *REST is what its own path takes. */
static uint32_t longest(const struct rules_table *paths, const char *path, size_t len, size_t *rest)
{
	struct snr_component c = {0};
	uint64_t hash = SNR_HASH_ROOT;
	uint32_t rule = SNR_NO_RULE;

	*rest = 0;
	while (snr_next_component(path, len, &c)) {
		const struct snr_entry *entry;

		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		entry = rules_table_find(paths, hash);
		if (entry && entry->rule != SNR_NO_RULE) {
			rule = entry->rule;
			*rest = c.end;
		}
	}
	return rule;
}

long rules_real_path(const struct rules_set *set, const struct rules_table *paths, const char *path,
		     size_t len, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	size_t rest;
	uint32_t rule = longest(paths, path, len, &rest);

	/* The target "/" would make a double slash with the rest. */
	if (rule != SNR_NO_RULE && (set->rule[rule].target_len > 1 || rest == len))
		snr_add(&builder, set->rule[rule].target, set->rule[rule].target_len);
	snr_add(&builder, path + rest, len - rest);
	return snr_finish(&builder);
}

static size_t parent_length(const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

void rules_points_find(const struct rules_set *set, const struct rules_table *paths,
		       struct rules_table *points)
{
	char real[SNR_PATH_MAX];

	rules_table_make(points, SNR_HASH_ROOT);
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rules_final *rule = &set->rule[i];
		size_t rest, parent = parent_length(rule->path, rule->path_len);
		uint32_t above = longest(paths, rule->path, parent, &rest);
		struct snr_builder builder = {.out = real, .size = sizeof(real)};
		long n;

		if (rule->parent || (above != SNR_NO_RULE && set->rule[above].parent))
			continue;
		n = rules_real_path(set, paths, rule->path, parent, real);
		builder.len = n < 0 ? sizeof(real) : (size_t)n;
		snr_add(&builder, rule->path + parent, rule->path_len - parent);
		n = snr_finish(&builder);
		if (n >= 0)
			rules_table_enter(points, real, (size_t)n, i);
	}
}

bool rules_points_lack(const struct rules_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (!set->rule[i].parent && !(set->rule[i].flags & SNR_RULE_PATH_EXISTS))
			return true;
	return false;
}
