/* SPDX-License-Identifier: MIT
 * --report: what a learning run heard, as one page that needs nothing else. learn.c calls it.
 * It must never let a file's name become a part of the page: all data are JSON in which no < is.
 */
#include <stdio.h>

#include "launcher/learn_report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "launcher/errnos.h"
#include "shared/log.h"

/* launcher/report.html, whole. */
extern const char page_text[];
extern const uint32_t page_size;
__asm__(".pushsection .rodata\n"
	".balign 4\n"
	"page_size:\n"
	".long page_end - page_text\n"
	"page_text:\n"
	".incbin \"launcher/report.html\"\n"
	"page_end:\n"
	".byte 0\n"
	".popsection\n");

static const char marker[] = "@DATA@";

/* ---- JSON ---- */

/* A string. What is no UTF-8 is shown as \xHH. */
static void put_string(FILE *out, const char *text, size_t len)
{
	char *shown = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&shown, &size);

	fputc('"', out);
	if (memory) {
		learn_put_text(memory, text, len);
		fclose(memory);
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)shown[i];

		if (byte < 0x20 || strchr("\"\\<>&", byte))
			fprintf(out, "\\u%04x", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
	free(shown);
}

static void put_text(FILE *out, const char *text)
{
	put_string(out, text, strlen(text));
}

/* The lines of a text. */
static void put_lines(FILE *out, const char *text, size_t len)
{
	fputs("[", out);
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t size = end ? (size_t)(end - text) : len;

		put_string(out, text, size);
		size += end != NULL;
		text += size;
		len -= size;
		fputs(len ? "," : "", out);
	}
	fputs("]", out);
}

static void put_rules(FILE *out, const struct snr_image *image)
{
	fputs("\"rules\":[", out);
	for (uint32_t i = 0; i < image->nrules; i++) {
		const struct snr_rule *rule = snr_rule(image, i);
		char place[SNR_PATH_MAX + 16];

		snprintf(place, sizeof(place), "%s:%u", snr_string(image, rule->file), rule->line);
		fputs(i ? ",[" : "[", out);
		put_text(out, rule->line ? place : snr_string(image, rule->file));
		fputc(',', out);
		put_text(out, snr_kind_name(rule->kind));
		fputc(',', out);
		put_string(out, snr_string(image, rule->path), rule->path.len);
		fputc(',', out);
		put_string(out, snr_string(image, rule->target), rule->target.len);
		fputc(']', out);
	}
	fputs("]", out);
}

static void put_errors(FILE *out, const struct tally *tally)
{
	bool seen[4096] = {false};
	const char *comma = "";

	fputs("\"errors\":{", out);
	for (uint32_t i = 0; i < tally->nrows; i++) {
		int error = -tally->row[i].result;

		if (error <= 0 || error >= 4096 || seen[error])
			continue;
		seen[error] = true;
		fprintf(out, "%s\"%d\":\"%s\"", comma, error, errno_name(error));
		comma = ",";
	}
	fputs("}", out);
}

static const char *engine_name(uint8_t engine)
{
	return engine == SNR_ENGINE_PRELOAD ? "preload" : "trace";
}

static void put_tally(FILE *out, const struct tally *tally)
{
	fputs("\"processes\":[", out);
	for (uint32_t i = 0; i < tally->nprocesses; i++) {
		fprintf(out, "%s[%d,", i ? "," : "", tally->process[i].pid);
		put_text(out, tally->process[i].comm);
		fputs("]", out);
	}
	fputs("],\n\"paths\":[", out);
	for (uint32_t i = 0; i < tally->npaths; i++) {
		fputs(i ? "," : "", out);
		put_string(out, tally->path[i].path, tally->path[i].len);
	}
	fputs("],\n\"to\":[", out);
	for (uint32_t i = 0; i < tally->nto; i++) {
		fputs(i ? "," : "", out);
		put_text(out, tally->to[i]);
	}
	fputs("],\n\"rows\":[", out);
	for (uint32_t i = 0; i < tally->nrows; i++) {
		const struct tally_row *row = &tally->row[i];

		fprintf(out, "%s[%u,%u,\"%s\",\"%s\",%d,%d,%u,%u,%d]", i ? "," : "", row->path,
			row->process, engine_name(row->engine), snr_pathops[row->op].name,
			row->result < 0 ? row->result : 0,
			row->rule == SNR_NO_RULE ? -1 : (int)row->rule, row->to, row->count,
			row->writes);
	}
	fputs("]", out);
}

/* "2026-11-21 15:04, 4711 calls of 3 processes, exited with 0" */
static void put_facts(FILE *out, const struct learnt *learnt)
{
	const struct tally *tally = learnt->tally;
	char date[32], text[256];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M", localtime_r(&now, &tm));
	len = snprintf(text, sizeof(text), "%s, %llu calls that name a file, ", date,
		       (unsigned long long)tally->calls);
	if (WIFSIGNALED(learnt->status))
		snprintf(text + len, sizeof(text) - (size_t)len, "ended by signal %d",
			 WTERMSIG(learnt->status));
	else
		snprintf(text + len, sizeof(text) - (size_t)len, "ended with status %d",
			 WEXITSTATUS(learnt->status));
	put_text(out, text);
}

static void put_data(FILE *out, const struct learnt *learnt, const char *rules, size_t rules_size)
{
	fputs("{\"program\":[", out);
	for (char *const *word = learnt->program; *word; word++) {
		fputs(word == learnt->program ? "" : ",", out);
		put_text(out, *word);
	}
	fputs("],\n\"facts\":", out);
	put_facts(out, learnt);
	fputs(",\n\"suggested\":", out);
	put_lines(out, rules, rules_size);
	fputs(",\n", out);
	put_rules(out, learnt->image);
	fputs(",\n", out);
	put_errors(out, learnt->tally);
	fputs(",\n", out);
	put_tally(out, learnt->tally);
	fputs("}", out);
}

char *learn_report(const struct learnt *learnt, const char *rules, size_t rules_size, size_t *size)
{
	const char *data = memmem(page_text, page_size, marker, strlen(marker));
	size_t before = data ? (size_t)(data - page_text) : page_size;
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out || !data)
		return NULL;
	fwrite(page_text, 1, before, out);
	put_data(out, learnt, rules, rules_size);
	before += strlen(marker);
	fwrite(page_text + before, 1, page_size - before, out);
	return fclose(out) == 0 ? text : NULL;
}
