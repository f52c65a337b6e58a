/* SPDX-License-Identifier: MIT
 * For unit tests of shared/: a rules image made from a list of pairs, and a file system made from a
 * list of names, so that a test states a world in a few lines. Only tests/unit includes it.
 */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "launcher/rules_compile.h"
#include "shared/exec.h"
#include "shared/rewrite.h"
#include "shared/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct pair {
	const char *path;
	const char *target;
};

/* Compile bind rules that are canonical already. */
static inline struct image fake_image(const struct pair *pairs, size_t n)
{
	struct rules_rule written = {.kind = SNR_BIND, .place = {"test.rules", 1, 1}};
	struct rules_final *finals = calloc(n ? n : 1, sizeof(*finals));
	struct rules_set set = {.rule = finals, .count = (uint32_t)n};
	struct image_settings settings = {.engine = SNR_ENGINE_TRACE};
	struct image image;

	assert_non_null(finals);
	for (size_t i = 0; i < n; i++) {
		finals[i].path = pairs[i].path;
		finals[i].target = pairs[i].target;
		finals[i].path_len = (uint32_t)strlen(pairs[i].path);
		finals[i].target_len = (uint32_t)strlen(pairs[i].target);
		finals[i].text = "";
		finals[i].under = SNR_NO_RULE;
		finals[i].written = &written;
	}
	assert_int_equal(image_build(&set, &settings, &image), 0);
	free(finals);
	return image;
}

/* A real name: a directory ("d"), a file ("f" or its content), or a link ("-> text"). */
struct node {
	const char *path;
	const char *is;
};

struct world {
	const struct node *node;
	size_t count;
	const char *cwd;
	const char *fd3; /* where descriptor 3 is */
	unsigned asked;  /* how often the file system was looked at */
};

/* By the program's own cwd and descriptor. */
static inline const char *world_start(struct world *world, const char *path, char *out, size_t size)
{
	static const char cwd[] = "/proc/thread-self/cwd", fd3[] = "/proc/thread-self/fd/3";

	if (strncmp(path, cwd, sizeof(cwd) - 1) == 0)
		snprintf(out, size, "%s%s", world->cwd, path + sizeof(cwd) - 1);
	else if (strncmp(path, fd3, sizeof(fd3) - 1) == 0)
		snprintf(out, size, "%s%s", world->fd3, path + sizeof(fd3) - 1);
	else
		return path;
	return out;
}

/* What is at PATH, or NULL; *NUMBER tells entries apart. */
static inline const char *world_entry(struct world *world, const char *path, uint64_t *number)
{
	char clean[2 * SNR_PATH_MAX], started[2 * SNR_PATH_MAX];
	struct snr_component c = {0};
	size_t n = 0;

	path = world_start(world, path, started, sizeof(started));
	/* Paths for the kernel may have doubled slashes and dots. */
	while (snr_next_component(path, strlen(path), &c)) {
		size_t len = c.end - c.start;

		if (snr_is_dot(path + c.start, len))
			continue;
		if (snr_is_dotdot(path + c.start, len)) {
			while (n && clean[--n] != '/')
				;
			continue;
		}
		clean[n++] = '/';
		memcpy(clean + n, path + c.start, len);
		n += len;
	}
	clean[n] = '\0';
	*number = 42;
	if (!n)
		return "d";
	for (size_t i = 0; i < world->count; i++) {
		++*number;
		if (strcmp(world->node[i].path, clean) == 0)
			return world->node[i].is;
	}
	return NULL;
}

static inline const char *world_find(struct world *world, const char *path)
{
	uint64_t number;

	return world_entry(world, path, &number);
}

static inline long world_read_link(void *context, const char *path, char *out, size_t size)
{
	struct world *world = context;
	char whole[2 * SNR_PATH_MAX];
	const char *is;

	snprintf(whole, sizeof(whole), "%s%s%s", *path == '/' ? "" : world->cwd,
		 *path == '/' ? "" : "/", path);
	is = world_find(world, whole);
	world->asked++;
	if (!is)
		return -ENOENT;
	if (strncmp(is, "-> ", 3) != 0)
		return -EINVAL;
	assert_true(strlen(is + 3) <= size);
	memcpy(out, is + 3, strlen(is + 3));
	return (long)strlen(is + 3);
}

static inline long world_search(void *context, const char *path)
{
	const char *is = world_find(context, path);

	((struct world *)context)->asked++;
	if (!is)
		return -ENOENT;
	return strcmp(is, "d") == 0 ? 0 : -ENOTDIR;
}

static inline long world_kind(void *context, const char *path, uint64_t *inode)
{
	const char *is = world_entry(context, path, inode);

	return !is ? -ENOENT : strcmp(is, "d") == 0 ? 4 : strncmp(is, "-> ", 3) == 0 ? 10 : 8;
}

static inline long world_mount(void *context, const char *path, uint64_t *mount)
{
	*mount = strncmp(path, "/proc", 5) == 0;
	return world_find(context, path) ? 0 : -ENOENT;
}

static inline long world_read_only(void *context, const char *path)
{
	return world_find(context, path) ? 0 : -ENOENT;
}

static inline long world_access(void *context, const char *path, int mode)
{
	return world_find(context, path) ? 0 : -ENOENT;
}

static inline long world_shorten(void *context, const char *path, char *out, size_t size)
{
	const char *is = world_find(context, path);

	return !is ? -ENOENT : snprintf(out, size, "/proc/7/fd/9");
}

static inline long world_directory(void *context, int dirfd, char *out, size_t size)
{
	struct world *world = context;
	const char *name = dirfd == 3 ? world->fd3 : world->cwd;

	world->asked++;
	if (dirfd >= 0 && dirfd != 3)
		return -EBADF;
	assert_true(strlen(name) < size);
	strcpy(out, name);
	return (long)strlen(name);
}

static inline long world_path_only(void *context, int fd)
{
	return 0;
}

static inline long world_read_string(void *context, uint64_t address, char *out, size_t size)
{
	const char *text = (const char *)(uintptr_t)address;

	if (address < 4096)
		return -EFAULT;
	if (strlen(text) >= size)
		return -ENAMETOOLONG;
	strcpy(out, text);
	return (long)strlen(text);
}

static inline long world_read_bytes(void *context, uint64_t address, void *out, size_t size)
{
	if (address < 4096)
		return -EFAULT;
	memcpy(out, (const void *)(uintptr_t)address, size);
	return 0;
}

static inline struct snr_host world_host(struct world *world)
{
	return (struct snr_host){.context = world,
				 .read_string = world_read_string,
				 .read_bytes = world_read_bytes,
				 .read_link = world_read_link,
				 .search = world_search,
				 .kind = world_kind,
				 .mount = world_mount,
				 .read_only = world_read_only,
				 .access = world_access,
				 .shorten = world_shorten,
				 .directory = world_directory,
				 .path_only = world_path_only};
}

#endif
