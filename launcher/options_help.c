/* SPDX-License-Identifier: MIT
 * What --help prints: the rows of options.def between two paragraphs. Only main.c calls it.
 * It must never name an option by itself.
 */
#include "launcher/options.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 27 /* where the explanation begins */

static const char before[] =
	"Usage: snapredir [OPTION]... [--] PROGRAM [ARG]...\n"
	"       snapredir --check [OPTION]...\n"
	"       snapredir --explain PATH [OPTION]...\n"
	"Run PROGRAM so that it finds other files at the paths that it knows.\n"
	"\n";

static const char after[] =
	"\n"
	"Without rules so named they are those of $SNAPREDIR_RULES (a colon list of files), or\n"
	"$SNAP/meta/snapredir.rules, $SNAP/meta/snapredir.d/*.rules, and in a classic snap the\n"
	"layouts of $SNAP/meta/snap.yaml.\n"
	"Also read: SNAPREDIR_ENGINE, SNAPREDIR_REQUIRE, SNAPREDIR_LOG,\n"
	"SNAPREDIR_LOG_FORMAT, SNAPREDIR_VERBOSE; SNAPREDIR_DISABLE=1 runs PROGRAM untouched.\n"
	"\n"
	"Exit status: that of PROGRAM; 125 if snapredir itself fails, 126 if PROGRAM cannot\n"
	"be executed, 127 if it is not found. See snapredir(1) and snapredir-rules(5).\n";

enum argument { no_value, required_value, optional_value };

static const struct row {
	char letter;
	const char *name;
	enum argument argument;
	const char *value;
	const char *help;
} rows[] = {
#define OPTION(id, letter, name, argument, value, completion, help)                                \
	{letter, name, argument##_value, value, help},
#include "launcher/options.def"
#undef OPTION
};

static void print_row(const struct row *row, FILE *out)
{
	const char *line = row->help;
	int used = row->letter ? fprintf(out, "  -%c, --%s", row->letter, row->name)
			       : fprintf(out, "      --%s", row->name);

	if (row->argument == required_value)
		used += fprintf(out, " %s", row->value);
	else if (row->argument == optional_value)
		used += fprintf(out, "[=%s]", row->value);
	for (;;) {
		size_t len = strcspn(line, "\n");

		fprintf(out, "%*s%.*s\n", COLUMN - used, "", (int)len, line);
		if (!line[len])
			return;
		line += len + 1;
		used = 0;
	}
}

void options_help(FILE *out)
{
	fputs(before, out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		print_row(&rows[i], out);
	fputs(after, out);
}
