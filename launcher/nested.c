/* SPDX-License-Identifier: MIT
 * snapredir below snapredir: the rules under which this very process runs go on counting for the
 * program, beneath its own. Only main.c calls it. It must never let an outer rule get lost.
 */
#include "launcher/nested.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/rules_table.h"
#include "shared/environ.h"
#include "shared/text.h"

static const struct snr_image *map_image(int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return NULL;
	*size = (size_t)st.st_size;
	void *mapped = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	if (snr_image_check(mapped, *size) == 0)
		return mapped;
	munmap(mapped, *size);
	return NULL;
}

/* The image that SNAPREDIR_IMAGE names: our own descriptor, or that of the process named beside
 * it. */
static const struct snr_image *outer_image(size_t *size)
{
	const char *value = getenv(SNR_IMAGE_ENV);
	const struct snr_image *image;
	char path[64];
	int fd, pid;

	if (!value || snr_environ_parse_image(value, &fd, &pid) < 0)
		return NULL;
	image = map_image(fd, size);
	if (image)
		return image;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	image = map_image(fd, size);
	close(fd);
	return image;
}

/* Our targets are names of the outer world. */
static void map_targets(struct rules *rules, struct rules_set *set, const struct snr_image *outer)
{
	char real[SNR_PATH_MAX];

	for (uint32_t i = 0; i < set->count; i++) {
		struct rules_final *rule = &set->rule[i];
		if (rule->target[0] != '/')
			continue;
		long len = snr_map(outer, rule->target, rule->target_len, real, sizeof(real));

		if (len < 0) {
			diags_add(&rules->diags, DIAG_ERROR, rule->written->target.place,
				  "target %s becomes longer than 4095 bytes by the rules of the "
				  "snapredir that runs this one; shorten one of them",
				  rule->target);
			continue;
		}
		rule->target = pool_copy(&rules->pool, real, (size_t)len);
		rule->target_len = (uint32_t)len;
	}
}

/* Does a rule of our own lie at PATH or above it? It hides what is mounted beneath, as a mount
 * does. */
static bool is_covered(const struct rules_table *own, const char *path, size_t len)
{
	struct snr_component c = {0};
	uint64_t hash = SNR_HASH_ROOT;

	while (snr_next_component(path, len, &c)) {
		hash = snr_hash_step(hash, path + c.start, c.end - c.start);
		const struct snr_entry *entry = rules_table_find(own, hash);
		if (entry && entry->rule != SNR_NO_RULE)
			return true;
	}
	return false;
}

static void add(struct rules *rules, struct rules_set *set, const struct snr_image *outer,
		const struct snr_rule *from)
{
	struct pool *pool = &rules->pool;
	const char *file = snr_string(outer, from->file);
	struct rules_rule *written = (void *)pool_take(pool, sizeof(*written));

	*written = (struct rules_rule){
		.place = {pool_copy(pool, file, from->file.len), from->line, 0},
		.kind = from->kind,
		.glob = (from->flags & SNR_RULE_GLOB) != 0,
		.seeded = (from->flags & SNR_RULE_SEEDED) != 0,
		.error = from->error,
		.fault = from->fault,
	};
	set->rule[set->count++] = (struct rules_final){
		.path = pool_copy(pool, snr_string(outer, from->path), from->path.len),
		.path_len = from->path.len,
		.target = pool_copy(pool, snr_string(outer, from->target), from->target.len),
		.target_len = from->target.len,
		.text = pool_copy(pool, snr_string(outer, from->text), from->text.len),
		.text_len = from->text.len,
		.under = SNR_NO_RULE,
		.written = written,
		.flags = from->flags,
	};
}

static uint32_t add_outer(struct rules *rules, struct rules_set *set, const struct snr_image *outer)
{
	struct rules_table own = {0};
	uint32_t before = set->count;

	for (uint32_t i = 0; i < before; i++)
		if (rules_is_mount(&set->rule[i]))
			rules_table_enter(&own, set->rule[i].path, set->rule[i].path_len, i);
	set->rule = pool_grow(set->rule, (size_t)before + outer->nrules + 1, sizeof(*set->rule));
	for (uint32_t i = 0; i < outer->nrules; i++) {
		const struct snr_rule *rule = snr_rule(outer, i);
		/* Parents that are not on the disk are found anew, from all rules. */
		if (rule->kind == SNR_PARENT ||
		    is_covered(&own, snr_string(outer, rule->path), rule->path.len))
			continue;
		if (set->count == SNR_MAX_RULES) {
			struct place place = {"rules", 0, 0};
			diags_add(
				&rules->diags, DIAG_ERROR, place,
				"more than %u together with those of the snapredir that runs this "
				"one; use fewer",
				SNR_MAX_RULES);
			break;
		}
		add(rules, set, outer, rule);
	}
	rules_table_free(&own);
	return set->count - before;
}

uint32_t nested_add(struct rules *rules, struct rules_set *set)
{
	size_t size;
	const struct snr_image *outer;
	uint32_t added;

	/* Without rules of its own the program is left to the shim that is there already. */
	if (!set->count)
		return 0;
	outer = outer_image(&size);
	if (!outer)
		return 0;
	map_targets(rules, set, outer);
	added = add_outer(rules, set, outer);
	munmap((void *)(uintptr_t)outer, size);
	return added;
}
