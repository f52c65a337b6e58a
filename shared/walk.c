/* SPDX-License-Identifier: MIT
 * Where a path leads: the complete way. The position is a virtual path without links and dots; the
 * kernel's position is its image under the rules, so dot-dot is always the parent of the virtual
 * path, and a link's text starts over there. It must never change anything, and never answer what
 * the kernel would answer itself on the path it is given.
 */
#include "shared/walking.h"

#include "shared/overlay.h"
#include "shared/reach.h"
#include "shared/rewrite.h"
#include "shared/text.h"
#include "shared/verdict.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

long snr_walk_real_path(struct walk *walk)
{
	const char *where = walk->len ? walk->scratch->where : "/";

	return snr_reach(walk->image, walk->host, walk->scratch, where, walk->len ? walk->len : 1,
			 walk->scratch->real, &walk->lent, &walk->layer);
}

/* Find where scratch->where is anew, after a move that was not one step down. */
static void locate(struct walk *walk)
{
	walk->at = snr_match_position(walk->image, walk->scratch->where, walk->len);
}

/* What follows is found by another rule than what was before. TO_ROOT: at the root. */
static void cross(struct walk *walk, uint32_t before, uint32_t after, bool to_root)
{
	walk->crossed = true;
	walk->strayed = true;
	if (walk->lookup.no_xdev && before != after &&
	    (snr_match_mount(walk->image, before) != snr_match_mount(walk->image, after) ||
	     snr_walk_left_mount(walk, walk->len, to_root)))
		walk->error = -EXDEV;
}

static uint32_t rule_of_root(const struct snr_image *image)
{
	size_t rest;

	return snr_match_longest(image, "", 0, &rest);
}

/* Where an absolute link leads to. */
static void go_to_root(struct walk *walk)
{
	bool in_root = walk->lookup.in_root;
	uint32_t there = in_root ? walk->base_rule : rule_of_root(walk->image);

	if (walk->lookup.beneath)
		walk->error = -EXDEV;
	else if (walk->at.rule != there)
		cross(walk, walk->at.rule, there, !in_root);
	walk->len = in_root ? walk->floor : 0;
	if (!in_root)
		walk->base_len = 0;
	snr_copy(walk->scratch->where, walk->scratch->base, walk->len);
	locate(walk);
}

static void drop_last(struct walk *walk)
{
	while (walk->len && walk->scratch->where[--walk->len] != '/')
		;
	locate(walk);
}

static void stop(struct walk *walk, long err)
{
	walk->stopped = true;
	walk->missing = (int)err;
}

/* May the directory that we stand on be searched? *BY_NAME: whoever comes there may. */
static long search(struct walk *walk, bool *by_name)
{
	const struct snr_host *host = walk->host;
	long n = snr_walk_real_path(walk);

	if (n >= 0 && walk->layer == SNR_LAYER_ABSENT)
		n = -ENOENT;
	if (n >= 0)
		n = host->search(host->context, walk->scratch->real);
	*by_name = n >= 0;
	if (n < 0 && snr_walk_name_from_start(walk))
		n = host->search(host->context, walk->scratch->real);
	return n;
}

/* The text of the link that we stand on, to scratch->link. */
static long read_link(struct walk *walk)
{
	const struct snr_host *host = walk->host;
	struct snr_scratch *scratch = walk->scratch;
	long n = snr_walk_real_path(walk);

	if (n >= 0 && walk->layer == SNR_LAYER_ABSENT)
		n = -ENOENT;
	if (n >= 0)
		n = host->read_link(host->context, scratch->real, scratch->link, SNR_PATH_MAX);
	if (n == -EACCES && snr_walk_name_from_start(walk))
		n = host->read_link(host->context, scratch->real, scratch->link, SNR_PATH_MAX);
	return n;
}

static void walk_up(struct walk *walk)
{
	uint32_t rule = walk->at.rule;
	bool by_name;
	long err;

	err = search(walk, &by_name);
	if (err != -ENOTDIR && snr_is_confined(walk->lookup) && walk->len == walk->floor) {
		walk->error = walk->lookup.beneath ? -EXDEV : 0;
		return;
	}
	/* The parents of a rule's path are there, on the disk or not. */
	if (err == -ENOENT && snr_walk_is_above_rules(walk))
		err = 0;
	if (err < 0) {
		walk->up_left = true;
		stop(walk, err);
		/* The kernel's own dot-dot would leave the target here. */
		if (snr_walk_is_at_rule(walk))
			cross(walk, rule, rule, false);
		return;
	}
	drop_last(walk);
	if (walk->at.rule != rule)
		cross(walk, rule, walk->at.rule, false);
}

/* Where we start or jumped to, does a name lead elsewhere than the kernel would take it? */
static bool is_placed_by_name(const struct walk *walk)
{
	const uint32_t kinds = SNR_KIND_BIT(SNR_OVERLAY) | SNR_KIND_BIT(SNR_PREFIX);
	uint32_t place = snr_match_place(walk->image, walk->at.rule);

	return place != SNR_NO_RULE &&
	       (SNR_KIND_BIT(snr_rule(walk->image, place)->kind) & kinds) != 0;
}

/* /proc/PID/cwd and its kind: the kernel jumps, the text only tells where to. What has no name that
 * leads back to the same place the kernel must walk itself. */
static void jump(struct walk *walk, size_t len, bool last)
{
	struct snr_scratch *scratch = walk->scratch;
	long n = -ENOENT;

	walk->jumped = true;
	walk->base_len = 0;
	walk->via_len = walk->len <= sizeof(walk->via) ? walk->len : 0;
	snr_copy(walk->via, scratch->where, walk->via_len);
	scratch->base_gone |= walk->canonical && snr_length_undeleted(scratch->link, len) < len;
	if (scratch->link[0] == '/')
		n = snr_unmap(walk->image, scratch->link, len, scratch->base, SNR_PATH_MAX);
	if (n > 0 && last && !walk->canonical) {
		walk->goal = (size_t)n;
		if (!snr_walk_jumps_by_name(walk, (size_t)n, len))
			n = -ENOENT;
	}
	if (n > 0 &&
	    !snr_leads_to(walk->image, scratch->base, (size_t)n, scratch->link, len, scratch->real))
		n = -ENOENT;
	if (n <= 0) {
		walk->lost = true;
		stop(walk, n);
		return;
	}
	snr_copy(scratch->where, scratch->base, (size_t)n);
	walk->len = n == 1 ? 0 : (size_t)n;
	walk->via_base = walk->len;
	walk->lexical = false;
	locate(walk);
	walk->crossed |= is_placed_by_name(walk);
}

/* SLASH: something, if only a slash, follows the link in the text that it was met in. */
static void follow_link(struct walk *walk, size_t len, bool last, bool slash)
{
	bool magic = snr_is_magic_link(walk->scratch->where, walk->len);

	if (++walk->links > SNR_MAX_LINKS) {
		walk->error = -ELOOP;
		return;
	}
	if (walk->lookup.no_links || (magic && walk->lookup.no_magic)) {
		stop(walk, -ELOOP);
		return;
	}
	if (magic && (snr_is_confined(walk->lookup) || walk->lookup.no_xdev)) {
		walk->error = -EXDEV;
		return;
	}
	if (magic) {
		jump(walk, len, last);
		return;
	}
	if (!snr_rest_push(&walk->rest, walk->scratch->link, len, slash)) {
		walk->error = -ENAMETOOLONG;
		return;
	}
	if (walk->scratch->link[0] == '/')
		go_to_root(walk);
	else
		drop_last(walk);
}

static bool append(struct walk *walk, const char *name, size_t len)
{
	char *where = walk->scratch->where;

	if (walk->len + 1 + len >= SNR_PATH_MAX)
		return false;
	where[walk->len] = '/';
	snr_copy(where + walk->len + 1, name, len);
	walk->len += 1 + len;
	return true;
}

/* Is the name we stand on, no rule's and no parent of one, a link? Then go on in its text. */
static void look(struct walk *walk, bool last, bool slash)
{
	long n;

	walk->looked = true;
	if (snr_facts_get(walk->facts, walk->scratch->epoch, walk->at.hash) == SNR_PLAIN)
		return;
	n = read_link(walk);
	if (n == -EINVAL)
		snr_facts_put(walk->facts, walk->scratch->epoch, walk->at.hash, SNR_PLAIN);
	else if (n < 0)
		stop(walk, n);
	else
		follow_link(walk, (size_t)n, last, slash);
}

/* A rule's own path or a parent of one is no link; but it may lack its target. */
static void check_there(struct walk *walk)
{
	long n = read_link(walk);

	if (n < 0 && n != -EINVAL && !(n == -ENOENT && !snr_walk_is_at_rule(walk)))
		stop(walk, n);
}

static bool leads_to_rule(const struct walk *walk, const char *name, size_t len)
{
	const struct snr_entry *entry = NULL;

	if (snr_walk_is_above_rules(walk))
		entry = snr_match_path(walk->image, snr_hash_step(walk->at.hash, name, len));
	return entry && entry->rule != SNR_NO_RULE;
}

/* The target is reached by its own name, so nobody else would ask for the permission to search the
 * directories above the rule's path. */
static bool may_enter(struct walk *walk)
{
	bool by_name;
	long err;

	if (snr_facts_get(walk->facts, walk->scratch->epoch, snr_hash_searched(walk->at.hash)) ==
	    SNR_PLAIN)
		return true;
	err = search(walk, &by_name);
	if (err && err != -ENOENT) {
		stop(walk, err);
		return false;
	}
	if (by_name || err == -ENOENT)
		snr_facts_put(walk->facts, walk->scratch->epoch, snr_hash_searched(walk->at.hash),
			      SNR_PLAIN);
	return true;
}

/* The last name of where we are is one that rules forbid. */
static bool is_judged(struct walk *walk, const struct snr_name *name)
{
	const uint32_t kinds = SNR_KIND_BIT(SNR_HIDE) | SNR_KIND_BIT(SNR_DENY);
	const struct snr_rule *rule;
	bool by_name;

	if (!walk->at.patterns && (!walk->at.entry || walk->at.entry->verdict == SNR_NO_RULE))
		return false;
	walk->verdict =
		snr_verdict_at(walk->image, &walk->at, walk->scratch->where, walk->len, kinds);
	if (walk->verdict == SNR_NO_RULE)
		return false;
	rule = snr_rule(walk->image, walk->verdict);
	walk->crossed = true;
	walk->strayed = true;
	walk->at.rule = walk->parent_rule;
	walk->at.entry = NULL;
	if (rule->kind == SNR_DENY) {
		walk->error = -rule->error;
		return true;
	}
	walk->len -= 1 + name->len;
	walk->barred = name->last && walk->lookup.create && search(walk, &by_name) == 0;
	if (!append(walk, SNR_HIDDEN_NAME, sizeof(SNR_HIDDEN_NAME) - 1))
		walk->error = -ENOENT;
	stop(walk, -ENOENT);
	return true;
}

/* We stand on a link that a rule has put there. */
static void meet_link(struct walk *walk, const struct snr_rule *rule, const struct snr_name *name)
{
	walk->crossed = true;
	walk->strayed = true;
	walk->looked = true;
	if (name->last && !snr_looks_through(walk->lookup, name->slash))
		return;
	snr_copy(walk->scratch->link, snr_string(walk->image, rule->text), rule->text.len);
	walk->at.rule = walk->parent_rule;
	follow_link(walk, rule->text.len, name->last && !name->slash, name->slash);
}

/* We have come to a rule's own path. Is it a link, on which the walk goes on? */
static bool meets_link(struct walk *walk, const struct snr_name *name)
{
	const struct snr_rule *rule = snr_rule(walk->image, walk->at.rule);

	if (rule->kind != SNR_SYMLINK) {
		cross(walk, walk->parent_rule, walk->at.rule, false);
		/* What may create refuses a slash before it looks at the last name
		 * (open_last_lookups in fs/namei.c), but after all mounts on the way. */
		if (walk->error == -EXDEV && walk->lookup.create && name->last && name->slash &&
		    !snr_walk_left_mount(walk, walk->len - 1 - name->len, false))
			walk->error = -EISDIR;
		return false;
	}
	meet_link(walk, rule, name);
	return true;
}

static void walk_down(struct walk *walk, const struct snr_name *name)
{
	walk->parent_rule = walk->at.rule;
	if (leads_to_rule(walk, name->name, name->len) && !may_enter(walk)) {
		snr_rest_unread(&walk->rest, name);
		return;
	}
	if (snr_match_is_too_long(walk->image, walk->parent_rule, name->len) ||
	    !append(walk, name->name, name->len)) {
		walk->crossed = true;
		walk->error = -ENAMETOOLONG;
		return;
	}
	snr_match_step(walk->image, &walk->at, name->name, name->len);
	if (is_judged(walk, name))
		return;
	if (snr_walk_is_at_rule(walk) && meets_link(walk, name))
		return;
	if (!snr_walk_is_known(walk) &&
	    (!name->last || snr_looks_through(walk->lookup, name->slash)))
		look(walk, name->last && !name->slash, name->slash);
	else if (snr_walk_is_known(walk) && walk->canonical)
		check_there(walk);
}

/* The program's text up to here was resolved: the next time, no question need be asked. */
static void learn(struct walk *walk)
{
	bool link = walk->links != walk->links_before;

	if (walk->strayed && link)
		walk->lexical = false;
	if (!walk->lexical || !walk->looked || walk->stopped || walk->error)
		return;
	if (!link)
		snr_facts_put(walk->facts, walk->scratch->epoch, walk->text_hash, SNR_PLAIN);
	else if (!walk->at.entry && !walk->at.patterns)
		snr_facts_put(walk->facts, walk->scratch->epoch, walk->text_hash, SNR_TAME);
	else
		walk->lexical = false;
}

static void step(struct walk *walk, const struct snr_name *name)
{
	bool dot = snr_is_dot(name->name, name->len);
	bool up = snr_is_dotdot(name->name, name->len);

	if (name->own) {
		learn(walk);
		walk->links_before = walk->links;
		walk->looked = false;
		walk->strayed = false;
	}
	if (name->last) {
		/* What dot-dot leads to is a directory, and need not be searchable. To O_CREAT a
		 * slash would be something else (open_last_lookups in fs/namei.c). */
		walk->dot = dot;
		walk->directory = dot || (name->slash && !up) || (up && !walk->lookup.create);
	}
	if (dot)
		return;
	if (up) {
		/* As long as no link was met, the text's name is the position's name. */
		walk->lexical = walk->lexical && walk->text_hash == walk->at.hash;
		walk_up(walk);
		walk->text_hash = walk->at.hash;
		return;
	}
	if (name->own)
		walk->text_hash = snr_hash_step(walk->text_hash, name->name, name->len);
	walk_down(walk, name);
}

static void run(struct walk *walk)
{
	struct snr_name name;

	while (!walk->error && !walk->stopped && snr_rest_next(&walk->rest, &name))
		step(walk, &name);
	learn(walk);
}

static void start(struct walk *walk, const struct snr_image *image, struct snr_facts *facts,
		  const struct snr_host *host, struct snr_scratch *scratch, size_t base_len)
{
	walk->image = image;
	walk->facts = facts;
	walk->host = host;
	walk->scratch = scratch;
	walk->rest.links = scratch->pending;
	walk->rest.size = sizeof(scratch->pending);
	walk->len = base_len == 1 ? 0 : base_len;
	walk->lexical = true;
	walk->verdict = SNR_NO_RULE;
	snr_copy(scratch->where, scratch->base, base_len);
	locate(walk);
	walk->parent_rule = walk->at.rule;
	walk->base_rule = walk->at.rule;
	walk->base_len = base_len;
	walk->floor = walk->len;
	walk->crossed = is_placed_by_name(walk);
	walk->text_hash = walk->at.hash;
}

void snr_walk(const struct snr_image *image, struct snr_facts *facts, const struct snr_host *host,
	      struct snr_scratch *scratch, int dirfd, size_t base_len, const char *path, size_t len,
	      struct snr_lookup lookup, char *out, struct snr_resolved *result)
{
	struct walk walk = {.rest = {.text = path, .len = len}, .lookup = lookup, .dirfd = dirfd};

	start(&walk, image, facts, host, scratch, base_len);
	run(&walk);
	snr_walk_answer(&walk, out, result);
}

long snr_canonical(const struct snr_image *image, const struct snr_host *host,
		   struct snr_scratch *scratch, int dirfd, const char *path, size_t len, char *out,
		   bool *lost)
{
	struct walk walk = {.rest = {.text = path, .len = len},
			    .lookup.follow = true,
			    .canonical = true,
			    .dirfd = dirfd};
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};
	long base_len = 0;
	bool by_name;
	long err;

	*lost = false;
	scratch->base_gone = false;
	snr_layers_forget(scratch);
	if (!len)
		return -ENOENT;
	if (path[0] != '/')
		base_len = snr_base(image, host, scratch, dirfd);
	*lost = base_len < 0 && (dirfd == AT_FDCWD || base_len == -ENOENT);
	if (base_len < 0)
		return base_len;
	start(&walk, image, NULL, host, scratch, (size_t)base_len);
	run(&walk);
	/* What a magic link or a descriptor leads to may have lost its name since, to another file,
	 * and names may bar the way where they do not. */
	*lost = walk.lost || (walk.missing && scratch->base_gone) ||
		(walk.missing == -EACCES && walk.jumped && !snr_walk_is_barred_behind_jump(&walk));
	if (walk.error || walk.stopped)
		return walk.error ? walk.error : walk.missing;
	if (walk.directory) {
		err = search(&walk, &by_name);
		*lost = scratch->base_gone ||
			(err == -EACCES && walk.jumped && !snr_walk_is_barred_behind_jump(&walk));
		if (err < 0 && !(err == -ENOENT && snr_walk_is_above_rules(&walk)))
			return err;
	}
	snr_add(&builder, walk.len ? scratch->where : "/", walk.len ? walk.len : 1);
	return snr_finish(&builder);
}
