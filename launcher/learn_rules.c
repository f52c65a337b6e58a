/* SPDX-License-Identifier: MIT
 * What a learning run suggests: a text of rules with reasons. learn.c calls it. It must never
 * suggest a line that `--check` would refuse.
 */
#include <stdio.h>

#include "launcher/learn_rules.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "launcher/errnos.h"
#include "launcher/learn_places.h"
#include "launcher/rules_check.h"
#include "shared/match.h"

#define MAX_MISSES 60 /* lines of comments; the report has all */

/* A line to be: a rule for PATH, of which OF is why. Those of one path are one line. */
struct line {
	const char *path;
	size_t len;
	const struct tally_path *of;
};

struct lines {
	struct line *line;
	size_t count;
	size_t room;
};

struct writer {
	const struct learnt *learnt;
	struct places places;
	struct lines served; /* what a line was written for already */
	struct pool pool;
	FILE *out;
};

static void add_line(struct writer *writer, struct lines *lines, size_t len,
		     const struct tally_path *of)
{
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 64;
		lines->line = pool_grow(lines->line, lines->room, sizeof(*lines->line));
	}
	lines->line[lines->count++] =
		(struct line){pool_copy(&writer->pool, of->path, len), len, of};
}

static int by_path(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	return order ? order : strcmp(one->of->path, other->of->path);
}

/* ---- words and reasons ---- */

static bool is_plain(const char *text, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "/._+-,:@%=~";

	return strspn(text, plain) >= len;
}

/* PATH as (the rest of) a word of the rules; BEFORE is put as it is. */
static void put_word(FILE *out, const char *before, const char *path, size_t len)
{
	bool plain = is_plain(path, len);

	fprintf(out, "%s%s", plain ? "" : "\"", before);
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\\"$", path[i]))
			fputc('\\', out);
		fputc(path[i], out);
	}
	if (!plain)
		fputc('"', out);
}

void learn_put_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char byte = (unsigned char)text[i];
		size_t size = byte < 0x80   ? 1
			      : byte < 0xc2 ? 0
			      : byte < 0xe0 ? 2
			      : byte < 0xf0 ? 3
			      : byte < 0xf5 ? 4
					    : 0;
		size_t good = 1;

		while (good < size && i + good < len && ((unsigned char)text[i + good] >> 6) == 2)
			good++;
		if (!size || good < size || byte < 0x20 || byte == 0x7f) {
			fprintf(out, "\\x%02x", byte);
			i++;
		} else {
			fwrite(text + i, 1, size, out);
			i += size;
		}
	}
}

static void put_path(FILE *out, const struct tally_path *path)
{
	learn_put_text(out, path->path, path->len);
}

/* "acme: openat, ENOENT" */
static void put_who(const struct writer *writer, uint32_t index)
{
	const struct tally *tally = writer->learnt->tally;
	const struct tally_row *row = &tally->row[index];
	const char *comm = tally->process[row->process].comm;

	learn_put_text(writer->out, comm, strlen(comm));
	fprintf(writer->out, ": %s", snr_pathops[row->op].name);
	if (row->result < 0)
		fprintf(writer->out, ", %s", errno_name(-row->result));
}

/* The comment above a rule of which the lines FROM to END are the reason. */
static void put_reason(const struct writer *writer, const char *what, const struct line *from,
		       const struct line *end, bool wrote)
{
	fprintf(writer->out, "# %s ", what);
	put_path(writer->out, from->of);
	fputs(" (", writer->out);
	put_who(writer, wrote ? from->of->wrote_by : from->of->first_by);
	fputs(")", writer->out);
	if (end - from > 1)
		fprintf(writer->out, " and %td more", end - from - 1);
	fputs("\n", writer->out);
}

static void put_bind(const struct writer *writer, const struct line *line, const char *root,
		     const char *options)
{
	fputs("bind  ", writer->out);
	put_word(writer->out, "", line->path, line->len);
	fputs("  ", writer->out);
	put_word(writer->out, root, line->path, line->len);
	fprintf(writer->out, "%s%s\n", *options ? "  " : "", options);
}

/* Names that no rules file can hold are told instead. */
static bool can_be_written(const struct writer *writer, const struct line *line)
{
	if (!memchr(line->path, '\n', line->len) && !memchr(line->path, '\r', line->len))
		return true;
	fputs("# (a name with a line break cannot be written in a rules file)\n", writer->out);
	return false;
}

static bool has_line(const struct writer *writer, size_t from, const char *path, size_t len)
{
	for (size_t i = from; i < writer->served.count; i++)
		if (place_is_below(path, len, writer->served.line[i].path,
				   writer->served.line[i].len))
			return true;
	return false;
}

/* Sort LINES; call PUT for each run of lines of one path. A path below one of the same section is
 * served by that one's line. */
static void put_lines(struct writer *writer, struct lines *lines,
		      void (*put)(const struct writer *writer, const struct line *from,
				  const struct line *end))
{
	size_t first = writer->served.count;

	if (lines->count)
		qsort(lines->line, lines->count, sizeof(*lines->line), by_path);
	for (size_t i = 0, end; i < lines->count; i = end) {
		const struct line *line = &lines->line[i];

		for (end = i + 1; end < lines->count; end++)
			if (strcmp(lines->line[end].path, line->path) != 0)
				break;
		if (has_line(writer, first, line->path, line->len))
			continue;
		add_line(writer, &writer->served, line->len, line->of);
		put(writer, line, &lines->line[end]);
	}
	free(lines->line);
	*lines = (struct lines){0};
}

/* Did a rule of the run decide where PATH leads? What comes of a call that was refused for the
 * rule's sake names none. */
static bool is_served(const struct writer *writer, const struct tally_path *path)
{
	const struct snr_image *image = writer->learnt->image;
	uint32_t rule = path->rule;
	size_t rest;

	if (rule == SNR_NO_RULE)
		rule = snr_match_longest(image, path->path, path->len, &rest);
	return rule != SNR_NO_RULE && snr_rule(image, rule)->kind != SNR_PARENT;
}

/* ---- in the snap, and not here ---- */

static void put_found(const struct writer *writer, const struct line *from, const struct line *end)
{
	put_reason(writer, "looked for, not on this system, and in $SNAP:", from, end, false);
	if (can_be_written(writer, from))
		put_bind(writer, from, "$SNAP", "");
}

static void put_double(const struct writer *writer, const struct line *from, const struct line *end)
{
	bool vendor = place_is_vendor(from->path, from->len);

	put_reason(writer,
		   vendor ? "on this system by chance, and in $SNAP:"
			  : "found on this system, in $SNAP too; needed where the system lacks it:",
		   from, end, false);
	if (!can_be_written(writer, from))
		return;
	if (!vendor)
		fputs("# ", writer->out);
	put_bind(writer, from, "$SNAP", "");
}

static void suggest_snap(struct writer *writer)
{
	const struct tally *tally = writer->learnt->tally;
	struct lines found = {0}, doubles = {0};

	for (uint32_t i = 0; i < tally->npaths; i++) {
		const struct tally_path *path = &tally->path[i];

		if (is_served(writer, path) ||
		    places_know(&writer->places, path->path, path->len) ||
		    !places_has_in_snap(&writer->places, path->path, path->len))
			continue;
		if (!path->found && path->first < 0)
			add_line(writer, &found, places_top_missing(&writer->places, path), path);
		else if (path->opened)
			add_line(writer, &doubles, places_top_in_snap(&writer->places, path), path);
	}
	if (found.count || doubles.count)
		fputs("\n# ---- what the snap brings along ----\n", writer->out);
	put_lines(writer, &found, put_found);
	put_lines(writer, &doubles, put_double);
}

/* ---- what is written ---- */

static bool is_directory(const struct line *line)
{
	struct stat now;

	return line->len < line->of->len || line->of->directory ||
	       (stat(line->path, &now) == 0 && S_ISDIR(now.st_mode));
}

static void put_written(const struct writer *writer, const struct line *from,
			const struct line *end)
{
	bool directory = is_directory(from);

	put_reason(writer, "written:", from, end, true);
	if (!directory && from->of->replaced)
		fputs("# It is removed or renamed, which a rule for just this file refuses "
		      "(EBUSY): "
		      "look whether the program minds.\n",
		      writer->out);
	if (from->of->first >= 0 && !from->of->directory && !directory)
		fputs("# The file was there before: the program may want its contents.\n",
		      writer->out);
	if (can_be_written(writer, from))
		put_bind(writer, from, place_root(from->path, from->len),
			 directory ? "create=dir" : "create=file");
}

/* Where what a program wrote to PATH went. */
static const char *real_name(const struct tally *tally, const struct tally_path *path)
{
	uint32_t to = tally->row[path->wrote_by].to;

	return to ? tally->to[to - 1] : path->path;
}

static void suggest_writes(struct writer *writer)
{
	const struct tally *tally = writer->learnt->tally;
	struct lines written = {0};
	unsigned home = 0;

	for (uint32_t i = 0; i < tally->npaths; i++) {
		const struct tally_path *path = &tally->path[i];
		const char *real = path->wrote ? real_name(tally, path) : NULL;

		if (!path->wrote || places_may_write(&writer->places, real))
			continue;
		if (is_served(writer, path) && !places_is_in_snap(&writer->places, real))
			continue;
		if (places_is_home(&writer->places, real))
			home++;
		else
			add_line(writer, &written, places_top_written(&writer->places, path), path);
	}
	if (written.count || home)
		fputs("\n# ---- what is written where a strictly confined snap may not ----\n",
		      writer->out);
	put_lines(writer, &written, put_written);
	if (home)
		fprintf(writer->out,
			"# %u paths in the home directory are written: in a strictly confined snap "
			"$HOME is\n# $SNAP_USER_DATA, so that a program which asks $HOME needs no "
			"rule.\n",
			home);
}

/* ---- shared memory ---- */

static void suggest_shm(struct writer *writer)
{
	const struct tally *tally = writer->learnt->tally;
	const struct tally_path *first = NULL;
	unsigned count = 0;

	for (uint32_t i = 0; i < tally->npaths; i++) {
		const struct tally_path *path = &tally->path[i];

		if (is_served(writer, path) || !place_is_shm(path->path, path->len) ||
		    places_is_own_shm(&writer->places, path->path))
			continue;
		first = first ? first : path;
		count++;
	}
	if (!first)
		return;
	fputs("\n# ---- shared memory: a strict snap may only use names with its own in front "
	      "----\n# asked for: ",
	      writer->out);
	put_path(writer->out, first);
	fputs(" (", writer->out);
	put_who(writer, first->first_by);
	fprintf(writer->out, ")");
	if (count > 1)
		fprintf(writer->out, " and %u more", count - 1);
	fputs("\nprefix  /dev/shm  snap.$SNAP_INSTANCE_NAME.\n", writer->out);
}

/* ---- what was nowhere ---- */

static void put_missing(const struct writer *writer, const struct line *from,
			const struct line *end)
{
	fputs("#   ", writer->out);
	learn_put_text(writer->out, from->path, from->len);
	fputs("  (", writer->out);
	put_who(writer, from->of->first_by);
	if (end - from > 1)
		fprintf(writer->out, "; %td paths", end - from);
	fputs(")\n", writer->out);
}

static void list_misses(struct writer *writer)
{
	const struct tally *tally = writer->learnt->tally;
	struct lines missing = {0};
	size_t left_out = 0;

	for (uint32_t i = 0; i < tally->npaths; i++) {
		const struct tally_path *path = &tally->path[i];

		if (path->found || path->wrote || is_served(writer, path) ||
		    (path->first != -ENOENT && path->first != -ENOTDIR) ||
		    places_know(&writer->places, path->path, path->len) ||
		    place_is_optional(path->path, path->len) || places_is_search(tally, path) ||
		    places_has_in_snap(&writer->places, path->path, path->len))
			continue;
		if (has_line(writer, 0, path->path, path->len))
			continue;
		add_line(writer, &missing, places_top_missing_all(&writer->places, path), path);
	}
	if (!missing.count)
		return;
	if (missing.count > MAX_MISSES) {
		qsort(missing.line, missing.count, sizeof(*missing.line), by_path);
		left_out = missing.count - MAX_MISSES;
		missing.count = MAX_MISSES;
	}
	fputs("\n# ---- looked for and found nowhere: what the snap may lack ----\n", writer->out);
	put_lines(writer, &missing, put_missing);
	if (left_out)
		fprintf(writer->out, "#   ... and %zu paths more, which --report shows\n",
			left_out);
}

/* ---- the whole ---- */

static void put_head(struct writer *writer)
{
	const struct learnt *learnt = writer->learnt;
	const struct tally *tally = learnt->tally;
	char date[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(date, sizeof(date), "%Y-%m-%d", localtime_r(&now, &tm));
	fputs("# Suggested by snapredir --learn, from a run of:", writer->out);
	for (char *const *word = learnt->program; *word; word++) {
		fputc(' ', writer->out);
		learn_put_text(writer->out, *word, strlen(*word));
	}
	fprintf(writer->out,
		"\n# %s, %llu calls about %u paths. Read it, try it, and keep what is right.\n",
		date, (unsigned long long)tally->calls, tally->npaths);
	if (learnt->image->nrules) {
		fputs("# What the rules of that run served is not repeated here: ", writer->out);
		learn_put_text(writer->out, learnt->where, strlen(learnt->where));
		fputs("\n", writer->out);
	}
	if (!writer->places.snap)
		fputs("# SNAP was not set: with SNAP=DIRECTORY, the root of the snap's files, it "
		      "would say what is in there.\n",
		      writer->out);
	if (tally->lost)
		fprintf(writer->out, "# %llu calls were left out: their names are too long.\n",
			(unsigned long long)tally->lost);
}

/* Comment out the lines of *TEXT that --check refuses, with its reason. True: there were some. */
static bool comment_out(char **text, size_t *size, const char *file)
{
	struct rules rules = {0};
	struct rules_set set = {0};
	char *out_text = NULL;
	size_t out_size = 0;
	FILE *out = open_memstream(&out_text, &out_size);
	const char *at = *text;
	bool found = false;

	rules_read_text(&rules, file, *text, *size);
	rules_check(&rules, &set);
	for (uint32_t line = 1; out && *at; line++) {
		size_t len = strcspn(at, "\n");
		const struct diag *wrong = NULL;

		for (size_t i = 0; i < rules.diags.count && !wrong; i++)
			if (rules.diags.item[i].kind == DIAG_ERROR &&
			    rules.diags.item[i].place.line == line)
				wrong = &rules.diags.item[i];
		if (wrong)
			fprintf(out, "# not yet: %s\n# ", wrong->text);
		found |= wrong != NULL;
		fprintf(out, "%.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
	rules_set_free(&set);
	diags_free(&rules.diags);
	pool_free(&rules.pool);
	free(rules.rule);
	if (!out || fclose(out) != 0)
		return false;
	free(*text);
	*text = out_text;
	*size = out_size;
	return found;
}

char *learn_rules(const struct learnt *learnt, const char *file, size_t *size)
{
	struct writer writer = {.learnt = learnt};
	char *text = NULL;

	writer.out = open_memstream(&text, size);
	if (!writer.out)
		return NULL;
	places_find(&writer.places);
	put_head(&writer);
	if (writer.places.snap)
		suggest_snap(&writer);
	suggest_writes(&writer);
	suggest_shm(&writer);
	list_misses(&writer);
	pool_free(&writer.pool);
	free(writer.served.line);
	if (fclose(writer.out) != 0)
		return NULL;
	while (comment_out(&text, size, file))
		;
	return text;
}
