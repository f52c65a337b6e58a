/* SPDX-License-Identifier: MIT
 * Where the entry lies that a removing, renaming or linking call names. Only refuse.c calls it.
 * It must never follow the last name: these calls do not.
 */
#include "shared/spot.h"

#include "shared/overlay.h"
#include "shared/rest.h"
#include "shared/text.h"
#include "shared/verdict.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

/* The last component of a path. */
struct last {
	enum snr_last type;
	size_t start; /* of the name; of its directory's text the end */
	size_t end;
};

static struct last find_last(const char *path, size_t len)
{
	struct snr_component name = snr_last_component(path, len);
	struct last last = {SNR_LAST_NAME, name.start, name.end};
	size_t n = name.end - name.start;

	if (!n)
		last.type = SNR_LAST_ROOT;
	else if (snr_is_dot(path + last.start, n))
		last.type = SNR_LAST_DOT;
	else if (snr_is_dotdot(path + last.start, n))
		last.type = SNR_LAST_DOTDOT;
	if (last.type == SNR_LAST_ROOT)
		last.start = len;
	return last;
}

int snr_spot_argument(const struct snr_pathop *op, int n)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (snr_role_is_path(op->role[i]) && n-- == 0)
			return i;
	return -1;
}

int snr_spot_dirfd(const struct snr_question *q, int n)
{
	int arg = snr_pathop_dirfd(q->op, snr_spot_argument(q->op, n));

	return arg < 0 ? AT_FDCWD : (int)(uint32_t)q->call->arg[arg];
}

/* The program's own text of path N, in scratch->path. Its length, or -errno of it or of the
 * descriptor that it is relative to. */
static long own_text(const struct snr_question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;
	int dirfd = snr_spot_dirfd(q, n);
	long len = host->read_string(host->context, q->call->arg[snr_spot_argument(q->op, n)],
				     q->scratch->path, SNR_PATH_MAX);

	if (len <= 0)
		return len; /* an empty text is refused before the descriptor is looked at */
	if (q->scratch->path[0] != '/' && dirfd != AT_FDCWD) {
		long err = host->directory(host->context, dirfd, q->scratch->real, SNR_PATH_MAX);

		if (err < 0)
			return err;
	}
	return len;
}

void snr_spot_start(struct snr_builder *builder, int dirfd)
{
	snr_add_text(builder, "/proc/thread-self/");
	if (dirfd == AT_FDCWD) {
		snr_add_text(builder, "cwd/");
	} else {
		snr_add_text(builder, "fd/");
		snr_add_number(builder, dirfd);
		snr_add(builder, "/", 1);
	}
}

/* The program's text made absolute, in scratch->pending. */
static long absolute_text(const struct snr_question *q, int n)
{
	struct snr_builder builder = {.out = q->scratch->pending,
				      .size = sizeof(q->scratch->pending)};
	long len = own_text(q, n);

	if (len < 0)
		return len;
	if (q->scratch->path[0] != '/')
		snr_spot_start(&builder, snr_spot_dirfd(q, n));
	snr_add(&builder, q->scratch->path, (size_t)len);
	return snr_finish(&builder);
}

long snr_spot_text(const struct snr_question *q, int n)
{
	int arg = snr_spot_argument(q->op, n);

	for (int i = 0; i < q->plan->npaths; i++) {
		if (q->plan->path_arg[i] == arg) {
			snr_copy(q->scratch->pending, q->plan->text[i], q->plan->path_len[i] + 1u);
			return q->plan->path_len[i];
		}
	}
	return absolute_text(q, n);
}

const char *snr_spot_parent(const struct snr_question *q, int n)
{
	const struct snr_spot *spot = &q->spot[n];

	snr_copy(q->scratch->pending, spot->path, spot->parent);
	q->scratch->pending[spot->parent] = '\0';
	return q->scratch->pending;
}

/* DIR bytes of spot->path are the directory's; add the NAME. */
static bool add_name(struct snr_spot *spot, size_t dir, const char *name, size_t len)
{
	struct snr_builder builder = {.out = spot->path, .size = SNR_SPOT_SIZE, .len = dir};

	spot->parent = dir;
	if (dir > 1 || spot->path[0] != '/')
		snr_add(&builder, "/", 1);
	if (spot->last == SNR_LAST_NAME)
		snr_add(&builder, name, len);
	return snr_finish(&builder) >= 0;
}

/* A rule whose target is not there is no mount. */
static void take_rule(const struct snr_question *q, struct snr_spot *spot,
		      const struct snr_entry *entry)
{
	const struct snr_image *image = q->redirector->image;
	const struct snr_host *host = &q->redirector->host;
	uint64_t inode;

	if (!entry)
		return;
	spot->above |= entry->ancestor != 0;
	if (spot->rule == SNR_NO_RULE && entry->rule != SNR_NO_RULE &&
	    host->kind(host->context, snr_string(image, snr_rule(image, entry->rule)->target),
		       &inode) >= 0)
		spot->rule = entry->rule;
}

/* What the kernel is to look for where the program says NAME, LEN bytes, in the directory DIR bytes
 * of PATH: a hidden one is not there. *LEN becomes its length. */
static const char *kernels_name(const struct snr_question *q, const char *path, size_t dir,
				const char *name, size_t *len)
{
	const struct snr_image *image = q->redirector->image;
	struct snr_position at = snr_match_position(image, path, dir);
	uint32_t prefix = snr_match_prefix(image, at.rule, dir);
	struct snr_builder whole = {.out = q->scratch->link, .size = SNR_PATH_MAX};

	snr_add(&whole, path, dir > 1 ? dir : 0);
	snr_add(&whole, "/", 1);
	snr_add(&whole, name, *len);
	snr_match_step(image, &at, name, *len);
	if (snr_finish(&whole) < 0)
		return name;
	if (snr_verdict_at(image, &at, whole.out, whole.len, SNR_KIND_BIT(SNR_HIDE)) !=
	    SNR_NO_RULE) {
		*len = sizeof(SNR_HIDDEN_NAME) - 1;
		return SNR_HIDDEN_NAME;
	}
	if (prefix == SNR_NO_RULE || (at.entry && at.entry->rule != SNR_NO_RULE))
		return name;
	whole.len = 0;
	snr_add_prefixed(image, prefix, name, *len, &whole);
	*len = whole.len;
	return whole.out;
}

/* The same in an overlay. To scratch->real, whose length is returned: the directory of PATH on the
 * layer that has the name. */
static long choose_layer(const struct snr_question *q, const char *path, size_t dir,
			 const char **name, size_t *len)
{
	const struct snr_image *image = q->redirector->image;
	struct snr_builder whole = {.out = q->scratch->link, .size = SNR_PATH_MAX};
	char *real = q->scratch->real;
	enum snr_layer layer;
	long n;

	snr_add(&whole, path, dir > 1 ? dir : 0);
	snr_add(&whole, "/", 1);
	snr_add(&whole, *name, *len);
	n = snr_finish(&whole);
	if (n >= 0)
		n = snr_place(image, &q->redirector->host, q->scratch, whole.out, whole.len, real,
			      SNR_PATH_MAX, &layer);
	if (n < 0)
		return n;
	n -= (long)*len + 1;
	if (layer == SNR_LAYER_ABSENT) {
		*name = SNR_HIDDEN_NAME;
		*len = sizeof(SNR_HIDDEN_NAME) - 1;
	} else {
		*name = kernels_name(q, path, dir, *name, len);
	}
	return n;
}

/* From the name of the directory as the program sees it, DIR bytes in spot->path, and the NAME:
 * what is there by the rules, and by what is mounted elsewhere on the same directory. */
static bool find_by_names(const struct snr_question *q, struct snr_spot *spot, size_t dir,
			  const char *name, size_t len)
{
	const struct snr_image *image = q->redirector->image;
	const struct snr_host *host = &q->redirector->host;
	char *real = q->scratch->real;
	uint64_t hash = snr_hash_path(spot->path, dir);
	enum snr_layer layer;
	long n = snr_place(image, host, q->scratch, spot->path, dir, real, SNR_PATH_MAX, &layer);

	if (n < 0)
		return false;
	if (spot->last == SNR_LAST_NAME) {
		take_rule(q, spot, snr_match_path(image, snr_hash_step(hash, name, len)));
		hash = snr_hash_path(real, (size_t)n);
		take_rule(q, spot, snr_match_point(image, snr_hash_step(hash, name, len)));
	}
	if (host->search(host->context, real))
		return false;
	if (spot->last == SNR_LAST_NAME && layer != SNR_LAYER_NONE)
		n = choose_layer(q, spot->path, dir, &name, &len);
	else if (spot->last == SNR_LAST_NAME)
		name = kernels_name(q, spot->path, dir, name, &len);
	if (n < 0)
		return false;
	snr_copy(spot->path, real, (size_t)n);
	return add_name(spot, (size_t)n, name, len);
}

/* Where the text names a rule's own path, the directory is known without a look. */
static bool find_by_rule(const struct snr_question *q, struct snr_spot *spot, uint32_t rule)
{
	struct snr_text own = snr_rule(q->redirector->image, rule)->path;
	const char *path = snr_string(q->redirector->image, own);
	struct last last = find_last(path, own.len);
	size_t dir = last.start > 1 ? last.start - 1 : 1;

	snr_copy(spot->path, path, dir);
	return find_by_names(q, spot, dir, path + last.start, last.end - last.start);
}

static bool find_by_walk(const struct snr_question *q, int n, struct snr_spot *spot,
			 struct last last)
{
	char *path = q->scratch->path;
	bool lost;
	long dir = snr_canonical(q->redirector->image, &q->redirector->host, q->scratch,
				 snr_spot_dirfd(q, n), last.start ? path : ".",
				 last.start ? last.start : 1, spot->path, &lost);

	if (dir < 0 && !lost) {
		spot->error = (int)dir;
		return true;
	}
	return dir > 0 &&
	       find_by_names(q, spot, (size_t)dir, path + last.start, last.end - last.start);
}

/* By the kernel's own text, without dots and slashes that only make it longer. */
static void find_by_text(const struct snr_question *q, int n, struct snr_spot *spot)
{
	char *text = q->scratch->pending;
	struct snr_builder builder = {.out = spot->path, .size = SNR_SPOT_SIZE};
	struct snr_rest dir = {.text = text};
	/* On the kernel's way a rule's own path is its target already. */
	long len = q->resolved[n].at_rule ? absolute_text(q, n) : snr_spot_text(q, n);
	struct last last;

	if (len < 0) {
		spot->error = (int)len;
		return;
	}
	last = find_last(text, (size_t)len);
	dir.len = last.start;
	snr_rest_add(&dir, &builder);
	if (builder.len > 1)
		builder.len--; /* the slash behind it */
	if (builder.overflow ||
	    !add_name(spot, builder.len, text + last.start, last.end - last.start))
		spot->error = -ENAMETOOLONG;
}

void snr_spot_find(struct snr_question *q, int n)
{
	struct snr_spot *spot = &q->spot[n];
	const struct snr_resolved *resolved = &q->resolved[n];
	long len = own_text(q, n);
	struct last last;

	*spot = (struct snr_spot){.path = q->scratch->spot[n], .rule = SNR_NO_RULE};
	spot->empty = len == 0;
	if (len <= 0) {
		spot->error = len ? (int)len : -ENOENT;
		return;
	}
	last = find_last(q->scratch->path, (size_t)len);
	spot->last = (uint8_t)last.type;
	spot->slash = last.end < (size_t)len;
	/* link(2) does not name its old path's entry, but what it leads to. */
	if (resolved->at_rule && (n == 1 || (q->op->effects & SNR_REMOVES)) &&
	    find_by_rule(q, spot, resolved->rule))
		return;
	if (find_by_walk(q, n, spot, last))
		return;
	find_by_text(q, n, spot);
}

bool snr_spot_holds_other(const struct snr_question *q, int n)
{
	const struct snr_spot *spot = &q->spot[n], *other = &q->spot[1 - n];
	size_t len = snr_length(spot->path);

	return other->parent >= len && snr_equal(spot->path, other->path, len) &&
	       (other->parent == len || other->path[len] == '/');
}

bool snr_spot_is_in_proc(const struct snr_question *q, int n)
{
	const struct snr_image *image = q->redirector->image;
	const char *path = q->spot[n].path;
	const struct snr_entry *target =
		snr_match_target(image, snr_hash_path(path, q->spot[n].parent));
	size_t len = snr_length(path);

	if (target && target->rule != SNR_NO_RULE &&
	    snr_rule(image, target->rule)->kind == SNR_PARENT)
		return false;
	return snr_begins(path, len, "/proc/") && !snr_begins(path, len, "/proc/thread-self/") &&
	       !q->resolved[n].jumped;
}
