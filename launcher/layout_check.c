/* SPDX-License-Identifier: MIT
 * snapd's own rules for layouts, as its validation of snap.yaml has them (snapd 2.57). Only
 * layout.c calls it. It must never look at the disk, nor at the environment: what snapd refuses, it
 * refuses everywhere.
 */
#include "launcher/layout_check.h"

#include <stdlib.h>
#include <string.h>

/* A layout with its variables replaced as snapd does where it checks: every snap lies in /snap. */
struct item {
	const struct layout_entry *entry;
	const char *path;
	const char *source; /* of a bind or a symlink, or NULL */
};

struct checking {
	struct rules *rules;
	struct layout_places places;
	const char *own; /* /snap/NAME */
	struct item *item;
	size_t count;
};

static void wrong(const struct checking *checking, const struct rules_word *word, const char *what,
		  const char *instead)
{
	diags_add(&checking->rules->diags, DIAG_ERROR, word->place, "'%.512s' %s; %s", word->text,
		  what, instead);
}

enum layout_key layout_kind(const struct layout_entry *entry)
{
	enum layout_key kind = LAYOUT_KEYS;

	for (int i = LAYOUT_BIND; i <= LAYOUT_SYMLINK; i++) {
		if (!entry->value[i].len)
			continue;
		if (kind != LAYOUT_KEYS)
			return LAYOUT_KEYS;
		kind = (enum layout_key)i;
	}
	return kind;
}

int layout_mode(const struct layout_entry *entry)
{
	const char *text = entry->value[LAYOUT_MODE].text;
	char *end;

	if (!*text)
		return 0755;
	if (text[strspn(text, "01234567")])
		return -1;
	unsigned long mode = strtoul(text, &end, 8);
	return mode & ~01777ul ? -1 : (int)mode;
}

/* ---- variables ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *value_of(const struct layout_places *places, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{"SNAP", places->snap},
		{"SNAP_DATA", places->data},
		{"SNAP_COMMON", places->common},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
			return known[i].value;
	return NULL;
}

const char *layout_expand(struct rules *rules, const char *text, const struct layout_places *places,
			  const char **unknown, size_t *len)
{
	char *out = NULL, *end;

	/* First how long it becomes, then the text itself. */
	for (int pass = 0; pass < 2; pass++) {
		size_t size = 0;
		for (const char *at = text; *at;) {
			const char *value = at, *name = at + 1;
			size_t value_len = 1, name_len = 0;
			if (*at == '$') {
				while (is_letter(name[name_len]))
					name_len++;
				value = value_of(places, name, name_len);
				*unknown = at;
				*len = name_len + 1;
				if (!value)
					return NULL;
				value_len = strlen(value);
			}
			if (out)
				memcpy(out + size, value, value_len);
			size += value_len;
			at += 1 + name_len;
		}
		if (!out)
			out = pool_take(&rules->pool, size + 1);
		end = out + size;
	}
	*end = '\0';
	return out;
}

/* The word as snapd sees it, or NULL, with a word about it. */
static const char *expand(const struct checking *checking, const struct rules_word *word)
{
	const char *unknown;
	size_t len;
	const char *text =
		layout_expand(checking->rules, word->text, &checking->places, &unknown, &len);

	if (!text)
		diags_add(&checking->rules->diags, DIAG_ERROR, word->place,
			  "a layout cannot hold '%.*s'; its variables are $SNAP, $SNAP_DATA and "
			  "$SNAP_COMMON",
			  (int)len, unknown);
	return text;
}

/* ---- paths ---- */

/* Is PATH the path PREFIX, or beneath it? */
static bool is_in(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(path, prefix, len) == 0 && (!path[len] || path[len] == '/');
}

/* Absolute, and without what a cleaned path does not have: dots, double and trailing slashes. */
static bool is_clean(const char *path)
{
	if (*path != '/')
		return false;
	for (const char *slash = path; path[1] && *slash;) {
		const char *name = slash + 1;
		size_t len = strcspn(name, "/");
		if (!len || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
			return false;
		slash = name + len;
	}
	return true;
}

/* A directory in / can only be one that the bases of snaps have. */
static bool is_new_in_root(const char *path)
{
	static const char *const there[] = {
		"/bin",  "/etc",  "/lib",  "/lib64", "/meta", "/mnt", "/opt",
		"/root", "/sbin", "/snap", "/srv",   "/usr",  "/var", "/writable",
	};

	for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++)
		if (is_in(path, there[i]))
			return false;
	return path[1] != '\0';
}

static bool is_off_limits(const char *path)
{
	static const char *const areas[] = {
		"/dev",          "/proc",          "/sys",        "/media", "/run",
		"/tmp",          "/var/lib/snapd", "/var/snap",   "/home",  "/boot",
		"/lib/firmware", "/lib/modules",   "/lost+found",
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++)
		if (is_in(path, areas[i]))
			return true;
	return false;
}

static bool is_reserved(const struct checking *checking, const struct rules_word *word,
			const char *text)
{
	if (!strpbrk(text, "?*[]{}^\""))
		return false;
	wrong(checking, word, "holds one of ?*[]{}^\", which AppArmor keeps for itself",
	      "use another name");
	return true;
}

static void check_path(const struct checking *checking, struct item *item)
{
	const struct rules_word *word = &item->entry->path;
	const char *path = expand(checking, word);

	if (!path || is_reserved(checking, word, word->text))
		return;
	if (!is_clean(path)) {
		wrong(checking, word, "is not absolute and clean",
		      "write it from the root, without dots, double and trailing slashes");
		return;
	}
	if (is_off_limits(path))
		wrong(checking, word, "lies where snapd allows no layout",
		      "write it as a rule in meta/snapredir.rules, which may");
	else if (is_new_in_root(path))
		wrong(checking, word, "would make a new directory in /, and snapd allows none",
		      "write it as a rule in meta/snapredir.rules, which may");
	else if (strncmp(path, "/snap/", 6) == 0 &&
		 strncmp(path, checking->own, strlen(checking->own)) != 0)
		wrong(checking, word, "belongs to another snap", "take the layout out");
	else
		item->path = path;
}

/* ---- what is found at the path ---- */

static void check_source(const struct checking *checking, const struct rules_word *word,
			 struct item *item)
{
	const struct layout_places *places = &checking->places;
	const char *source = expand(checking, word);

	if (!source || is_reserved(checking, word, source))
		return;
	if (!is_clean(source))
		wrong(checking, word, "is not absolute and clean",
		      "write $SNAP/DIR, without dots, double and trailing slashes");
	else if (strncmp(source, places->snap, strlen(places->snap)) != 0 &&
		 strncmp(source, places->data, strlen(places->data)) != 0 &&
		 strncmp(source, places->common, strlen(places->common)) != 0)
		wrong(checking, word, "does not lie in the snap",
		      "begin it with $SNAP, $SNAP_DATA or $SNAP_COMMON, or write it as a rule in "
		      "meta/snapredir.rules");
	else
		item->source = source;
}

static void check_owner(const struct checking *checking, const struct rules_word *word)
{
	if (word->len && strcmp(word->text, "root") != 0)
		wrong(checking, word, "cannot own a layout", "write root, or nothing");
}

static void check_entry(const struct checking *checking, struct item *item)
{
	const struct layout_entry *entry = item->entry;
	enum layout_key kind = layout_kind(entry);

	check_path(checking, item);
	if (entry->broken)
		return;
	if (kind == LAYOUT_KEYS)
		wrong(checking, &entry->path, "says nothing or too much about what is to be there",
		      "write one of bind, bind-file, symlink and type: tmpfs");
	else if (kind != LAYOUT_TYPE)
		check_source(checking, &entry->value[kind], item);
	else if (strcmp(entry->value[kind].text, "tmpfs") != 0)
		wrong(checking, &entry->value[kind], "is no type of a layout", "write type: tmpfs");
	check_owner(checking, &entry->value[LAYOUT_USER]);
	check_owner(checking, &entry->value[LAYOUT_GROUP]);
	if (layout_mode(entry) < 0)
		wrong(checking, &entry->value[LAYOUT_MODE], "is no mode of a layout",
		      "write permission bits in octal, at most 1777");
}

/* ---- of several layouts together ---- */

/* By bytes, but a slash is the least of all: what lies beneath a path follows it at once. */
static int by_path(const void *left, const void *right)
{
	const char *a = ((const struct item *)left)->path, *b = ((const struct item *)right)->path;

	if (!a || !b)
		return (a != NULL) - (b != NULL);
	while (*a && *a == *b)
		a++, b++;
	if (!*a || !*b)
		return (*a != '\0') - (*b != '\0');
	return (*a == '/' ? 0 : (unsigned char)*a) - (*b == '/' ? 0 : (unsigned char)*b);
}

static void check_nesting(const struct checking *checking)
{
	const struct item *above = NULL;

	qsort(checking->item, checking->count, sizeof(*checking->item), by_path);
	for (size_t i = 0; i < checking->count; i++) {
		const struct item *item = &checking->item[i];
		if (!item->path)
			continue;
		if (above && is_in(item->path, above->path))
			diags_add(&checking->rules->diags, DIAG_ERROR, item->entry->path.place,
				  "'%.512s' lies beneath the layout of %s:%u; snapd allows no "
				  "layout in another, so move what it leads to there, or use rules",
				  item->entry->path.text, above->entry->path.place.file,
				  above->entry->path.place.line);
		else
			above = item;
	}
}

static int by_source(const void *left, const void *right)
{
	const char *a = ((const struct item *)left)->source,
		   *b = ((const struct item *)right)->source;

	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static void check_use(const struct checking *checking)
{
	const struct item *last = NULL;

	qsort(checking->item, checking->count, sizeof(*checking->item), by_source);
	for (size_t i = 0; i < checking->count; i++) {
		const struct item *item = &checking->item[i];
		enum layout_key kind = layout_kind(item->entry);
		if (!item->source || kind == LAYOUT_SYMLINK)
			continue;
		if (last && strcmp(item->source, last->source) == 0 &&
		    kind != layout_kind(last->entry))
			diags_add(&checking->rules->diags, DIAG_ERROR,
				  item->entry->value[kind].place,
				  "'%.512s' is a file in one layout and a directory in another, "
				  "%s:%u; write bind-file for a file in both",
				  item->entry->value[kind].text, last->entry->path.place.file,
				  last->entry->path.place.line);
		last = item;
	}
}

static const char *join(struct rules *rules, const char *a, const char *b, const char *c)
{
	size_t len = strlen(a) + strlen(b) + strlen(c) + 1;
	char *text = pool_take(&rules->pool, len);

	snprintf(text, len, "%s%s%s", a, b, c);
	return text;
}

void layout_check(struct rules *rules, const struct layout *layout)
{
	const char *name = *layout->name ? layout->name : "unnamed";
	struct checking checking = {
		.rules = rules,
		.own = join(rules, "/snap/", name, ""),
		/* snapd checks before there is a revision */
		.places = {join(rules, "/snap/", name, "/unset"),
			   join(rules, "/var/snap/", name, "/unset"),
			   join(rules, "/var/snap/", name, "/common")},
		.item = pool_grow(NULL, layout->count + 1, sizeof(struct item)),
		.count = layout->count,
	};

	for (size_t i = 0; i < layout->count; i++) {
		checking.item[i] = (struct item){.entry = &layout->entry[i]};
		check_entry(&checking, &checking.item[i]);
	}
	check_nesting(&checking);
	check_use(&checking);
	free(checking.item);
}
