/* SPDX-License-Identifier: MIT
 * From rules as written to rules that can be compiled: every path checked and put in its canonical
 * form, doubles and skipped ones gone. The launcher calls it. It must never change the file system.
 */
#include "launcher/rules_check.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/rules_canon.h"
#include "launcher/rules_globs.h"
#include "launcher/rules_layers.h"
#include "launcher/rules_links.h"
#include "shared/text.h"

/* An empty directory that is always there: what a tmpfs is to rules beneath it. */
#define RULES_EMPTY "/proc/tty/ldisc"

struct checking {
	struct rules *rules;
	struct rules_canon canon;
	struct rules_table owners; /* canonical path to the rule (as written) that has it: .rule of
				      those that say where it lies, .verdict of readonly */
	struct rules_table judges; /* the same for each verdict kind, which is in the hash */
	struct rules_final *draft; /* one a written rule; path NULL: it does not count */
};

static void wrong(struct checking *checking, const struct rules_word *word, const char *text,
		  const char *remedy)
{
	diags_add(&checking->rules->diags, DIAG_ERROR, word->place, "'%.512s'%s %s; %s", word->text,
		  word->len > 512 ? "..." : "", text, remedy);
}

static bool has_long_name(const char *path, size_t len)
{
	struct snr_component c = {0};

	while (snr_next_component(path, len, &c))
		if (c.end - c.start > NAME_MAX)
			return true;
	return false;
}

/* What can be said of a word without looking at the disk. WHAT is "the path" or "the target". */
static bool check_word(struct checking *checking, const struct rules_word *word, const char *what)
{
	struct diags *diags = &checking->rules->diags;

	if (!word->len) {
		diags_add(diags, DIAG_ERROR, word->place, "%s is empty; write it from the root",
			  what);
	} else if (word->len >= SNR_PATH_MAX) {
		diags_add(diags, DIAG_ERROR, word->place,
			  "%s is %u bytes long, and the kernel takes at most %u; shorten it", what,
			  word->len, SNR_PATH_MAX - 1);
	} else if (word->text[0] != '/') {
		diags_add(diags, DIAG_ERROR, word->place,
			  "%s '%.512s' is relative; write it from the root, as /%.512s or "
			  "$SNAP/%.512s",
			  what, word->text, word->text, word->text);
	} else if (has_long_name(word->text, word->len)) {
		wrong(checking, word, "has a name of more than 255 bytes", "no file can have it");
	} else {
		return true;
	}
	return false;
}

static bool is_root(const char *path, size_t len)
{
	struct snr_component c = {0};

	while (snr_next_component(path, len, &c))
		if (!snr_is_dot(path + c.start, c.end - c.start))
			return false;
	return true;
}

static bool find_spot(struct checking *checking, const struct rules_word *word, enum rules_way way,
		      struct rules_spot *spot)
{
	int error = rules_canon_find(&checking->canon, word->text, way, spot);

	if (error == -ELOOP)
		wrong(checking, word, "goes through more than 40 symbolic links",
		      "name the place that they lead to");
	else if (error < 0)
		wrong(checking, word, "becomes longer than 4095 bytes by the symbolic links in it",
		      "name the place that they lead to");
	return error == 0;
}

static void warn_of_target(struct checking *checking, const struct rules_rule *rule,
			   const struct rules_spot *path, const struct rules_spot *target)
{
	struct diags *diags = &checking->rules->diags;

	if (!target->exists && rule->create == RULES_CREATE_NONE)
		diags_add(diags, DIAG_WARNING, rule->target.place,
			  "target %s is not there, so %s will not be either; add create=dir, "
			  "create=file or optional",
			  target->path, path->path);
	else if (target->exists && rule->create != RULES_CREATE_NONE &&
		 target->is_dir != (rule->create == RULES_CREATE_DIR))
		diags_add(diags, DIAG_WARNING, rule->target.place,
			  "target %s is a %s already, and create=%s will not change that",
			  target->path, target->is_dir ? "directory" : "file",
			  rule->create == RULES_CREATE_DIR ? "dir" : "file");
	else if (target->exists && path->exists && target->is_dir != path->is_dir)
		diags_add(diags, DIAG_WARNING, rule->target.place,
			  "target %s is a %s, and %s is a %s, which no mount would allow",
			  target->path, target->is_dir ? "directory" : "file", path->path,
			  path->is_dir ? "directory" : "file");
}

static bool lies_in(const struct rules_spot *inner, const struct rules_spot *outer)
{
	return inner->len >= outer->len && memcmp(inner->path, outer->path, outer->len) == 0 &&
	       (inner->len == outer->len || inner->path[outer->len] == '/');
}

/* Both layers of an overlay are directories, neither of which lies in the other: what overlayfs
 * would refuse. Only what is laid over everything must come from somewhere in it. */
static bool check_layers(struct checking *checking, const struct rules_rule *rule,
			 const struct rules_spot *path, const struct rules_spot *target)
{
	if (rule->kind != SNR_OVERLAY)
		return true;
	if (path->exists && !path->is_dir)
		wrong(checking, &rule->path, "is a file, and an overlay lies over a directory",
		      "write a bind, or name its directory");
	else if ((target->exists && !target->is_dir) ||
		 (!target->exists && rule->create == RULES_CREATE_FILE))
		wrong(checking, &rule->target, "is a file, and the upper layer is a directory",
		      "name a directory");
	else if (path->len > 1 && lies_in(target, path))
		wrong(checking, &rule->target, "lies in the directory that it is to lie over",
		      "name one outside of it");
	else if (path->len > 1 && lies_in(path, target))
		wrong(checking, &rule->path, "lies in the directory that is to lie over it",
		      "name another one");
	else
		return true;
	return false;
}

/* Rule number FIRST does not count, because number LATER is for the same path. */
static void replace(struct checking *checking, uint32_t first, uint32_t later, const char *path)
{
	const struct rules_rule *loser = &checking->rules->rule[first];
	const struct rules_rule *winner = &checking->rules->rule[later];

	if (winner->place.line)
		diags_add(&checking->rules->diags, DIAG_WARNING, loser->place,
			  "this rule for %s is replaced by that of %s:%u; leave one of them out",
			  path, winner->place.file, winner->place.line);
	else
		diags_add(&checking->rules->diags, DIAG_WARNING, loser->place,
			  "this rule for %s is replaced by a later %s; leave one of them out", path,
			  winner->place.file);
	checking->draft[first].path = NULL;
}

/* Two rules for one path: the one that was written later stays. True if that is number INDEX. */
static bool win(struct checking *checking, uint32_t *owner, uint32_t index, const char *path)
{
	uint32_t other = *owner;

	if (other == SNR_NO_RULE) {
		*owner = index;
		return true;
	}
	*owner = other < index ? index : other;
	replace(checking, other < index ? other : index, *owner, path);
	return *owner == index;
}

/* A readonly lies upon what was at its path before, and is covered by what comes there later. */
static bool win_mount(struct checking *checking, uint32_t index, const struct rules_spot *path)
{
	struct snr_entry *entry =
		rules_table_make(&checking->owners, snr_hash_path(path->path, path->len));
	bool readonly = checking->rules->rule[index].kind == SNR_READONLY;

	if (!win(checking, readonly ? &entry->verdict : &entry->rule, index, path->path))
		return false;
	if (entry->rule == SNR_NO_RULE || entry->verdict == SNR_NO_RULE)
		return true;
	if (entry->rule < entry->verdict) {
		checking->draft[entry->rule].covered = true;
		return true;
	}
	replace(checking, entry->verdict, entry->rule, path->path);
	entry->verdict = SNR_NO_RULE;
	return !readonly;
}

/* Of the verdicts on one path those of one kind replace each other, but for faults. */
static bool win_verdict(struct checking *checking, uint32_t index, const struct rules_spot *path)
{
	uint8_t kind = checking->rules->rule[index].kind;
	uint64_t hash = snr_hash_step(snr_hash_path(path->path, path->len), (char *)&kind, 1);

	return kind == SNR_FAULT ||
	       win(checking, &rules_table_make(&checking->judges, hash)->rule, index, path->path);
}

static bool is_verdict(const struct rules_rule *rule)
{
	return rule->kind >= SNR_HIDE || rule->glob;
}

static void keep(struct checking *checking, uint32_t index, const struct rules_spot *path,
		 const struct rules_spot *target)
{
	const struct rules_rule *rule = &checking->rules->rule[index];
	struct rules_final *final = &checking->draft[index];
	struct pool *pool = &checking->rules->pool;

	final->path = pool_copy(pool, path->path, path->len);
	final->path_len = path->len;
	final->target = target ? pool_copy(pool, target->path, target->len) : "";
	final->target_len = target ? target->len : 0;
	final->text =
		rule->kind == SNR_SYMLINK || rule->kind == SNR_PREFIX ? rule->target.text : "";
	final->text_len = (uint32_t)strlen(final->text);
	if (rule->kind == SNR_SYMLINK) {
		final->target = rules_link_path(pool, final->text, final->text_len);
		final->target_len = (uint32_t)strlen(final->target);
	}
	final->under = SNR_NO_RULE;
	final->flags =
		(uint8_t)((path->exists ? SNR_RULE_PATH_EXISTS : 0) |
			  (rule->glob ? SNR_RULE_GLOB : 0) | (rule->seeded ? SNR_RULE_SEEDED : 0));
	if (target)
		final->flags |= (uint8_t)((target->exists ? 0 : SNR_RULE_MISSING) |
					  (target->is_dir ? SNR_RULE_TARGET_DIR : 0));
	else if (rule->kind != SNR_SYMLINK && (path->is_dir || rule->kind == SNR_TMPFS))
		final->flags |= SNR_RULE_TARGET_DIR;
	if (rule->kind == SNR_BIND || rule->kind == SNR_OVERLAY)
		rules_canon_know(&checking->canon, final->path, final->path_len, final->target);
	else if (rule->kind == SNR_TMPFS)
		rules_canon_know(&checking->canon, final->path, final->path_len, RULES_EMPTY);
	else if (rule->kind == SNR_SYMLINK)
		rules_canon_know_link(&checking->canon, final->path, final->path_len, final->text);
}

/* The word behind the path, where it is no path. */
static bool check_text(struct checking *checking, const struct rules_rule *rule)
{
	const struct rules_word *word = &rule->target;

	if (rule->kind != SNR_SYMLINK && rule->kind != SNR_PREFIX)
		return true;
	if (!word->len)
		wrong(checking, word, "is empty",
		      rule->kind == SNR_SYMLINK ? "say where the link leads" : "say the prefix");
	else if (rule->kind == SNR_SYMLINK && word->len >= SNR_PATH_MAX)
		wrong(checking, word, "is longer than 4095 bytes", "shorten it");
	else if (rule->kind == SNR_PREFIX && strchr(word->text, '/'))
		wrong(checking, word, "has a slash in it, and names have none", "leave it out");
	else if (rule->kind == SNR_PREFIX && word->len > NAME_MAX / 2)
		wrong(checking, word, "leaves no room for names", "shorten it to 127 bytes");
	else
		return true;
	return false;
}

/* Only what can be laid over everything may have the root as its path. */
static bool may_be_root(const struct rules_rule *rule)
{
	return rule->kind == SNR_OVERLAY || rule->kind == SNR_READONLY || rule->kind == SNR_FAULT ||
	       rule->kind == SNR_NATIVE;
}

static bool find_path(struct checking *checking, const struct rules_rule *rule,
		      struct rules_spot *path)
{
	enum rules_way way =
		rule->kind == SNR_HIDE || rule->kind == SNR_DENY || rule->kind == SNR_SYMLINK
			? RULES_NAME
			: RULES_PLACE;

	if (!check_word(checking, &rule->path, "the path"))
		return false;
	if (rule->glob)
		return rules_find_pattern(checking->rules, &checking->canon, rule, path);
	if (!may_be_root(rule) && is_root(rule->path.text, rule->path.len)) {
		wrong(checking, &rule->path,
		      rule->kind < SNR_HIDE
			      ? "is the root directory, which no rule of this kind can replace"
			      : "is the root directory, without which nothing runs",
		      "name the directories in it that are meant, one rule each");
		return false;
	}
	if (!find_spot(checking, &rule->path, way, path))
		return false;
	if (path->len > 1 || may_be_root(rule))
		return true;
	wrong(checking, &rule->path, "leads to the root directory", "name a directory in it");
	return false;
}

/* Of an overlay: what lies beneath it may be on a layer of another one. False: on both. */
static bool find_lower(struct checking *checking, uint32_t index, const struct rules_spot *path,
		       char *lower, bool *exists)
{
	const struct rules_rule *rule = &checking->rules->rule[index];
	const struct rules_final *outer;

	lower[0] = '\0';
	if (rule->kind != SNR_OVERLAY)
		return true;
	switch (rules_find_lower(checking->draft, checking->rules->count, path->path, path->len,
				 lower, &outer)) {
	case RULES_LOWER_FOUND:
		*exists = true;
		return true;
	case RULES_LOWER_BOTH:
		wrong(checking, &rule->path, "is on both layers of the overlay above it",
		      "lay one directory over it that has what is in both");
		return false;
	case RULES_LOWER_NONE:
		*exists = false;
		break;
	case RULES_LOWER_PLAIN:
		break;
	}
	lower[0] = '\0';
	return true;
}

static void check_rule(struct checking *checking, uint32_t index, struct rules_set *set)
{
	const struct rules_rule *rule = &checking->rules->rule[index];
	bool has_target = rule->kind == SNR_BIND || rule->kind == SNR_OVERLAY;
	struct rules_spot path, target;
	char lower[SNR_PATH_MAX] = "";
	/* Both words are looked at, so that both are told. */
	bool path_fine = find_path(checking, rule, &path);
	bool target_fine = has_target ? check_word(checking, &rule->target, "the target")
				      : check_text(checking, rule);

	checking->draft[index].written = rule;
	target_fine = target_fine &&
		      (!has_target || find_spot(checking, &rule->target, RULES_REAL, &target));
	if (!path_fine || !target_fine)
		return;
	if (has_target) {
		if (!check_layers(checking, rule, &path, &target) ||
		    !find_lower(checking, index, &path, lower, &path.exists))
			return;
		if (rule->optional && !target.exists && rule->create == RULES_CREATE_NONE) {
			set->skipped++;
			return;
		}
		warn_of_target(checking, rule, &path, &target);
	}
	if (rule->kind < SNR_HIDE && rule->kind != SNR_READONLY && !path.exists &&
	    strchr(rule->path.text, '*'))
		diags_add(&checking->rules->diags, DIAG_WARNING, rule->path.place,
			  "the * in %s is an ordinary letter, since this kind takes no patterns; "
			  "name "
			  "each path, or their directory",
			  path.path);
	if (rule->kind == SNR_TMPFS && path.exists && !path.is_dir)
		diags_add(&checking->rules->diags, DIAG_WARNING, rule->path.place,
			  "%s is a file, over which no tmpfs can be mounted; name a directory",
			  path.path);
	if (is_verdict(rule) ? win_verdict(checking, index, &path)
			     : win_mount(checking, index, &path))
		keep(checking, index, &path, has_target ? &target : NULL);
	if (lower[0] && checking->draft[index].path) {
		struct rules_final *final = &checking->draft[index];

		final->text_len = (uint32_t)strlen(lower);
		final->text = pool_copy(&checking->rules->pool, lower, final->text_len);
	}
}

static unsigned depth_of(const struct rules_word *path)
{
	struct snr_component c = {0};
	unsigned depth = 0;

	while (snr_next_component(path->text, path->len, &c))
		depth++;
	return depth < SNR_PATH_MAX / 2 ? depth : SNR_PATH_MAX / 2 - 1;
}

/* Rules of few components first, so that a path beneath another rule's path is looked up through
 * that rule wherever the two are written. ORDER gets the indices. */
static void order_by_depth(const struct rules *rules, uint32_t *order)
{
	uint32_t start[SNR_PATH_MAX / 2 + 1] = {0};

	for (size_t i = 0; i < rules->count; i++)
		start[depth_of(&rules->rule[i].path) + 1]++;
	for (unsigned d = 1; d <= SNR_PATH_MAX / 2; d++)
		start[d] += start[d - 1];
	for (size_t i = 0; i < rules->count; i++)
		order[start[depth_of(&rules->rule[i].path)]++] = (uint32_t)i;
}

static bool has_path(const struct rules *rules, const char *path)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->rule[i].path.text, path) == 0)
			return true;
	return false;
}

/* What is laid over everything is not meant for the kernel's own file systems: they stay as they
 * are, unless somebody says otherwise. */
static void spare_the_kernels(struct rules *rules)
{
	static const char *const spared[] = {"/proc", "/sys", "/dev"};
	const struct rules_rule *root = NULL;

	for (size_t i = 0; i < rules->count && !root; i++)
		if ((rules->rule[i].kind == SNR_OVERLAY || rules->rule[i].kind == SNR_READONLY) &&
		    !rules->rule[i].glob && rules->rule[i].path.text[0] == '/' &&
		    is_root(rules->rule[i].path.text, rules->rule[i].path.len))
			root = &rules->rule[i];
	for (size_t i = 0; root && i < sizeof(spared) / sizeof(*spared); i++) {
		struct rules_word word = {spared[i], (uint32_t)strlen(spared[i]), root->place};
		struct rules_rule rule = {.kind = SNR_BIND,
					  .path = word,
					  .target = word,
					  .place = root->place,
					  .optional = true};
		size_t at = (size_t)(root - rules->rule);

		if (has_path(rules, spared[i]))
			continue;
		rules_add(rules, &rule);
		rules->implied++;
		root = &rules->rule[at];
	}
}

void rules_check(struct rules *rules, struct rules_set *set)
{
	struct checking checking = {.rules = rules};

	spare_the_kernels(rules);
	size_t room = rules->count ? rules->count : 1;
	uint32_t *order = pool_grow(NULL, room, sizeof(*order));

	*set = (struct rules_set){0};
	set->rule = pool_zeroed(room, sizeof(*set->rule));
	checking.draft = set->rule;
	rules_table_reserve(&checking.owners, room);
	rules_table_reserve(&checking.canon.paths, room);
	order_by_depth(rules, order);
	/* Verdicts are on names as the others make them. */
	for (size_t i = 0; i < rules->count; i++)
		if (!is_verdict(&rules->rule[order[i]]))
			check_rule(&checking, order[i], set);
	for (size_t i = 0; i < rules->count; i++)
		if (is_verdict(&rules->rule[order[i]]))
			check_rule(&checking, order[i], set);
	for (size_t i = 0; i < rules->count; i++)
		if (set->rule[i].path)
			set->rule[set->count++] = set->rule[i];
	rules_table_free(&checking.owners);
	rules_table_free(&checking.judges);
	rules_canon_free(&checking.canon);
	free(order);
}

void rules_set_free(struct rules_set *set)
{
	free(set->rule);
	*set = (struct rules_set){0};
}
