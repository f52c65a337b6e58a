/* SPDX-License-Identifier: MIT
 * From checked rules to the image that shim and tracer map (shared/rules.h): a sealed memfd. The
 * launcher calls it. It must never decide anything about rules: that is done.
 */
#include "launcher/rules_compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "launcher/rules_children.h"
#include "launcher/rules_globs.h"
#include "launcher/rules_points.h"

/* From Linux 6.3, newer than the headers here: not executable, and sealed so. Where
 * vm.memfd_noexec is 2 nothing else is allowed. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define MAX_SLOTS (1u << 26) /* snr_image_check's limit */
#define MAX_WORDS (1u << 20)

struct building {
	const struct rules_set *set;
	struct rules_table paths;
	struct rules_table targets;
	struct rules_table points;
	struct rules_children children;
	uint32_t *next; /* of each rule: the next verdict on the same path */
	uint32_t kinds;
	uint32_t fault_ops;
	uint32_t nglobs;
	struct snr_image head;
	char *bytes;
	uint32_t string_end;  /* offset where the next string goes */
	struct snr_text file; /* the last file name that was put, since runs of rules share it */
	const char *file_name;
};

/* -ENOENT: RULE is no overlay. */
static long find_lower(const struct building *building, const struct rules_final *rule, char *out)
{
	if (rules_kind(rule) != SNR_OVERLAY)
		return -ENOENT;
	if (rule->text_len) {
		memcpy(out, rule->text, rule->text_len + 1);
		return rule->text_len;
	}
	return rules_point_of(building->set, &building->paths, rule, out);
}

/* A name on the lower layer of an overlay comes back as one of the overlay, too. Where the layer is
 * the rule's own path, it does so by itself. */
static void enter_lowers(struct building *building)
{
	char real[SNR_PATH_MAX];

	for (uint32_t i = 0; i < building->set->count; i++) {
		const struct rules_final *rule = &building->set->rule[i];
		long n = find_lower(building, rule, real);

		if (n > 0 && ((size_t)n != rule->path_len || memcmp(real, rule->path, (size_t)n)))
			rules_table_enter(&building->targets, real, (size_t)n, i);
	}
}

static void enter_mount(struct building *building, uint32_t index)
{
	const struct rules_final *rule = &building->set->rule[index];

	/* The readonly upon it has the same target. */
	if (rule->covered && (rules_kind(rule) == SNR_BIND || rules_kind(rule) == SNR_TMPFS))
		return;
	if (!rule->covered)
		rules_table_enter(&building->paths, rule->path, rule->path_len, index);
	/* Of rules that share a target the first gives the name that comes back. */
	rules_table_enter(&building->targets, rule->target, rule->target_len, index);
}

/* From the last rule to the first, so that each is put before those of its path that are there. */
static void enter_verdict(struct building *building, uint32_t index)
{
	const struct rules_final *rule = &building->set->rule[index];
	bool glob = rule->flags & SNR_RULE_GLOB;
	size_t len = glob ? rules_pattern_head(rule->path, rule->path_len) : rule->path_len;
	struct snr_entry *entry = rules_table_judge(&building->paths, rule->path, len);

	if (glob) {
		entry->flags |= SNR_ENTRY_PATTERNS;
		building->nglobs++;
	} else {
		building->next[index] = entry->verdict;
		entry->verdict = index;
	}
}

static void enter_rules(struct building *building)
{
	const struct rules_set *set = building->set;

	building->next = pool_grow(NULL, set->count + 1, sizeof(*building->next));
	rules_table_reserve(&building->paths, set->count);
	rules_table_reserve(&building->targets, set->count);
	rules_table_reserve(&building->points, set->count);
	for (uint32_t i = 0; i < set->count; i++) {
		building->next[i] = SNR_NO_RULE;
		building->kinds |= SNR_KIND_BIT(rules_kind(&set->rule[i]));
		if (rules_kind(&set->rule[i]) == SNR_FAULT)
			building->fault_ops |= set->rule[i].written->fault.ops;
		if (rules_is_mount(&set->rule[i]))
			enter_mount(building, i);
	}
	for (uint32_t i = set->count; i-- > 0;)
		if (!rules_is_mount(&set->rule[i]))
			enter_verdict(building, i);
	/* Even with no rule a table has a slot, which is empty. */
	if (!building->paths.slots)
		rules_table_make(&building->paths, SNR_HASH_ROOT);
	if (!building->targets.slots)
		rules_table_make(&building->targets, SNR_HASH_ROOT);
	rules_points_find(set, &building->paths, &building->points);
	enter_lowers(building);
	rules_children_find(set, &building->paths, &building->children);
}

static uint64_t strings_size(const struct building *building, const struct image_settings *settings)
{
	const struct rules_set *set = building->set;
	char real[SNR_PATH_MAX];
	const char *const own[] = {settings->log,    settings->record,   settings->shim64,
				   settings->shim32, settings->launcher, settings->stats,
				   settings->run};
	const char *file = NULL;
	uint64_t size = 1;

	for (unsigned i = 0; i < sizeof(own) / sizeof(*own); i++)
		size += own[i] ? strlen(own[i]) + 1 : 0;
	for (char *const *env = settings->environment; env && *env; env++)
		size += strlen(*env) + 1;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rules_final *rule = &set->rule[i];
		if (rule->written->place.file != file) {
			file = rule->written->place.file;
			size += strlen(file) + 1;
		}
		long lower = find_lower(building, rule, real);
		size += rule->path_len + 1 + rule->target_len + 1 + rule->text_len + 1;
		size += lower < 0 ? 0 : (uint64_t)lower + 1;
	}
	return size;
}

/* Thirty-two bits or more for each name, two of which it sets: about one unknown name in three
 * hundred gets through. It is asked for again and again, and costs a getcwd each time. */
static uint32_t names_words(uint32_t nrules)
{
	uint32_t words = 16;

	while (words < nrules / 2 && words < MAX_WORDS)
		words *= 2;
	return words;
}

static uint64_t aligned(uint64_t size)
{
	return (size + 7) & ~7ull;
}

static int lay_out(struct building *building, const struct image_settings *settings)
{
	struct snr_image *head = &building->head;
	uint64_t strings = strings_size(building, settings);
	uint64_t at = aligned(sizeof(*head));

	if (building->paths.slots > MAX_SLOTS || building->targets.slots > MAX_SLOTS ||
	    building->points.slots > MAX_SLOTS)
		return -EFBIG;
	*head = (struct snr_image){
		.magic = SNR_IMAGE_MAGIC,
		.version = SNR_IMAGE_VERSION,
		.flags = settings->flags |
			 (rules_points_lack(building->set) ? SNR_IMAGE_UNMOUNTED : 0u),
		.nrules = building->set->count,
		.path_slots = building->paths.slots,
		.target_slots = building->targets.slots,
		.point_slots = building->points.slots,
		.nchildren = building->children.count,
		.kinds = building->kinds,
		.fault_ops = building->fault_ops,
		.nglobs = building->nglobs,
		.names_words = names_words(building->set->count),
		.engine = (uint8_t)settings->engine,
		.verbose = settings->verbose,
		.watched = settings->verbose || settings->stats || settings->record,
		.stats_cookie = settings->stats_cookie,
		.record_inode = settings->record_inode,
	};
	head->rules_off = (uint32_t)at;
	at += aligned((uint64_t)head->nrules * sizeof(struct snr_rule));
	uint64_t paths = at;
	at += (uint64_t)head->path_slots * sizeof(struct snr_entry);
	uint64_t targets = at;
	at += (uint64_t)head->target_slots * sizeof(struct snr_entry);
	uint64_t points = at;
	at += (uint64_t)head->point_slots * sizeof(struct snr_entry);
	uint64_t children = at;
	at += aligned((uint64_t)head->nchildren * sizeof(struct snr_child));
	uint64_t names = at;
	at += (uint64_t)head->names_words * sizeof(uint64_t);
	uint64_t globs = at;
	at += aligned((uint64_t)head->nglobs * sizeof(uint32_t));
	if (at + strings > UINT32_MAX)
		return -EFBIG;
	head->path_table_off = (uint32_t)paths;
	head->target_table_off = (uint32_t)targets;
	head->point_table_off = (uint32_t)points;
	head->children_off = (uint32_t)children;
	head->names_off = (uint32_t)names;
	head->globs_off = (uint32_t)globs;
	head->strings_off = (uint32_t)at;
	head->strings_size = (uint32_t)strings;
	head->size = (uint32_t)(at + strings);
	return 0;
}

static struct snr_text put_string(struct building *building, const char *text, size_t len)
{
	struct snr_text put = {building->string_end, (uint32_t)len};

	memcpy(building->bytes + put.off, text, len + 1);
	building->string_end += (uint32_t)len + 1;
	return put;
}

/* The byte at the head of the strings is the empty one. */
static struct snr_text put_setting(struct building *building, const char *text)
{
	if (!text)
		return (struct snr_text){building->head.strings_off, 0};
	return put_string(building, text, strlen(text));
}

/* One string behind the other; those that are empty (the kernel takes any) are left out. */
static void put_environment(struct building *building, char *const *env)
{
	struct snr_image *head = &building->head;

	head->environment = put_setting(building, NULL);
	for (; env && *env; env++) {
		struct snr_text put;

		if (!**env)
			continue;
		put = put_string(building, *env, strlen(*env));
		if (!head->environment_count++)
			head->environment.off = put.off;
		head->environment.len = put.off + put.len - head->environment.off;
	}
}

static struct snr_text put_file(struct building *building, const char *name)
{
	if (building->file_name != name) {
		building->file_name = name;
		building->file = put_string(building, name, strlen(name));
	}
	return building->file;
}

static void put_name(struct building *building, const struct rules_final *rule)
{
	uint64_t *words = (uint64_t *)(building->bytes + building->head.names_off);
	uint32_t mask = building->head.names_words * 64 - 1;
	const char *name = strrchr(rule->path, '/') + 1;
	uint64_t hash = snr_hash_step(0, name, strlen(name));

	/* A pattern may match any name; a few letters of one are not worth more. */
	if ((rule->flags & SNR_RULE_GLOB) && strchr(name, '*')) {
		memset(words, 0xff, building->head.names_words * sizeof(*words));
		return;
	}
	uint32_t first = (uint32_t)hash & mask, second = (uint32_t)(hash >> 32) & mask;

	words[first / 64] |= 1ull << (first % 64);
	words[second / 64] |= 1ull << (second % 64);
}

static struct snr_text put_text(struct building *building, const struct rules_final *rule)
{
	char lower[SNR_PATH_MAX];
	long n = find_lower(building, rule, lower);

	return n < 0 ? put_string(building, rule->text, rule->text_len)
		     : put_string(building, lower, (size_t)n);
}

static void put_rules(struct building *building)
{
	struct snr_rule *to = (struct snr_rule *)(building->bytes + building->head.rules_off);

	for (uint32_t i = 0; i < building->set->count; i++) {
		const struct rules_final *from = &building->set->rule[i];

		to[i] = (struct snr_rule){
			.path = put_string(building, from->path, from->path_len),
			.target = put_string(building, from->target, from->target_len),
			.text = put_text(building, from),
			.file = put_file(building, from->written->place.file),
			.line = from->written->place.line,
			.kind = (uint8_t)rules_kind(from),
			.flags = from->flags,
			.error = from->written->error,
			.next = building->next[i],
			.under = from->under,
			.fault = from->written->fault,
		};
		put_name(building, from);
	}
}

static void put_globs(struct building *building)
{
	uint32_t *to = (uint32_t *)(building->bytes + building->head.globs_off);

	for (uint32_t i = 0; i < building->set->count; i++)
		if (building->set->rule[i].flags & SNR_RULE_GLOB)
			*to++ = i;
}

/* A child's name is a piece of a rule's path. */
static void put_children(struct building *building)
{
	struct snr_child *to = (struct snr_child *)(building->bytes + building->head.children_off);
	const struct snr_rule *rules =
		(const struct snr_rule *)(building->bytes + building->head.rules_off);

	for (uint32_t i = 0; i < building->children.count; i++) {
		to[i] = building->children.child[i];
		to[i].name.off += rules[to[i].rule].path.off;
	}
}

static void fill(struct building *building, const struct image_settings *settings)
{
	struct snr_image *head = &building->head;

	building->string_end = head->strings_off + 1;
	head->log = put_setting(building, settings->log);
	head->record = put_setting(building, settings->record);
	head->shim64 = put_setting(building, settings->shim64);
	head->shim32 = put_setting(building, settings->shim32);
	head->launcher = put_setting(building, settings->launcher);
	head->stats = put_setting(building, settings->stats);
	head->run = put_setting(building, settings->run);
	head->run_fd = settings->run_fd;
	put_environment(building, settings->environment);
	put_rules(building);
	put_globs(building);
	put_children(building);
	memcpy(building->bytes + head->path_table_off, building->paths.slot,
	       head->path_slots * sizeof(struct snr_entry));
	memcpy(building->bytes + head->target_table_off, building->targets.slot,
	       head->target_slots * sizeof(struct snr_entry));
	memcpy(building->bytes + head->point_table_off, building->points.slot,
	       head->point_slots * sizeof(struct snr_entry));
	memcpy(building->bytes, head, sizeof(*head));
}

int image_reserve(void)
{
	static const char name[] = "snapredir-rules";
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* Written where it is to be: with many rules it is large. Memory that is not to be had would be a
 * signal once it is written to, and is an error here. */
static int write_image(struct building *building, const struct image_settings *settings,
		       const struct image *image)
{
	void *bytes;
	int error;

	do
		error = posix_fallocate(image->fd, 0, (off_t)image->size);
	while (error == EINTR);
	if (error)
		return -error;
	bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		     image->fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	building->bytes = bytes;
	fill(building, settings);
	munmap(bytes, image->size);
	return 0;
}

static int seal_and_map(struct image *image)
{
	if (fcntl(image->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	/* MAP_SHARED of a write-sealed memfd is EPERM before Linux 6.7. */
	void *mapped = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, image->fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	image->mapped = mapped;
	return 0;
}

int image_build(const struct rules_set *set, const struct image_settings *settings,
		struct image *image)
{
	struct building building = {.set = set};
	int error;

	*image = (struct image){.fd = -1};
	enter_rules(&building);
	error = lay_out(&building, settings);
	if (!error) {
		image->size = building.head.size;
		image->fd = settings->fd ? settings->fd : image_reserve();
		error = image->fd < 0 ? image->fd : write_image(&building, settings, image);
	}
	if (!error)
		error = seal_and_map(image);
	if (error)
		image_free(image);
	rules_table_free(&building.paths);
	rules_table_free(&building.targets);
	rules_table_free(&building.points);
	free(building.children.child);
	free(building.next);
	return error;
}

void image_free(struct image *image)
{
	if (image->mapped)
		munmap((void *)(uintptr_t)image->mapped, image->size);
	if (image->fd >= 0)
		close(image->fd);
	*image = (struct image){.fd = -1};
}
