/* SPDX-License-Identifier: MIT
 * Where the entry lies that a removing, renaming or linking call names. Only refuse.c calls it.
 * It must never follow the last name: these calls do not.
 */
#include "shared/place.h"

#include "shared/rest.h"
#include "shared/text.h"

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

int snr_place_argument(const struct snr_pathop *op, int n)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (snr_role_is_path(op->role[i]) && n-- == 0)
			return i;
	return -1;
}

int snr_place_dirfd(const struct snr_question *q, int n)
{
	int arg = snr_pathop_dirfd(q->op, snr_place_argument(q->op, n));

	return arg < 0 ? AT_FDCWD : (int)(uint32_t)q->call->arg[arg];
}

/* The program's own text of path N, in scratch->path. Its length, or -errno of it or of the
 * descriptor that it is relative to. */
static long own_text(const struct snr_question *q, int n)
{
	const struct snr_host *host = &q->redirector->host;
	int dirfd = snr_place_dirfd(q, n);
	long len = host->read_string(host->context, q->call->arg[snr_place_argument(q->op, n)],
				     q->scratch->path, SNR_PATH_MAX);

	if (len < 0)
		return len;
	if (q->scratch->path[0] != '/' && dirfd != AT_FDCWD) {
		long err = host->directory(host->context, dirfd, q->scratch->real, SNR_PATH_MAX);

		if (err < 0)
			return err;
	}
	return len;
}

/* By a descriptor of the program's a directory is found even if no name leads there (any more). */
static void add_start(struct snr_builder *builder, int dirfd)
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
		add_start(&builder, snr_place_dirfd(q, n));
	snr_add(&builder, q->scratch->path, (size_t)len);
	return snr_finish(&builder);
}

long snr_place_text(const struct snr_question *q, int n)
{
	int arg = snr_place_argument(q->op, n);

	for (int i = 0; i < q->plan->npaths; i++) {
		if (q->plan->path_arg[i] == arg) {
			snr_copy(q->scratch->pending, q->plan->text[i], q->plan->path_len[i] + 1u);
			return q->plan->path_len[i];
		}
	}
	return absolute_text(q, n);
}

const char *snr_place_parent(const struct snr_question *q, int n)
{
	const struct snr_place *place = &q->place[n];

	snr_copy(q->scratch->pending, place->path, place->parent);
	q->scratch->pending[place->parent] = '\0';
	return q->scratch->pending;
}

/* DIR bytes of place->path are the directory's; add the NAME. */
static bool add_name(struct snr_place *place, size_t dir, const char *name, size_t len)
{
	struct snr_builder builder = {.out = place->path, .size = SNR_PLACE_SIZE, .len = dir};

	place->parent = dir;
	if (dir > 1 || place->path[0] != '/')
		snr_add(&builder, "/", 1);
	if (place->last == SNR_LAST_NAME)
		snr_add(&builder, name, len);
	return snr_finish(&builder) >= 0;
}

/* A rule whose target is not there is no mount. */
static void take_rule(const struct snr_question *q, struct snr_place *place,
		      const struct snr_entry *entry)
{
	const struct snr_image *image = q->redirector->image;
	const struct snr_host *host = &q->redirector->host;
	uint64_t inode;

	if (!entry)
		return;
	place->above |= entry->ancestor != 0;
	if (place->rule == SNR_NO_RULE && entry->rule != SNR_NO_RULE &&
	    host->kind(host->context, snr_string(image, snr_rule(image, entry->rule)->target),
		       &inode) >= 0)
		place->rule = entry->rule;
}

/* From the name of the directory as the program sees it, DIR bytes in place->path, and the NAME:
 * what is there by the rules, and by what is mounted elsewhere on the same directory. */
static bool find_by_names(const struct snr_question *q, struct snr_place *place, size_t dir,
			  const char *name, size_t len)
{
	const struct snr_image *image = q->redirector->image;
	const struct snr_host *host = &q->redirector->host;
	char *real = q->scratch->real;
	uint64_t hash = snr_hash_path(place->path, dir);
	long n = snr_map(image, place->path, dir, real, SNR_PATH_MAX);

	if (n < 0)
		return false;
	if (place->last == SNR_LAST_NAME) {
		take_rule(q, place, snr_match_path(image, snr_hash_step(hash, name, len)));
		hash = snr_hash_path(real, (size_t)n);
		take_rule(q, place, snr_match_point(image, snr_hash_step(hash, name, len)));
	}
	if (host->search(host->context, real))
		return false;
	snr_copy(place->path, real, (size_t)n);
	return add_name(place, (size_t)n, name, len);
}

/* Where the text names a rule's own path, the directory is known without a look. */
static bool find_by_rule(const struct snr_question *q, struct snr_place *place, uint32_t rule)
{
	struct snr_text own = snr_rule(q->redirector->image, rule)->path;
	const char *path = snr_string(q->redirector->image, own);
	struct last last = find_last(path, own.len);
	size_t dir = last.start > 1 ? last.start - 1 : 1;

	snr_copy(place->path, path, dir);
	return find_by_names(q, place, dir, path + last.start, last.end - last.start);
}

static bool find_by_walk(const struct snr_question *q, int n, struct snr_place *place,
			 struct last last)
{
	char *path = q->scratch->path;
	bool lost;
	long dir = snr_canonical(q->redirector->image, &q->redirector->host, q->scratch,
				 snr_place_dirfd(q, n), last.start ? path : ".",
				 last.start ? last.start : 1, place->path, &lost);

	if (dir < 0 && !lost) {
		place->error = (int)dir;
		return true;
	}
	return dir > 0 &&
	       find_by_names(q, place, (size_t)dir, path + last.start, last.end - last.start);
}

/* By the kernel's own text, without dots and slashes that only make it longer. */
static void find_by_text(const struct snr_question *q, int n, struct snr_place *place)
{
	char *text = q->scratch->pending;
	struct snr_builder builder = {.out = place->path, .size = SNR_PLACE_SIZE};
	struct snr_rest dir = {.text = text};
	/* On the kernel's way a rule's own path is its target already. */
	long len = q->resolved[n].at_rule ? absolute_text(q, n) : snr_place_text(q, n);
	struct last last;

	if (len < 0) {
		place->error = (int)len;
		return;
	}
	last = find_last(text, (size_t)len);
	dir.len = last.start;
	snr_rest_add(&dir, &builder);
	if (builder.len > 1)
		builder.len--; /* the slash behind it */
	if (builder.overflow ||
	    !add_name(place, builder.len, text + last.start, last.end - last.start))
		place->error = -ENAMETOOLONG;
}

void snr_place_find(struct snr_question *q, int n)
{
	struct snr_place *place = &q->place[n];
	const struct snr_resolved *resolved = &q->resolved[n];
	long len = own_text(q, n);
	struct last last;

	*place = (struct snr_place){.path = q->scratch->place[n], .rule = SNR_NO_RULE};
	place->empty = len == 0;
	if (len <= 0) {
		place->error = len ? (int)len : -ENOENT;
		return;
	}
	last = find_last(q->scratch->path, (size_t)len);
	place->last = (uint8_t)last.type;
	place->slash = last.end < (size_t)len;
	if (resolved->at_rule && find_by_rule(q, place, resolved->rule))
		return;
	if (find_by_walk(q, n, place, last))
		return;
	find_by_text(q, n, place);
}
