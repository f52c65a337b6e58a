/* SPDX-License-Identifier: MIT
 * snapredir: parse, plan, run. Reads as the program's summary; the work is done in the other files
 * of launcher/. It must never start a program with half of its rules.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/explain.h"
#include "launcher/fail.h"
#include "launcher/journal.h"
#include "launcher/learn.h"
#include "launcher/nested.h"
#include "launcher/options.h"
#include "launcher/plan.h"
#include "launcher/quiet.h"
#include "launcher/rules_check.h"
#include "launcher/rules_compile.h"
#include "launcher/run_directory.h"
#include "launcher/sources.h"
#include "launcher/start.h"
#include "launcher/stats.h"
#include "tracer/tracer.h"

/* All that is known of this run. */
struct run {
	struct options options;
	struct journal journal;
	struct rules rules;
	struct rules_set set;
	struct start_files files;
	struct plan plan;
	struct run_directory directory;
	struct image image;
	struct stats stats;
	struct learn learn;
	uint32_t outer;         /* rules of the snapredir that runs this one, in SET too */
	char where[1024];       /* the rules came from */
	char engine_from[4200]; /* "FILE:LINE" of an engine or require line */
	char require_from[4200];
	char why[512]; /* the probe's answer */
};

/* Standard input, output and error are there in the whole of this run, so that no descriptor of
 * ours becomes one of them. They are closed again for the program. */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* An answer that could not be written was not given. */
static int end_of_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	die(STATUS_FAILED, "standard output", "cannot be written: %m; check where it leads");
}

static void read_rules(struct run *run)
{
	sources_read(&run->options, &run->rules, run->where, sizeof(run->where));
	rules_check(&run->rules, &run->set);
	run->outer = nested_add(&run->rules, &run->set);
}

/* Rules that are wrong end the run before anything else happens. */
static void stop_if_wrong(struct run *run)
{
	if (!run->rules.diags.errors)
		return;
	diags_print(&run->rules.diags, false, stderr);
	exit(STATUS_FAILED);
}

/* Command line over environment over rules file. */
static enum snr_engine wish(const struct options_engine *said, const struct rules_engine *written,
			    char *from, size_t size)
{
	if (said->from) {
		snprintf(from, size, "%s", said->from);
		return said->engine;
	}
	if (written->place.file) {
		snprintf(from, size, "%s:%u", written->place.file, written->place.line);
		return written->engine;
	}
	snprintf(from, size, "engine");
	return SNR_ENGINE_AUTO;
}

static bool learns(const struct options *options)
{
	return options->learn || options->report;
}

static void plan_run(struct run *run, bool may_probe)
{
	struct plan_input input = {
		.engine = wish(&run->options.engine, &run->rules.engine, run->engine_from,
			       sizeof(run->engine_from)),
		.engine_from = run->engine_from,
		.require = wish(&run->options.require, &run->rules.require, run->require_from,
				sizeof(run->require_from)),
		.require_from = run->require_from,
		.nrules = run->set.count,
		.learns = learns(&run->options),
		.why = run->why,
		.has_shim = run->files.has_shim64,
		.shim = run->files.shim64,
	};

	if (may_probe && plan_needs_probe(&input)) {
		struct quiet quiet;

		quiet_begin(&quiet);
		input.probe = tracer_probe(run->why, sizeof(run->why));
		quiet_end(&quiet);
	}
	plan_decide(&input, &run->plan);
}

static int check(struct run *run)
{
	struct diags *diags = &run->rules.diags;

	plan_run(run, false);
	diags_print(diags, true, stderr);
	if (run->plan.way == PLAN_FAIL)
		say(run->plan.subject, "%s", run->plan.text);
	printf("%zu rules (%s): %zu errors, %zu warnings\n", run->rules.count - run->rules.implied,
	       run->where, diags->errors + (run->plan.way == PLAN_FAIL),
	       diags->count - diags->errors);
	end_of_output();
	return diags->errors || run->plan.way == PLAN_FAIL ? STATUS_FAILED : 0;
}

static bool holds_kind(const struct rules_set *set, enum snr_kind kind)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (rules_kind(&set->rule[i]) == kind)
			return true;
	return false;
}

static _Noreturn void fail_on_directory(const struct run *run, int error)
{
	die(STATUS_FAILED, run->directory.path[0] ? run->directory.path : "TMPDIR",
	    "a directory for this run cannot be made: %s; set TMPDIR to one that this user can "
	    "write to",
	    strerror(-error));
}

/* The run has a directory where tmpfs rules need one, and where shims have to count together. */
static void make_directory(struct run *run)
{
	bool preload = run->plan.engine == SNR_ENGINE_PRELOAD;
	int error;

	if (!rules_count_tmpfs(&run->set) && !(preload && holds_kind(&run->set, SNR_FAULT)))
		return;
	error = run_directory_choose(&run->directory);
	if (!error)
		error = run_directory_make(&run->directory, (size_t)run->set.count * 4);
	if (!error && preload)
		error = start_keep(run->directory.state, &run->directory.kept);
	if (error)
		fail_on_directory(run, error);
	rules_place_tmpfs(&run->rules, &run->set, run->directory.path, true);
	if (run->rules.diags.errors)
		run_directory_remove(&run->directory);
}

/* The same for a run that is only spoken of. */
static void name_directory(struct run *run)
{
	if (rules_count_tmpfs(&run->set) && run_directory_choose(&run->directory) == 0)
		rules_place_tmpfs(&run->rules, &run->set, run->directory.path, false);
}

static void build_image(struct run *run)
{
	struct image_settings settings = {
		.engine = run->plan.engine,
		.verbose = (uint8_t)run->options.verbose,
		.flags = (run->options.strict ? SNR_IMAGE_STRICT : 0u) |
			 (run->options.json ? SNR_IMAGE_LOG_JSON : 0u) |
			 (run->options.io_uring ? SNR_IMAGE_IO_URING : 0u) |
			 (run->plan.engine == SNR_ENGINE_PRELOAD && run->files.has_companions
				  ? rules_hold_libraries(&run->set)
				  : 0u),
		.log = run->journal.path,
		.record = run->learn.by_shim ? run->learn.name : NULL,
		.record_inode = run->learn.inode,
		.shim64 = run->files.has_shim64 ? run->files.shim64 : NULL,
		.shim32 = run->files.has_shim32 ? run->files.shim32 : NULL,
		.launcher = run->files.launcher,
		.stats = run->stats.memory ? run->stats.path : NULL,
		.stats_cookie = run->stats.memory ? run->stats.memory->cookie : 0,
		.fd = run->stats.image_fd,
		.run = run->directory.path,
		.run_fd = (unsigned)run->directory.kept,
		.environment = holds_kind(&run->set, SNR_NATIVE) ? environ : NULL,
	};
	int error = image_build(&run->set, &settings, &run->image);

	if (error < 0)
		die(STATUS_FAILED, "rules",
		    "cannot be made into an image: %s; use fewer rules, or allow this process "
		    "memory and memfd_create(2)",
		    strerror(-error));
}

static int explain(struct run *run)
{
	stop_if_wrong(run);
	name_directory(run);
	rules_show_parents(&run->rules, &run->set);
	build_image(run);
	if (explain_path(run->image.mapped, run->options.explain) < 0)
		die(STATUS_FAILED, "--explain", "the path is longer than 4095 bytes; shorten it");
	return end_of_output();
}

static void tell_plan(struct run *run)
{
	const struct journal *journal = &run->journal;
	const char *engine = rules_engine_name(run->plan.engine);

	if (run->plan.way == PLAN_FAIL)
		die(STATUS_FAILED, run->plan.subject, "%s", run->plan.text);
	if (run->plan.way == PLAN_UNTOUCHED) {
		journal_line(journal, 1, "no rules found (%s): %s runs untouched", run->where,
			     run->options.program[0]);
		return;
	}
	if (run->plan.degraded) {
		say("engine", "%s", run->plan.text);
		if (journal->is_file)
			journal_line(journal, 0, "engine %s", run->plan.text);
	}
	journal_line(journal, 1, "engine %s, %u rules (%s)", engine, run->set.count, run->where);
	if (run->outer)
		journal_line(journal, 1, "%u of them are those of the snapredir that runs this one",
			     run->outer);
	if (run->set.skipped)
		journal_line(journal, 1, "%u optional rules skipped: their targets are missing",
			     run->set.skipped);
}

/* The program goes on in a child of this process. */
static void learn_from(struct run *run)
{
	struct learnt learnt = {.program = run->options.program, .where = run->where};

	learn_prepare(&run->learn, run->plan.engine == SNR_ENGINE_PRELOAD);
	build_image(run);
	learnt.image = run->image.mapped;
	learn_fork(&run->learn, &learnt);
	image_free(&run->image);
}

static _Noreturn void run_program_redirected(struct run *run)
{
	char **program = run->options.program;

	stop_if_wrong(run);
	plan_run(run, true);
	tell_plan(run);
	if (run->plan.way == PLAN_UNTOUCHED)
		start_untouched(program);
	rules_make_targets(&run->rules, &run->set);
	stop_if_wrong(run);
	make_directory(run);
	stop_if_wrong(run);
	rules_show_parents(&run->rules, &run->set);
	if (learns(&run->options))
		learn_from(run);
	if (run->options.stats)
		stats_begin(&run->stats, run->set.count, &run->journal);
	build_image(run);
	const struct start_beside beside = {&run->stats, &run->directory,
					    learns(&run->options) ? run->learn.out : -1};
	if (run->plan.engine != SNR_ENGINE_PRELOAD)
		start_trace(&run->image, &run->journal, &beside, program);
	start_preload(&run->image, &run->journal, &beside, program);
}

int main(int argc, char **argv)
{
	static struct run run;
	struct options *options = &run.options;

	hold_standard_descriptors();
	if (options_read(options, argc, argv) < 0)
		die(STATUS_FAILED, options->subject, "%s", options->problem);
	if (options->action == ACTION_HELP || options->action == ACTION_VERSION) {
		if (options->action == ACTION_HELP)
			options_help(stdout);
		else
			puts("snapredir " SNAPREDIR_VERSION);
		return end_of_output();
	}
	if (options->disabled && options->action == ACTION_RUN)
		start_untouched(options->program);
	int error = journal_open(&run.journal, options->log, options->json, options->verbose);
	if (error < 0)
		die(STATUS_FAILED, options->log, "the log cannot be opened: %s; name another file",
		    strerror(-error));
	run.learn.rules_file = options->learn;
	run.learn.report_file = options->report;
	start_find_files(&run.files);
	read_rules(&run);
	if (options->action == ACTION_CHECK)
		return check(&run);
	if (options->action == ACTION_EXPLAIN)
		return explain(&run);
	run_program_redirected(&run);
}
