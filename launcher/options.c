/* SPDX-License-Identifier: MIT
 * The command line and the environment, as one answer: what the user asked for.
 * Only main.c and the tests call it. It must never act on anything, nor print.
 */
#include "launcher/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/rules_text.h"
#include "launcher/suggest.h"

/* OPT_RULES is 'r', OPT_CHECK some number above all letters. */
enum {
#define OPTION(id, letter, ...) OPT_##id = (letter) ? (letter) : 256 + __LINE__,
#include "launcher/options.def"
#undef OPTION
};

static const struct option table[] = {
#define OPTION(id, letter, name, argument, ...) {name, argument##_argument, NULL, OPT_##id},
#include "launcher/options.def"
#undef OPTION
	{NULL, 0, NULL, 0},
};

static int wrong(struct options *options, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(struct options *options, const char *subject, const char *format, ...)
{
	va_list list;

	snprintf(options->subject, sizeof(options->subject), "%s", subject);
	va_start(list, format);
	vsnprintf(options->problem, sizeof(options->problem), format, list);
	va_end(list);
	return -EINVAL;
}

/* The variable NAME; an empty one counts as none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static void add_source(struct options *options, enum options_source_kind kind, const char *text)
{
	options->source =
		pool_grow(options->source, options->nsources + 1, sizeof(*options->source));
	options->source[options->nsources++] = (struct options_source){kind, text};
}

static int read_engine(struct options *options, struct options_engine *engine, const char *from,
		       const char *name)
{
	const char *near = NULL;
	bool require = engine == &options->require;

	if (rules_engine_named(name, &engine->engine, &near) < 0)
		return wrong(options, from,
			     "'%.64s' is no engine; %s%s%sname one of %spreload, trace, hybrid",
			     name, near ? "did you mean '" : "", near ? near : "",
			     near ? "'? " : "", require ? "" : "auto, ");
	if (require && engine->engine == SNR_ENGINE_AUTO)
		return wrong(options, from,
			     "'auto' is met by every engine; name preload, trace or hybrid");
	engine->from = from;
	return 0;
}

static int read_io_uring(struct options *options, const char *how)
{
	options->io_uring = strcmp(how, "allow") == 0;
	return options->io_uring || strcmp(how, "deny") == 0
		       ? 0
		       : wrong(options, "--io-uring", "'%.64s' is neither allow nor deny; name one",
			       how);
}

static int read_format(struct options *options, const char *from, const char *name)
{
	if (strcmp(name, "text") != 0 && strcmp(name, "json") != 0)
		return wrong(options, from, "'%.64s' is no log format; name text or json", name);
	options->json = *name == 'j';
	return 0;
}

/* The snap.yaml of -L, or that of this snap. */
static int read_layout(struct options *options)
{
	const char *snap = variable("SNAP"), *name = "/meta/snap.yaml";

	if (!optarg && !snap)
		return wrong(options, "--layout",
			     "$SNAP is not set, so no snap.yaml is known; write --layout=FILE");
	if (optarg && !*optarg)
		return wrong(options, "--layout", "the file name is empty; write --layout=FILE");
	if (!optarg) {
		char *file = pool_take(&options->pool, strlen(snap) + strlen(name) + 1);
		optarg = strcat(strcpy(file, snap), name);
	}
	add_source(options, SOURCE_LAYOUT, optarg);
	return 0;
}

static int set_action(struct options *options, enum options_action action)
{
	/* Asking for help or the version wins over everything else that was asked. */
	if (options->action == ACTION_RUN || action >= ACTION_VERSION)
		options->action = action;
	else if (options->action != action)
		return wrong(options, "--check",
			     "cannot be had together with --explain; leave one out");
	return 0;
}

static int unknown(struct options *options, char **argv)
{
	const char *known[sizeof(table) / sizeof(*table)], *near = NULL;
	char word[64];
	size_t n = 0;

	if (optopt && optopt < 256) {
		snprintf(word, sizeof(word), "-%c", optopt);
	} else {
		snprintf(word, sizeof(word), "%.60s", argv[optind - 1]);
		word[strcspn(word, "=")] = '\0';
		for (; table[n].name; n++)
			known[n] = table[n].name;
		known[n] = NULL;
		if (strlen(word) > 2)
			near = suggest(word + 2, known);
		if (optopt)
			return wrong(options, word, "takes no value; leave out what follows the =");
	}
	return wrong(options, word, "unknown option; %s%s%s'snapredir --help' lists them",
		     near ? "did you mean --" : "", near ? near : "", near ? "? " : "");
}

static int missing(struct options *options, char **argv)
{
	char word[64];

	if (optopt < 256 && argv[optind - 1][1] != '-')
		snprintf(word, sizeof(word), "-%c", optopt);
	else
		snprintf(word, sizeof(word), "%.60s", argv[optind - 1]);
	return wrong(options, word, "needs a value behind it; 'snapredir --help' says which");
}

static int read_option(struct options *options, int option, char **argv)
{
	switch (option) {
	case 'r':
		add_source(options, SOURCE_FILE, optarg);
		return 0;
	case 'm':
	case 'o':
		add_source(options, option == 'm' ? SOURCE_MAP : SOURCE_OVERLAY, optarg);
		return 0;
	case 'e':
		return read_engine(options, &options->engine, "-e", optarg);
	case OPT_REQUIRE:
		return read_engine(options, &options->require, "--require", optarg);
	case 'l':
		options->log = optarg;
		return *optarg ? 0 : wrong(options, "-l", "the file name is empty; name a file");
	case OPT_LOG_FORMAT:
		return read_format(options, "--log-format", optarg);
	case 'v':
		options->verbose++;
		return 0;
	case OPT_STRICT:
		options->strict = true;
		return 0;
	case OPT_CHECK:
		return set_action(options, ACTION_CHECK);
	case OPT_EXPLAIN:
		options->explain = optarg;
		return *optarg ? set_action(options, ACTION_EXPLAIN)
			       : wrong(options, "--explain", "the path is empty; name one");
	case OPT_VERSION:
		return set_action(options, ACTION_VERSION);
	case OPT_HELP:
		return set_action(options, ACTION_HELP);
	case 'L':
		return read_layout(options);
	case OPT_STATS:
		options->stats = true;
		return 0;
	case OPT_IO_URING:
		return read_io_uring(options, optarg);
	case OPT_LEARN:
		options->learn = optarg;
		return *optarg ? 0
			       : wrong(options, "--learn", "the file name is empty; name a file");
	case OPT_REPORT:
		options->report = optarg;
		return *optarg ? 0
			       : wrong(options, "--report", "the file name is empty; name a file");
	case ':':
		return missing(options, argv);
	default:
		return unknown(options, argv);
	}
}

/* ---- the environment: what the command line has not said ---- */

static void read_rules_variable(struct options *options)
{
	const char *list = variable("SNAPREDIR_RULES");

	while (list && *list) {
		size_t len = strcspn(list, ":");
		if (len)
			add_source(options, SOURCE_FILE, pool_copy(&options->pool, list, len));
		list += len + (list[len] == ':');
	}
}

static int read_verbose_variable(struct options *options)
{
	const char *value = variable("SNAPREDIR_VERBOSE");

	if (!value || options->verbose)
		return 0;
	if (value[0] < '0' || value[0] > '2' || value[1])
		return wrong(options, "SNAPREDIR_VERBOSE", "'%.64s' is no level; set 0, 1 or 2",
			     value);
	options->verbose = (unsigned)(value[0] - '0');
	return 0;
}

/* The files that the variable names come before what -m and its like say, so that those win. */
static void put_variable_first(struct options *options)
{
	struct options_source *given = options->source;
	size_t count = options->nsources;

	for (size_t i = 0; i < count; i++)
		if (given[i].kind == SOURCE_FILE)
			return;
	options->source = NULL;
	options->nsources = 0;
	read_rules_variable(options);
	for (size_t i = 0; i < count; i++)
		add_source(options, given[i].kind, given[i].text);
	free(given);
}

static int read_environment(struct options *options, bool format_given)
{
	const char *engine = variable("SNAPREDIR_ENGINE");
	const char *require = variable("SNAPREDIR_REQUIRE");
	const char *format = variable("SNAPREDIR_LOG_FORMAT");
	int error = 0;

	put_variable_first(options);
	if (!options->log)
		options->log = variable("SNAPREDIR_LOG");
	if (engine && !options->engine.from)
		error = read_engine(options, &options->engine, "SNAPREDIR_ENGINE", engine);
	if (!error && require && !options->require.from)
		error = read_engine(options, &options->require, "SNAPREDIR_REQUIRE", require);
	if (!error && format && !format_given)
		error = read_format(options, "SNAPREDIR_LOG_FORMAT", format);
	return error ? error : read_verbose_variable(options);
}

static int check_words(struct options *options)
{
	const char *word = options->program[0];

	if (options->action == ACTION_RUN && !word)
		return wrong(
			options, "no program named",
			"say snapredir [OPTION]... PROGRAM [ARG]..., or see 'snapredir --help'");
	if (options->action == ACTION_CHECK && word)
		return wrong(options, "--check",
			     "runs nothing, so '%.64s' is too much; name a rules file with -r",
			     word);
	if (options->action == ACTION_EXPLAIN && word)
		return wrong(
			options, "--explain",
			"takes one path and runs nothing, so '%.64s' is too much; leave it out",
			word);
	return 0;
}

/* getopt(3)'s string. '+': our options end at the first word that is none; ':': a missing value is
 * ours to tell. */
static void list_letters(char *out)
{
	out += sprintf(out, "+:");
	for (const struct option *row = table; row->name; row++)
		if (row->val < 256)
			out += sprintf(out, "%c%s", row->val,
				       row->has_arg == required_argument   ? ":"
				       : row->has_arg == optional_argument ? "::"
									   : "");
}

int options_read(struct options *options, int argc, char **argv)
{
	const char *disable = variable("SNAPREDIR_DISABLE");
	char letters[2 + 3 * sizeof(table) / sizeof(*table) + 1];
	bool format_given = false;
	int option, error;

	*options = (struct options){.disabled = disable && strcmp(disable, "0") != 0};
	optind = 0; /* glibc: start anew */
	opterr = 0;
	list_letters(letters);
	while ((option = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		error = read_option(options, option, argv);
		if (error)
			return error;
		format_given |= option == OPT_LOG_FORMAT;
	}
	options->program = argv + optind;
	if (options->action >= ACTION_VERSION)
		return 0;
	error = check_words(options);
	/* Whoever is switched off shall not stumble over its own variables. */
	if (!error && !(options->disabled && options->action == ACTION_RUN))
		error = read_environment(options, format_given);
	if (options->verbose > 2)
		options->verbose = 2;
	return error;
}

void options_free(struct options *options)
{
	free(options->source);
	pool_free(&options->pool);
	*options = (struct options){0};
}
