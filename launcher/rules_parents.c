/* SPDX-License-Identifier: MIT
 * Directories above a rule's path that are not on the disk: a mount point would have them. Part of
 * rules_check.h; the launcher calls it once the targets are made. It must never change the file
 * system.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/rules_check.h"
#include "launcher/rules_points.h"
#include "shared/text.h"

/* Empty directories of the kernel's own, in which nobody can make anything: what stands in for a
 * missing parent, whose listing is made up from the rules (shared/listing.h). The first is there on
 * every machine (fs/proc/proc_tty.c, since 2.4). Each parent gets another one as long as there are
 * some, so that a program that goes there is told where it is. */
static const char *const stand_ins[] = {
	"/proc/tty/ldisc",  "/sys/kernel/iommu_groups", "/sys/class/bsg",
	"/sys/class/iommu", "/sys/class/pps",           "/sys/class/watchdog",
	"/sys/class/dma",   "/sys/class/devlink",       "/proc/fs/nfsd",
};

struct parents {
	struct rules *rules;
	struct rules_set *set;
	struct rules_table paths; /* of the rules, parents included */
	struct rules_table seen;  /* ancestors that were looked at */
	uint32_t room;
	unsigned next; /* of stand_ins */
};

static bool is_missing(const struct parents *parents, const char *path, size_t len)
{
	char real[SNR_PATH_MAX];
	struct stat st;

	return rules_real_path(parents->set, &parents->paths, path, len, real) >= 0 &&
	       lstat(real, &st) < 0 && errno == ENOENT;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	bool empty = dir != NULL;
	const struct dirent *entry;

	while (empty && (entry = readdir(dir)))
		empty = entry->d_name[0] == '.';
	if (dir)
		closedir(dir);
	return empty;
}

static const char *next_stand_in(struct parents *parents)
{
	while (parents->next < sizeof(stand_ins) / sizeof(*stand_ins)) {
		const char *path = stand_ins[parents->next++];

		if (is_empty(path))
			return path;
	}
	return is_empty(stand_ins[0]) ? stand_ins[0] : NULL;
}

/* Let LEN bytes of CHILD's path be shown as a directory. */
static void add_parent(struct parents *parents, uint32_t child, size_t len, uint64_t hash)
{
	struct rules_set *set = parents->set;
	const char *stand_in = next_stand_in(parents);
	struct rules_final *final;

	if (!stand_in)
		return;
	if (set->count == parents->room) {
		parents->room += parents->room / 2 + 8;
		set->rule = pool_grow(set->rule, parents->room, sizeof(*set->rule));
	}
	final = &set->rule[set->count];
	*final = (struct rules_final){
		.path = pool_copy(&parents->rules->pool, set->rule[child].path, len),
		.path_len = (uint32_t)len,
		.target = stand_in,
		.target_len = (uint32_t)strlen(stand_in),
		.text = "",
		.under = SNR_NO_RULE,
		.written = set->rule[child].written,
		.flags = SNR_RULE_TARGET_DIR,
		.parent = true,
	};
	rules_table_make(&parents->paths, hash)->rule = set->count++;
}

static void look_above(struct parents *parents, uint32_t index)
{
	const char *path = parents->set->rule[index].path;
	size_t len = parents->set->rule[index].path_len;
	struct snr_component c = {0};
	uint64_t hash = SNR_HASH_ROOT;

	while (snr_next_component(path, len, &c) && c.end < len) {
		struct snr_entry *seen;
		const struct snr_entry *own;

		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		own = rules_table_find(&parents->paths, hash);
		seen = rules_table_make(&parents->seen, hash);
		if (seen->ancestor || (own && own->rule != SNR_NO_RULE))
			continue;
		seen->ancestor = 1;
		if (parents->set->count < SNR_MAX_RULES && is_missing(parents, path, c.end))
			add_parent(parents, index, c.end, hash);
	}
}

void rules_show_parents(struct rules *rules, struct rules_set *set)
{
	struct parents parents = {.rules = rules, .set = set, .room = set->count};
	uint32_t written = set->count;

	rules_table_reserve(&parents.paths, set->count);
	/* What a readonly lies upon is in the place of both. */
	for (uint32_t i = 0; i < written; i++)
		if (rules_is_mount(&set->rule[i]) && rules_kind(&set->rule[i]) != SNR_READONLY)
			rules_table_make(&parents.paths,
					 snr_hash_path(set->rule[i].path, set->rule[i].path_len))
				->rule = i;
	/* A rule without a target shows nothing, and so do its parents. */
	for (uint32_t i = 0; i < written; i++)
		if (rules_is_mount(&set->rule[i]) && !(set->rule[i].flags & SNR_RULE_MISSING) &&
		    (rules_kind(&set->rule[i]) != SNR_READONLY ||
		     (set->rule[i].flags & SNR_RULE_PATH_EXISTS)))
			look_above(&parents, i);
	rules_settle(rules, set);
	rules_table_free(&parents.paths);
	rules_table_free(&parents.seen);
}
