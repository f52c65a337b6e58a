/* SPDX-License-Identifier: MIT
 * The `layout:` section of a snap.yaml as rules. The launcher calls it. It must never act on a
 * layout that snapd would refuse, nor change the file system.
 */
#include "launcher/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/layout_check.h"

/* WORD with the values that this snap has. False, with a word about it, where one is not set. */
static bool expand_word(struct rules *rules, struct rules_word *word)
{
	struct layout_places places = {getenv("SNAP"), getenv("SNAP_DATA"), getenv("SNAP_COMMON")};
	const char *unset;
	size_t len;
	const char *text = layout_expand(rules, word->text, &places, &unset, &len);

	if (!text) {
		diags_add(&rules->diags, DIAG_ERROR, word->place,
			  "%.*s is not set, as it is in a snap; set it to try layouts elsewhere",
			  (int)len, unset);
		return false;
	}
	word->text = text;
	word->len = (uint32_t)strlen(text);
	return true;
}

/* snapd makes missing sources, where they can be written at all. */
static enum rules_create made(const struct rules_word *source, enum layout_key kind)
{
	if (strncmp(source->text, "$SNAP/", 6) == 0 || strcmp(source->text, "$SNAP") == 0)
		return RULES_CREATE_NONE;
	return kind == LAYOUT_BIND ? RULES_CREATE_DIR : RULES_CREATE_FILE;
}

/* The rule that does what ENTRY says. */
static struct rules_rule rule_of(const struct layout_entry *entry, enum layout_key kind)
{
	static const uint8_t kinds[] = {
		[LAYOUT_BIND] = SNR_BIND,
		[LAYOUT_BIND_FILE] = SNR_BIND,
		[LAYOUT_TYPE] = SNR_TMPFS,
		[LAYOUT_SYMLINK] = SNR_SYMLINK,
	};
	struct rules_rule rule = {
		.kind = kinds[kind],
		.place = entry->path.place,
		.path = entry->path,
		.target = entry->value[kind],
	};

	if (rule.kind == SNR_BIND) {
		rule.create = (uint8_t)made(&rule.target, kind);
	} else if (rule.kind == SNR_TMPFS) {
		rule.target.text = "";
		rule.target.len = 0;
		rule.has_mode = true;
		rule.mode = (uint16_t)layout_mode(entry);
	}
	return rule;
}

static void add_layout(struct rules *rules, const struct layout_entry *entry)
{
	enum layout_key kind = layout_kind(entry);
	struct rules_rule rule = rule_of(entry, kind);

	/* Both are looked at, so that both are told. */
	bool fine = expand_word(rules, &rule.path);
	if (expand_word(rules, &rule.target) && fine)
		rules_add(rules, &rule);
}

static size_t read_stream(struct rules *rules, FILE *stream, const char *file,
			  enum layout_when when)
{
	struct layout layout;
	size_t errors = rules->diags.errors;

	layout_parse(rules, stream, file, when == LAYOUT_IF_CLASSIC, &layout);
	layout_check(rules, &layout);
	for (size_t i = 0; i < layout.count && rules->diags.errors == errors; i++)
		add_layout(rules, &layout.entry[i]);
	free(layout.entry);
	return layout.count;
}

size_t layout_read(struct rules *rules, const char *file, const struct place *from,
		   enum layout_when when)
{
	const char *name = pool_copy(&rules->pool, file, strlen(file));
	FILE *stream = fopen(file, "re");
	struct stat stat;
	size_t count = 0;

	if (stream && fstat(fileno(stream), &stat) == 0 && S_ISDIR(stat.st_mode))
		rules_cannot_read(rules, name, from, EISDIR);
	else if (stream)
		count = read_stream(rules, stream, name, when);
	else if (when == LAYOUT_ALWAYS || errno != ENOENT)
		rules_cannot_read(rules, name, from, errno);
	if (stream)
		fclose(stream);
	return count;
}
