/* SPDX-License-Identifier: MIT
 * Where a path written in a rule really lies: links of the directories that exist are followed, as
 * mount(8) does. Only rules_check.c calls it. It must never change the file system.
 */
#include "launcher/rules_canon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/pool.h"
#include "shared/text.h"

#define MAX_LINKS 40 /* the kernel's own limit (path_resolution(7)) */

/* One component of the walk's present place. */
struct step {
	uint64_t hash;
	uint32_t end;  /* length of the path up to here */
	uint32_t rule; /* the longest known rule that covers it, an index of TARGET */
	uint32_t rest; /* where what follows that rule's path begins */
};

struct walk {
	struct rules_canon *canon;
	struct rules_spot *spot;
	enum rules_way way;
	unsigned links;
	unsigned depth;
	unsigned missing;  /* depth from which on nothing is there, UINT_MAX: none */
	uint64_t examined; /* hash of the last component, of which SPOT says what is there */
	bool dangling;     /* spot was saved in LINK because its last component is a link */
	char pending[2 * SNR_PATH_MAX]; /* still to be walked */
	char link[SNR_PATH_MAX];
	uint32_t link_len;
	struct step step[SNR_PATH_MAX / 2 + 1];
};

/* The real path of where the walk is. */
static int real_path(const struct walk *walk, char *out)
{
	const struct step *step = &walk->step[walk->depth];
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};

	if (step->rule == SNR_NO_RULE) {
		snr_add(&builder, walk->spot->path, step->end);
	} else {
		const char *target = walk->canon->target[step->rule];
		if (target[1] || step->rest == step->end)
			snr_add_text(&builder, target);
		snr_add(&builder, walk->spot->path + step->rest, step->end - step->rest);
	}
	return (int)snr_finish(&builder);
}

static void go_to_root(struct walk *walk)
{
	walk->depth = 0;
	walk->missing = UINT32_MAX;
	walk->step[0] = (struct step){SNR_HASH_ROOT, 0, SNR_NO_RULE, 0};
}

static void go_up(struct walk *walk)
{
	if (walk->depth)
		walk->depth--;
	if (walk->depth < walk->missing)
		walk->missing = UINT32_MAX;
}

/* Step into NAME. */
static int go_down(struct walk *walk, const char *name, size_t len)
{
	const struct step *from = &walk->step[walk->depth];
	struct step to = *from;

	if (from->end + 1 + len >= SNR_PATH_MAX)
		return -ENAMETOOLONG;
	walk->spot->path[from->end] = '/';
	memmove(walk->spot->path + from->end + 1, name, len);
	to.end = from->end + 1 + (uint32_t)len;
	to.hash = snr_hash_step(from->hash, name, len);
	if (walk->way != RULES_REAL) {
		const struct snr_entry *entry = rules_table_find(&walk->canon->paths, to.hash);
		if (entry && entry->rule != SNR_NO_RULE) {
			to.rule = entry->rule;
			to.rest = to.end;
		}
	}
	walk->step[++walk->depth] = to;
	return 0;
}

/* Put the text of a link, LEN bytes at TEXT, before what is pending from REST on. */
static int expand(struct walk *walk, const char *text, size_t len, const char *rest)
{
	size_t rest_len = strlen(rest);

	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	if (len + 1 + rest_len >= sizeof(walk->pending))
		return -ENAMETOOLONG;
	memmove(walk->pending + len + 1, rest, rest_len + 1);
	memcpy(walk->pending, text, len);
	walk->pending[len] = '/';
	if (text[0] == '/')
		go_to_root(walk);
	else
		go_up(walk);
	return 0;
}

/* Is anything at REAL, and is it a directory? 0, or -EINVAL: it is no link; else -ENOENT and the
 * like. */
static int examine_at(struct walk *walk, const char *real)
{
	struct rules_spot *spot = walk->spot;
	struct stat stat;
	int error = lstat(*real ? real : "/", &stat) < 0 ? -errno : 0;

	walk->examined = walk->step[walk->depth].hash;
	spot->exists = !error;
	spot->is_dir = !error && S_ISDIR(stat.st_mode);
	return error || S_ISLNK(stat.st_mode) ? error : -EINVAL;
}

/* The text of the link at REAL, or -errno, -EINVAL where it is none. Of what comes last examine()
 * will want to know more. */
static ssize_t read_link(struct walk *walk, const char *real, bool last, char *text, size_t size)
{
	int error = last ? examine_at(walk, real) : 0;
	ssize_t got = error ? error : readlink(real, text, size);

	return got < 0 && !error ? -errno : got;
}

/* What lies at the place that was just stepped into? REST is still to be walked. Returns 1 if it
 * was a link whose text is now pending, 0 if not, or -errno. */
static int look(struct walk *walk, const char *rest)
{
	const struct step *step = &walk->step[walk->depth];
	struct rules_table *plain = &walk->canon->plain;
	char real[SNR_PATH_MAX], text[SNR_PATH_MAX];
	int len;

	bool last = !rest[strspn(rest, "/")];

	if (walk->way == RULES_NAME && last)
		return 0;
	if (walk->way != RULES_REAL) {
		const struct snr_entry *link = rules_table_find(&walk->canon->links, step->hash);
		if (link) {
			const char *says = walk->canon->target[link->rule];
			int error = expand(walk, says, strlen(says), rest);
			return error < 0 ? error : 1;
		}
	}
	/* A rule's own path is its target, of which all links are gone. It is there even where its
	 * parent is not. */
	if (step->rule != SNR_NO_RULE && step->rest == step->end) {
		walk->missing = UINT32_MAX;
		return 0;
	}
	if (walk->depth >= walk->missing)
		return 0;
	len = real_path(walk, real);
	if (len < 0)
		return len;
	uint64_t hash = snr_hash_path(real, (size_t)len);
	if (rules_table_find(plain, hash))
		return 0;
	ssize_t got = read_link(walk, real, last, text, sizeof(text) - 1);
	if (got < 0) {
		if (got == -EINVAL)
			rules_table_make(plain, hash);
		else
			walk->missing = walk->depth;
		return 0;
	}
	if (walk->way == RULES_PLACE && !walk->dangling && last) {
		memcpy(walk->link, walk->spot->path, step->end);
		walk->link_len = step->end;
		walk->dangling = true;
	}
	int error = expand(walk, text, (size_t)got, rest);
	return error < 0 ? error : 1;
}

static int walk_pending(struct walk *walk)
{
	const char *at = walk->pending;
	int got;

	for (;;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (!len)
			return 0;
		if (snr_is_dotdot(at, len)) {
			go_up(walk);
		} else if (!snr_is_dot(at, len)) {
			got = go_down(walk, at, len);
			if (got == 0)
				got = look(walk, at + len);
			if (got < 0)
				return got;
			if (got == 1) {
				at = walk->pending;
				continue;
			}
		}
		at += len;
	}
}

/* Is anything there, and is it a directory? */
static void examine(struct walk *walk)
{
	struct rules_spot *spot = walk->spot;
	char real[SNR_PATH_MAX];

	if (walk->depth < walk->missing && walk->examined == walk->step[walk->depth].hash)
		return;
	spot->exists = spot->is_dir = false;
	if (walk->depth < walk->missing && real_path(walk, real) >= 0)
		examine_at(walk, real);
}

int rules_canon_find(struct rules_canon *canon, const char *path, enum rules_way way,
		     struct rules_spot *spot)
{
	/* Not cleared as a whole: it is 70 KiB, and filled as far as it is used. */
	struct walk walk;
	int error;

	walk.canon = canon;
	walk.spot = spot;
	walk.way = way;
	walk.links = 0;
	walk.examined = 0;
	walk.dangling = false;
	go_to_root(&walk);
	memcpy(walk.pending, path, strlen(path) + 1);
	error = walk_pending(&walk);
	if (error < 0)
		return error;
	examine(&walk);
	spot->len = walk.step[walk.depth].end;
	if (walk.dangling && !spot->exists) {
		memcpy(spot->path, walk.link, walk.link_len);
		spot->len = walk.link_len;
		spot->exists = true;
		spot->is_dir = false;
	}
	if (!spot->len)
		spot->path[spot->len++] = '/';
	spot->path[spot->len] = '\0';
	return 0;
}

static uint32_t add_target(struct rules_canon *canon, const char *target)
{
	if (canon->ntargets == canon->room) {
		canon->room = canon->room ? canon->room * 2 : 64;
		canon->target = pool_grow(canon->target, canon->room, sizeof(*canon->target));
	}
	canon->target[canon->ntargets] = target;
	return canon->ntargets++;
}

void rules_canon_know(struct rules_canon *canon, const char *path, size_t len, const char *target)
{
	rules_table_make(&canon->paths, snr_hash_path(path, len))->rule = add_target(canon, target);
}

void rules_canon_know_link(struct rules_canon *canon, const char *path, size_t len,
			   const char *text)
{
	rules_table_make(&canon->links, snr_hash_path(path, len))->rule = add_target(canon, text);
}

void rules_canon_free(struct rules_canon *canon)
{
	rules_table_free(&canon->paths);
	rules_table_free(&canon->links);
	rules_table_free(&canon->plain);
	free(canon->target);
	*canon = (struct rules_canon){0};
}
