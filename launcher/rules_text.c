/* SPDX-License-Identifier: MIT
 * The rules language, with positions: text in, a list of rules and a list of problems out.
 * The launcher calls it. It must never stop at the first problem, nor act on a rule.
 */
#include "launcher/rules_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/layout.h"
#include "launcher/rules_kinds.h"
#include "launcher/rules_words.h"
#include "launcher/suggest.h"

/* A file that is being read; the one that includes it is behind it. */
struct rules_file {
	struct rules_file *outer;
	const char *name;
	dev_t dev;
	ino_t ino;
};

static const char *const engine_names[] = {"auto", "preload", "trace", "hybrid", NULL};

int rules_engine_named(const char *name, enum snr_engine *engine, const char **near)
{
	for (unsigned i = 0; engine_names[i]; i++) {
		if (strcmp(name, engine_names[i]) == 0) {
			*engine = (enum snr_engine)i;
			return 0;
		}
	}
	*near = suggest(name, engine_names);
	return -EINVAL;
}

const char *rules_engine_name(enum snr_engine engine)
{
	return engine_names[engine];
}

void rules_add(struct rules *rules, const struct rules_rule *rule)
{
	if (rules->count == SNR_MAX_RULES) {
		if (!rules->too_many)
			diags_add(&rules->diags, DIAG_ERROR, rule->place,
				  "more than %u rules; put rules of one tree together by a rule "
				  "for their parent directory",
				  SNR_MAX_RULES);
		rules->too_many = true;
		return;
	}
	if (rules->count == rules->room) {
		rules->room = rules->room ? rules->room * 2 : 64;
		rules->rule = pool_grow(rules->rule, rules->room, sizeof(*rules->rule));
	}
	rules->rule[rules->count++] = *rule;
}

static void read_engine(struct rules *rules, const struct rules_line *line)
{
	const struct rules_word *kind = &line->word[0], *name = &line->word[1];
	bool require = strcmp(kind->text, "require") == 0;
	struct rules_engine *said = require ? &rules->require : &rules->engine;
	enum snr_engine engine;
	const char *near;

	if (line->count != 2) {
		diags_add(&rules->diags, DIAG_ERROR, kind->place,
			  "%s needs one word; write: %s preload, or: %s trace", kind->text,
			  kind->text, kind->text);
		return;
	}
	if (line->broken)
		return;
	if (rules_engine_named(name->text, &engine, &near) < 0 ||
	    (require && engine == SNR_ENGINE_AUTO)) {
		diags_add(&rules->diags, DIAG_ERROR, name->place,
			  "'%s' is no engine to %s; name one of %spreload, trace, hybrid",
			  name->text, require ? "require" : "choose", require ? "" : "auto, ");
		return;
	}
	if (said->place.file && said->engine != engine)
		diags_add(&rules->diags, DIAG_WARNING, kind->place,
			  "this replaces '%s %s' of %s:%u; leave one of them out", kind->text,
			  rules_engine_name(said->engine), said->place.file, said->place.line);
	*said = (struct rules_engine){engine, kind->place};
}

static void read_file(struct rules *rules, const char *file, const struct place *from,
		      bool optional);

/* A relative name is looked for beside the file that names it. */
static const char *beside(struct rules *rules, const struct rules_word *name)
{
	const char *slash = strrchr(name->place.file, '/');

	if (*name->text == '/' || !slash)
		return name->text;
	size_t len = (size_t)(slash - name->place.file) + 1;
	char *file = pool_take(&rules->pool, len + name->len + 1);
	memcpy(file, name->place.file, len);
	memcpy(file + len, name->text, name->len + 1);
	return file;
}

static void read_include(struct rules *rules, const struct rules_line *line)
{
	const struct rules_word *name = &line->word[1];
	bool optional = false;

	if (line->count == 3 && strcmp(line->word[2].text, "optional") == 0) {
		optional = true;
	} else if (line->count != 2) {
		diags_add(&rules->diags, DIAG_ERROR, line->word[0].place,
			  "include needs one file; write: include FILE [optional] (a name with "
			  "blanks must be quoted)");
		return;
	}
	if (line->broken)
		return;
	read_file(rules, beside(rules, name), &name->place, optional);
}

static void read_layout(struct rules *rules, const struct rules_line *line)
{
	if (line->count != 2)
		diags_add(&rules->diags, DIAG_ERROR, line->word[0].place,
			  "layout needs one file; write: layout $SNAP/meta/snap.yaml (a name with "
			  "blanks must be quoted)");
	else if (!line->broken)
		layout_read(rules, beside(rules, &line->word[1]), &line->word[1].place,
			    LAYOUT_ALWAYS);
}

static void read_line(struct rules *rules, const struct rules_line *line)
{
	const char *kind = line->word[0].text;

	if (line->bad[0])
		return;
	if (strcmp(kind, "include") == 0)
		read_include(rules, line);
	else if (strcmp(kind, "layout") == 0)
		read_layout(rules, line);
	else if (strcmp(kind, "engine") == 0 || strcmp(kind, "require") == 0)
		read_engine(rules, line);
	else
		rules_read_kind(rules, line);
}

/* ---- texts and files ---- */

void rules_read_text(struct rules *rules, const char *name, const char *text, size_t size)
{
	const char *file = pool_copy(&rules->pool, name, strlen(name));
	const char *nul = memchr(text, '\0', size);
	struct rules_reader reader;
	struct rules_line line;

	if (nul) {
		struct place place = {file, 1, 1};
		for (const char *at = text; at < nul; at++) {
			place.column++;
			if (*at == '\n') {
				place.line++;
				place.column = 1;
			}
		}
		diags_add(&rules->diags, DIAG_ERROR, place,
			  "a NUL byte: this is no text file; name a file of rules as plain text");
		return;
	}
	rules_reader_start(&reader, rules, file, text, size);
	while (rules_next_line(&reader, &line))
		read_line(rules, &line);
	rules_reader_end(&reader);
}

/* All of FD in memory of malloc. Stops early at a NUL byte, since no more need be known of it.
 * Returns the size, or -errno. */
static ssize_t read_all(int fd, char **text)
{
	size_t size = 0, room = 0;

	*text = NULL;
	for (;;) {
		if (room - size < 16384) {
			room = room ? room * 2 : 65536;
			*text = pool_grow(*text, room, 1);
		}
		ssize_t got = read(fd, *text + size, room - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		size += (size_t)got;
		if (size > RULES_FILE_SIZE)
			return -EFBIG;
		if (got == 0 || memchr(*text + size - got, '\0', (size_t)got))
			return (ssize_t)size;
	}
}

static const char *remedy(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "check the name";
	case EACCES:
	case EPERM:
		return "make it readable for this user";
	case EISDIR:
		return "name the files in it one by one";
	case EFBIG:
		return "rules files end at 64 MiB";
	default:
		return "check the file";
	}
}

void rules_cannot_read(struct rules *rules, const char *file, const struct place *from, int error)
{
	struct place whole = {file, 0, 0};

	if (from)
		diags_add(&rules->diags, DIAG_ERROR, *from, "cannot include %s: %s; %s", file,
			  strerror(error), remedy(error));
	else
		diags_add(&rules->diags, DIAG_ERROR, whole, "cannot read these rules: %s; %s",
			  strerror(error), remedy(error));
}

/* FILE is one that is being read already: tell the way that led here. */
static bool is_cycle(struct rules *rules, const struct rules_file *file, const struct place *from)
{
	for (const struct rules_file *outer = rules->reading; outer; outer = outer->outer) {
		if (outer->dev != file->dev || outer->ino != file->ino)
			continue;
		diags_add(&rules->diags, DIAG_ERROR, *from,
			  "%s includes itself by this line; take the line out", outer->name);
		return true;
	}
	if (rules->depth < RULES_INCLUDE_DEPTH)
		return false;
	diags_add(&rules->diags, DIAG_ERROR, *from,
		  "includes are more than %d deep here; include the file from an outer one",
		  RULES_INCLUDE_DEPTH);
	return true;
}

static void read_open_file(struct rules *rules, int fd, struct rules_file *file,
			   const struct place *from)
{
	struct stat stat;
	char *text = NULL;
	ssize_t size;

	if (fstat(fd, &stat) < 0 || S_ISDIR(stat.st_mode)) {
		rules_cannot_read(rules, file->name, from, EISDIR);
		return;
	}
	file->dev = stat.st_dev;
	file->ino = stat.st_ino;
	if (is_cycle(rules, file, from))
		return;
	size = read_all(fd, &text);
	if (size < 0) {
		rules_cannot_read(rules, file->name, from, (int)-size);
	} else {
		rules->reading = file;
		rules->depth++;
		rules_read_text(rules, file->name, text, (size_t)size);
		rules->depth--;
		rules->reading = file->outer;
	}
	free(text);
}

static void read_file(struct rules *rules, const char *name, const struct place *from,
		      bool optional)
{
	struct rules_file file = {
		.outer = rules->reading,
		.name = pool_copy(&rules->pool, name, strlen(name)),
	};
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		if (!optional || errno != ENOENT)
			rules_cannot_read(rules, file.name, from, errno);
		return;
	}
	read_open_file(rules, fd, &file, from);
	close(fd);
}

void rules_read_file(struct rules *rules, const char *file)
{
	read_file(rules, file, NULL, false);
}

void rules_read_map(struct rules *rules, enum snr_kind kind, const char *word)
{
	const char *option = kind == SNR_OVERLAY ? "-o" : "-m";
	struct place place = {option, 0, 0};
	struct rules_rule rule = {.kind = (uint8_t)kind, .place = place};
	char *text = pool_take(&rules->pool, strlen(word) + 2);
	char *target = NULL, *out = text;

	for (const char *at = word; *at; at++) {
		if (at[0] == '\\' && at[1] == '=') {
			*out++ = *++at;
		} else if (*at == '=' && !target) {
			*out++ = '\0';
			target = out;
		} else {
			*out++ = *at;
		}
	}
	*out = '\0';
	if (!target) {
		diags_add(&rules->diags, DIAG_ERROR, place, "'%s' has no '='; write %s PATH=%s",
			  word, option, kind == SNR_OVERLAY ? "DIR" : "TARGET");
		return;
	}
	rule.path = (struct rules_word){text, (uint32_t)strlen(text), place};
	rule.target = (struct rules_word){target, (uint32_t)strlen(target), place};
	rules_add(rules, &rule);
}

void rules_free(struct rules *rules)
{
	free(rules->rule);
	diags_free(&rules->diags);
	pool_free(&rules->pool);
	*rules = (struct rules){0};
}
