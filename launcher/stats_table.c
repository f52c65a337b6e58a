/* SPDX-License-Identifier: MIT
 * The table of --stats. Called by the watcher. It must never print a name of a process or of a rule
 * in a way that looks like another line.
 */
#include "launcher/stats.h"

#include <inttypes.h>
#include <string.h>

#include "shared/log.h"
#include "tracer/filter.h"

static const char *const engines[] = {
	[SNR_ENGINE_PRELOAD] = "preload", [SNR_ENGINE_TRACE] = "trace"};

/* One table, in one of two forms. */
struct table {
	const struct snr_stats *stats;
	const struct snr_image *image;
	bool json;
	FILE *out;
};

static bool counted(const uint64_t *count, int n)
{
	for (int i = 0; i < n; i++)
		if (count[i])
			return true;
	return false;
}

static const char *stop_name(unsigned kind)
{
	static const char *const others[] = {"end of a changed call", "fork", "exec", "signal",
					     "other"};
	static const char *const extras[] = {
#define EXTRA_NAME(code, name) [FILTER_##code - SNR_NOPS] = #name,
		FILTER_EXTRAS(EXTRA_NAME)};

	if (kind < SNR_NOPS)
		return snr_pathops[kind].name;
	if (kind < FILTER_FIRST_ON)
		return extras[kind - SNR_NOPS];
	if (kind < FILTER_NCODES)
		return snr_on_calls[kind - FILTER_FIRST_ON].name;
	if (kind >= SNR_STOP_CODES && kind <= SNR_STOP_OTHER)
		return others[kind - SNR_STOP_CODES];
	return "?";
}

/* Whatever may come from outside, on one line, and within the quotes of JSON. */
static const char *printable(const char *text, char *out, size_t size)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		out[i] = text[i] >= ' ' && text[i] != '"' && text[i] != '\\' && text[i] < 0x7f
				 ? text[i]
				 : '?';
	out[i] = '\0';
	return i ? out : "-";
}

/* The columns that all lines have. */
static void put_counts(const struct table *table, const char *kind, const uint64_t *count)
{
	const char *form = table->json ? "{\"stats\":\"%s\",\"operations\":%" PRIu64
					 ",\"redirected\":%" PRIu64 ",\"refused\":%" PRIu64
					 ",\"faults\":%" PRIu64
				       : "%.0s%12" PRIu64 "%12" PRIu64 "%12" PRIu64 "%12" PRIu64;

	fprintf(table->out, form, kind, count[SNR_COUNT_CALLS], count[SNR_COUNT_REDIRECTED],
		count[SNR_COUNT_REFUSED], count[SNR_COUNT_FAULTS]);
}

static void put_heading(const struct table *table, const char *more, const char *what)
{
	if (!table->json)
		fprintf(table->out, "%12s%12s%12s%12s%s  %s\n", "operations", "redirected",
			"refused", "faults", more, what);
}

static void put_name(const struct table *table, const char *key, const char *name)
{
	fprintf(table->out, table->json ? ",\"%s\":\"%s\"}\n" : "%.0s  %s\n", key, name);
}

static void show_rules(const struct table *table)
{
	const struct snr_stats *stats = table->stats;
	char rule[SNR_LOG_SIZE], name[SNR_LOG_SIZE];
	unsigned idle = 0;

	put_heading(table, "", "rule");
	for (uint32_t i = 0; i <= stats->nrules; i++) {
		if (i < stats->nrules && !counted(stats->rule[i], SNR_COUNTS)) {
			/* a parent is nobody's rule */
			idle += snr_rule(table->image, i)->kind != SNR_PARENT;
			continue;
		}
		snr_log_rule(table->image, i < stats->nrules ? i : SNR_NO_RULE, rule, sizeof(rule));
		put_counts(table, "rule", stats->rule[i]);
		put_name(table, "rule", printable(rule, name, sizeof(name)));
	}
	fprintf(table->out,
		table->json ? "{\"stats\":\"unused\",\"rules\":%u}\n"
			    : "%12u rules were not used\n",
		idle);
}

static void show_engines(const struct table *table)
{
	put_heading(table, "", "engine");
	for (int i = SNR_ENGINE_PRELOAD; i <= SNR_ENGINE_TRACE; i++) {
		put_counts(table, "engine", table->stats->engine[i]);
		put_name(table, "engine", engines[i]);
	}
}

static void show_processes(const struct table *table)
{
	char name[sizeof(table->stats->process[0].name)];

	put_heading(table, "       stops  gate", "process");
	for (uint32_t i = 0; i < SNR_STATS_PROCESSES; i++) {
		const struct snr_stats_process *process = &table->stats->process[i];

		if (!process->pid)
			continue;
		put_counts(table, "process", process->count);
		fprintf(table->out,
			table->json ? ",\"stops\":%" PRIu64 ",\"gate\":%s,\"pid\":%d"
				    : "%12" PRIu64 "  %-4s  %d",
			process->count[SNR_COUNT_STOPS],
			table->json ? process->gate ? "true" : "false"
				    : (process->gate ? "yes" : "no"),
			(int)process->pid);
		put_name(table, "name", printable(process->name, name, sizeof(name)));
	}
}

static void show_stops(const struct table *table)
{
	if (!table->json)
		fprintf(table->out, "%12s  %s\n", "stops", "of the tracer");
	for (unsigned i = 0; i < SNR_STOP_KINDS; i++)
		if (table->stats->stop[i])
			fprintf(table->out,
				table->json ? "{\"stats\":\"stop\",\"stops\":%" PRIu64
					      ",\"of\":\"%s\"}\n"
					    : "%12" PRIu64 "  %s\n",
				table->stats->stop[i], stop_name(i));
}

void stats_show(const struct snr_stats *stats, const struct snr_image *image, bool json, FILE *out)
{
	const struct table table = {stats, image, json, out};

	if (!json)
		fprintf(out, "snapredir: stats:\n");
	show_rules(&table);
	show_engines(&table);
	show_processes(&table);
	if (image->engine != SNR_ENGINE_PRELOAD)
		show_stops(&table);
}
