/* SPDX-License-Identifier: MIT
 * Where the rules come from: what was named, or else the places that a snap has for them. Only
 * main.c calls it. It must never read rules of a place that nobody named outside $SNAP/meta.
 */
#include "launcher/sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/layout.h"

static void note(char *where, size_t size, const char *name)
{
	size_t used = strlen(where);

	snprintf(where + used, size - used, "%s%s", used ? ", " : "", name);
}

static int is_rules_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(".rules") && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name + len - strlen(".rules"), ".rules") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char *join(struct pool *pool, const char *dir, const char *name)
{
	size_t dir_len = strlen(dir), name_len = strlen(name);
	char *path = pool_take(pool, dir_len + name_len + 1);

	memcpy(path, dir, dir_len);
	memcpy(path + dir_len, name, name_len + 1);
	return path;
}

static void read_directory(struct rules *rules, const char *dir, char *where, size_t size)
{
	struct dirent **entry;
	int count = scandir(dir, &entry, is_rules_file, by_bytes);

	if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
		struct place place = {dir, 0, 0};
		diags_add(&rules->diags, DIAG_ERROR, place,
			  "cannot list these rules: %s; make the directory readable for this user",
			  strerror(errno));
	}
	for (int i = 0; i < count; i++) {
		const char *file = join(&rules->pool, dir, entry[i]->d_name);

		note(where, size, file);
		rules_read_file(rules, file);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
}

static void read_snap(struct rules *rules, const char *snap, char *where, size_t size)
{
	const char *file = join(&rules->pool, snap, "/meta/snapredir.rules");

	if (access(file, F_OK) == 0 || errno != ENOENT) {
		note(where, size, file);
		rules_read_file(rules, file);
	}
	read_directory(rules, join(&rules->pool, snap, "/meta/snapredir.d/"), where, size);
	const char *yaml = join(&rules->pool, snap, "/meta/snap.yaml");
	if (layout_read(rules, yaml, NULL, LAYOUT_IF_CLASSIC))
		note(where, size, yaml);
	if (!*where)
		snprintf(where, size, "neither %s nor snapredir.d beside it is there", file);
}

void sources_read(const struct options *options, struct rules *rules, char *where, size_t size)
{
	const char *snap = getenv("SNAP");
	bool map_noted = false, overlay_noted = false;

	*where = '\0';
	for (size_t i = 0; i < options->nsources; i++) {
		const struct options_source *source = &options->source[i];

		switch (source->kind) {
		case SOURCE_FILE:
			rules_read_file(rules, source->text);
			note(where, size, source->text);
			break;
		case SOURCE_MAP:
			rules_read_map(rules, SNR_BIND, source->text);
			if (!map_noted)
				note(where, size, "-m");
			map_noted = true;
			break;
		case SOURCE_OVERLAY:
			rules_read_map(rules, SNR_OVERLAY, source->text);
			if (!overlay_noted)
				note(where, size, "-o");
			overlay_noted = true;
			break;
		case SOURCE_LAYOUT:
			layout_read(rules, source->text, NULL, LAYOUT_ALWAYS);
			note(where, size, source->text);
			break;
		}
	}
	if (options->nsources)
		return;
	if (snap && *snap)
		read_snap(rules, snap, where, size);
	else
		snprintf(where, size, "none are named, and $SNAP is not set");
}
