/* SPDX-License-Identifier: MIT
 * Names of sockets: what the kernel gets, and what it gives back. Used by socket.c only.
 * The kernel keeps the text that bind(2) was given, so the program must get its own text back, not
 * a path that means the same. It must never follow a name for the tracer's own purposes.
 */
#include "tracer/creds.h"
#include "tracer/memory.h"
#include "tracer/overlay.h"
#include "tracer/socket.h"

#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES 1024u /* remembered; the oldest goes */
#define HELD  64u   /* directories kept open for names that were too long */

struct pair {
	struct socket_name own, real;
};

struct socket_names {
	struct pair pair[NAMES];
	unsigned count; /* ever remembered */
	int held[HELD];
	unsigned nheld; /* ever held */
};

static struct socket_names *names_of(struct tracer *tracer)
{
	if (!tracer->names)
		tracer->names = calloc(1, sizeof(*tracer->names));
	return tracer->names;
}

/* Keep the directory FD open until as many others have come as there are places: a call may wait
 * for long, and a number that is given away again would make two bound names one. */
static void hold(struct socket_names *names, int fd)
{
	int *place = &names->held[names->nheld % HELD];

	if (names->nheld++ >= HELD)
		close(*place);
	*place = fd;
}

/* Open what shall be named by our descriptor, with the program's rights on the way. */
static int open_view(struct tracer *tracer, const char *path, int flags)
{
	char view[SNR_PATH_MAX + 64];
	int fd;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	creds_take(tracer);
	fd = open(view, O_PATH | O_CLOEXEC | flags);
	if (fd < 0)
		fd = -errno;
	creds_return(tracer);
	return fd;
}

static int write_held(struct tracer *tracer, int fd, const char *last, struct socket_name *out)
{
	char text[SNR_ADDRESS_SIZE];
	long n = snprintf(text, sizeof(text), "/proc/%d/fd/%d%s%s", getpid(), fd,
			  last[0] ? "/" : "", last);

	n = (size_t)n < sizeof(text) ? snr_write_address(text, (size_t)n, out->text)
				     : -ENAMETOOLONG;
	if (n < 0)
		return (int)n;
	out->len = (uint32_t)n;
	return 0;
}

/* A last component that is too long by itself: who connects gets a descriptor of the very socket,
 * who binds a short name in the same directory, for the moment. */
static int shorten_last(struct tracer *tracer, const char *path, const char *last, int dir,
			bool binds, struct socket_change *change)
{
	struct socket_names *names = tracer->names;
	int fd;

	if (binds) {
		size_t len = strcspn(last, "/");
		struct stat st;

		snprintf(change->last, sizeof(change->last), "%.*s", (int)len, last);
		if (!fstatat(dir, change->last, &st, AT_SYMLINK_NOFOLLOW))
			return -EADDRINUSE;
		if (last[len]) /* filename_create in fs/namei.c */
			return -ENOENT;
		change->dir = dir;
		snprintf(change->temporary, sizeof(change->temporary), ".snr%x",
			 names->count + names->nheld);
		return write_held(tracer, dir, change->temporary, &change->name);
	}
	fd = open_view(tracer, path, 0);
	if (fd < 0)
		return fd;
	hold(names, fd);
	return write_held(tracer, fd, "", &change->name);
}

/* A name that fits in 107 bytes for PATH that does not: by way of a descriptor of the tracer's own,
 * since one of the program's would be seen. */
static int shorten(struct tracer *tracer, const char *path, size_t len, bool binds,
		   struct socket_change *change)
{
	struct socket_names *names = names_of(tracer);
	char dir[SNR_PATH_MAX];
	size_t cut = len;
	int fd;

	/* A slash behind the last name stays with it: it is the kernel's to refuse. */
	while (cut > 1 && path[cut - 1] == '/')
		cut--;
	while (cut > 1 && path[cut - 1] != '/')
		cut--;
	memcpy(dir, path, cut);
	dir[cut] = '\0';
	if (!names)
		return -ENOMEM;
	fd = open_view(tracer, dir, O_DIRECTORY);
	if (fd < 0)
		return fd;
	hold(names, fd);
	if (!write_held(tracer, fd, path + cut, &change->name))
		return 0;
	return shorten_last(tracer, path, path + cut, fd, binds, change);
}

void socket_plan(struct tracer *tracer, const struct socket_name *name, bool binds,
		 struct socket_change *change)
{
	struct snr_address_plan plan;

	snr_plan_address(&tracer->redirector, &tracer->scratch, name->text, name->len, binds,
			 change->name.text, tracer->text[0], &plan);
	if (plan.overlay.deed) {
		struct overlay_actor actor;

		overlay_begin(tracer, &actor);
		snr_act_for_address(&tracer->redirector, &tracer->scratch, &actor.actor,
				    change->name.text, tracer->text[0], &plan);
		overlay_end(tracer, &actor);
	}
	change->verdict = plan.verdict;
	change->rule = plan.rule;
	change->result = plan.result;
	change->name.len = plan.len;
	change->dir = -1;
	if (plan.verdict != SNR_CHANGED || !plan.too_long)
		return;
	change->result = shorten(tracer, tracer->text[0], plan.path_len, binds, change);
	if (change->result)
		change->verdict = SNR_FINISHED;
}

/* As the kernel will tell it (net/unix/af_unix.c, unix_mkname_bsd): a path ends in a NUL that
 * counts, whatever length it was given with. */
static void put_nul(struct socket_name *name)
{
	size_t len = strnlen((const char *)name->text + SNR_ADDRESS_FAMILY,
			     name->len - SNR_ADDRESS_FAMILY);

	name->text[SNR_ADDRESS_FAMILY + len] = '\0';
	name->len = (uint32_t)(SNR_ADDRESS_FAMILY + len + 1);
}

void socket_remember(struct tracer *tracer, const struct socket_name *own,
		     const struct socket_name *real)
{
	struct socket_names *names = names_of(tracer);
	struct pair *pair;

	if (!names)
		return;
	pair = &names->pair[names->count++ % NAMES];
	pair->own = *own;
	pair->real = *real;
	put_nul(&pair->own);
	put_nul(&pair->real);
}

void socket_forget(struct tracer *tracer, const struct socket_name *name)
{
	struct socket_names *names = tracer->names;
	struct socket_name real = *name;

	put_nul(&real);
	for (unsigned i = 0; names && i < names->count && i < NAMES; i++) {
		struct pair *pair = &names->pair[i];

		if (pair->real.len == real.len && !memcmp(pair->real.text, real.text, real.len))
			pair->real.len = 0;
	}
}

bool socket_knows(const struct tracer *tracer)
{
	return tracer->names && tracer->names->count;
}

/* The last one that was bound to a name counts. */
bool socket_reverse(const struct tracer *tracer, const struct socket_name *real, uint32_t have,
		    struct socket_name *out)
{
	const struct socket_names *names = tracer->names;
	size_t n;

	for (unsigned i = 0; names && i < names->count && i < NAMES; i++) {
		const struct pair *pair = &names->pair[(names->count - 1 - i) % NAMES];

		if (pair->real.len == real->len && !memcmp(pair->real.text, real->text, have)) {
			*out = pair->own;
			return true;
		}
	}
	if (have < real->len)
		return false;
	n = snr_reverse_address(tracer->redirector.image, real->text, real->len, out->text);
	out->len = (uint32_t)n;
	return n > 0;
}

void socket_forget_all(struct tracer *tracer)
{
	struct socket_names *names = tracer->names;

	for (unsigned i = 0; names && i < names->nheld && i < HELD; i++)
		close(names->held[i]);
	free(tracer->names);
	tracer->names = NULL;
}
