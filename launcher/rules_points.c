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

long rules_point_of(const struct rules_set *set, const struct rules_table *paths,
		    const struct rules_final *rule, char *out)
{
	size_t parent = parent_length(rule->path, rule->path_len);
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	long n = 0;

	if (parent)
		n = rules_real_path(set, paths, rule->path, parent, out);
	builder.len = n < 0 ? SNR_PATH_MAX : (size_t)n;
	snr_add(&builder, rule->path + parent, rule->path_len - parent);
	return snr_finish(&builder);
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
		long n;

		if (!rules_is_mount(rule) || rule->parent || rule->covered ||
		    (above != SNR_NO_RULE && set->rule[above].parent))
			continue;
		n = rules_point_of(set, paths, rule, real);
		if (n >= 0)
			rules_table_enter(points, real, (size_t)n, i);
	}
}

/* Whose place does a rule lie upon? The longest above its path or, for a readonly, at it, that is
 * no readonly itself. */
static uint32_t under(const struct rules_table *places, const struct rules_final *rule,
		      size_t *rest)
{
	const struct snr_entry *root = rules_table_find(places, SNR_HASH_ROOT);
	size_t len = rules_kind(rule) == SNR_READONLY ? rule->path_len
						      : parent_length(rule->path, rule->path_len);
	uint32_t found = longest(places, rule->path, len, rest);

	return found == SNR_NO_RULE && root ? root->rule : found;
}

/* Does the target of a rule of KIND alone say where a path beneath the rule's own lies? */
static bool is_plain(enum snr_kind kind)
{
	return kind == SNR_BIND || kind == SNR_TMPFS || kind == SNR_PARENT;
}

static void settle(struct rules *rules, struct rules_set *set, const struct rules_table *places,
		   struct rules_final *rule)
{
	size_t rest;
	uint32_t index = under(places, rule, &rest);
	const struct rules_final *place = index == SNR_NO_RULE ? NULL : &set->rule[index];
	struct snr_builder builder = {.size = SNR_PATH_MAX};
	char target[SNR_PATH_MAX];

	builder.out = target;
	if (place && (place->target_len > 1 || rest == rule->path_len))
		snr_add(&builder, place->target, place->target_len);
	snr_add(&builder, rule->path + rest, rule->path_len - rest);
	if (snr_finish(&builder) < 0) {
		diags_add(&rules->diags, DIAG_ERROR, rule->written->path.place,
			  "%s becomes longer than 4095 bytes by the rule above it; shorten it",
			  rule->path);
		return;
	}
	rule->target = pool_copy(&rules->pool, target, builder.len);
	rule->target_len = (uint32_t)builder.len;
	rule->under = place && rules_kind(rule) == SNR_READONLY && !is_plain(rules_kind(place))
			      ? index
			      : SNR_NO_RULE;
}

void rules_settle(struct rules *rules, struct rules_set *set)
{
	struct rules_table places = {0};
	uint32_t upon = 0;

	for (uint32_t i = 0; i < set->count; i++)
		upon += rules_kind(&set->rule[i]) == SNR_PREFIX ||
			rules_kind(&set->rule[i]) == SNR_READONLY;
	for (uint32_t i = 0; upon && i < set->count; i++)
		if (rules_is_mount(&set->rule[i]) && rules_kind(&set->rule[i]) != SNR_READONLY)
			rules_table_enter(&places, set->rule[i].path, set->rule[i].path_len, i);
	for (uint32_t i = 0; i < set->count; i++)
		if (rules_kind(&set->rule[i]) == SNR_PREFIX)
			settle(rules, set, &places, &set->rule[i]);
	for (uint32_t i = 0; i < set->count; i++)
		if (rules_is_mount(&set->rule[i]) && rules_kind(&set->rule[i]) == SNR_READONLY)
			settle(rules, set, &places, &set->rule[i]);
	rules_table_free(&places);
}

bool rules_points_lack(const struct rules_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (rules_is_mount(&set->rule[i]) && !set->rule[i].parent &&
		    !(set->rule[i].flags & SNR_RULE_PATH_EXISTS))
			return true;
	return false;
}
