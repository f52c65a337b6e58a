/* SPDX-License-Identifier: MIT
 * Tests of launcher/options.c and suggest.c: the command line and the environment.
 * `make unit` runs it. It must never depend on the environment it is started in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "launcher/options.h"
#include "launcher/suggest.h"

static struct options options;

static const char *const variables[] = {
	"SNAPREDIR_RULES",      "SNAPREDIR_ENGINE",  "SNAPREDIR_REQUIRE", "SNAPREDIR_LOG",
	"SNAPREDIR_LOG_FORMAT", "SNAPREDIR_VERBOSE", "SNAPREDIR_DISABLE",
};

static int reset(void **state)
{
	options_free(&options);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	return 0;
}

static char *words[16];

/* Words of a command line, NULL at the end. */
static int read_words(const char *first, ...)
{
	va_list list;
	int count = 1;

	options_free(&options);
	words[0] = (char *)(uintptr_t) "snapredir";
	va_start(list, first);
	for (const char *word = first; word; word = va_arg(list, const char *))
		words[count++] = (char *)(uintptr_t)word;
	va_end(list);
	words[count] = NULL;
	return options_read(&options, count, words);
}

#define READ(...) assert_int_equal(read_words(__VA_ARGS__, NULL), 0)

static void expect_wrong(const char *subject, const char *problem)
{
	assert_string_equal(options.subject, subject);
	if (!strstr(options.problem, problem))
		fail_msg("\"%s\" is not in \"%s\"", problem, options.problem);
}

#define WRONG(subject, problem, ...)                                                               \
	do {                                                                                       \
		assert_int_equal(read_words(__VA_ARGS__, NULL), -EINVAL);                          \
		expect_wrong(subject, problem);                                                    \
	} while (0)

static void test_program(void **state)
{
	READ("app", "-v", "--check");
	assert_int_equal(options.action, ACTION_RUN);
	assert_string_equal(options.program[0], "app");
	assert_string_equal(options.program[1], "-v");
	assert_int_equal(options.verbose, 0);
	READ("-v", "--", "-app", "--", "x");
	assert_string_equal(options.program[0], "-app");
	assert_string_equal(options.program[1], "--");
	assert_int_equal(options.verbose, 1);
	assert_int_equal(read_words(NULL), -EINVAL);
	expect_wrong("no program named", "snapredir [OPTION]");
	WRONG("no program named", "snapredir [OPTION]", "-v", "--");
}

static void test_sources(void **state)
{
	READ("-r", "a", "-m", "/x=/y", "--rules=b", "--map", "/z=/w", "app");
	assert_int_equal(options.nsources, 4);
	assert_string_equal(options.source[0].text, "a");
	assert_int_equal(options.source[0].kind, SOURCE_FILE);
	assert_string_equal(options.source[1].text, "/x=/y");
	assert_int_equal(options.source[1].kind, SOURCE_MAP);
	assert_string_equal(options.source[2].text, "b");
	assert_string_equal(options.source[3].text, "/z=/w");
}

static void test_sources_of_the_environment(void **state)
{
	setenv("SNAPREDIR_RULES", "one::two:", 1);
	READ("app");
	assert_int_equal(options.nsources, 2);
	assert_string_equal(options.source[0].text, "one");
	assert_string_equal(options.source[1].text, "two");
	/* -r takes the variable's place; -m counts beside it, as the later one. */
	READ("-r", "file", "app");
	assert_int_equal(options.nsources, 1);
	assert_string_equal(options.source[0].text, "file");
	READ("-m", "/a=/b", "app");
	assert_int_equal(options.nsources, 3);
	assert_int_equal(options.source[2].kind, SOURCE_MAP);
	setenv("SNAPREDIR_RULES", "", 1);
	READ("app");
	assert_int_equal(options.nsources, 0);
}

static void test_engines(void **state)
{
	READ("-e", "preload", "--require", "trace", "app");
	assert_int_equal(options.engine.engine, SNR_ENGINE_PRELOAD);
	assert_string_equal(options.engine.from, "-e");
	assert_int_equal(options.require.engine, SNR_ENGINE_TRACE);
	READ("app");
	assert_int_equal(options.engine.engine, SNR_ENGINE_AUTO);
	assert_null(options.engine.from);
	setenv("SNAPREDIR_ENGINE", "trace", 1);
	setenv("SNAPREDIR_REQUIRE", "preload", 1);
	READ("app");
	assert_int_equal(options.engine.engine, SNR_ENGINE_TRACE);
	assert_string_equal(options.engine.from, "SNAPREDIR_ENGINE");
	assert_int_equal(options.require.engine, SNR_ENGINE_PRELOAD);
	assert_false(options.stats);
	READ("--stats", "-e", "auto", "app");
	assert_true(options.stats);
	assert_int_equal(options.engine.engine, SNR_ENGINE_AUTO);
	assert_string_equal(options.engine.from, "-e");
	setenv("SNAPREDIR_ENGINE", "fast", 1);
	WRONG("SNAPREDIR_ENGINE", "'fast' is no engine", "app");
	WRONG("-e", "did you mean 'trace'", "-e", "tarce", "app");
	WRONG("--require", "met by every engine", "--require", "auto", "app");
}

static void test_log(void **state)
{
	READ("-vv", "-l", "file", "--log-format", "json", "app");
	assert_int_equal(options.verbose, 2);
	assert_string_equal(options.log, "file");
	assert_true(options.json);
	READ("-vvvv", "app");
	assert_int_equal(options.verbose, 2);
	setenv("SNAPREDIR_VERBOSE", "2", 1);
	setenv("SNAPREDIR_LOG", "other", 1);
	setenv("SNAPREDIR_LOG_FORMAT", "json", 1);
	READ("app");
	assert_int_equal(options.verbose, 2);
	assert_string_equal(options.log, "other");
	assert_true(options.json);
	READ("-v", "-l", "file", "--log-format=text", "app");
	assert_int_equal(options.verbose, 1);
	assert_string_equal(options.log, "file");
	assert_false(options.json);
	setenv("SNAPREDIR_VERBOSE", "yes", 1);
	WRONG("SNAPREDIR_VERBOSE", "set 0, 1 or 2", "app");
	WRONG("--log-format", "name text or json", "--log-format", "xml", "app");
}

static void test_actions(void **state)
{
	READ("--check", "-r", "x");
	assert_int_equal(options.action, ACTION_CHECK);
	READ("--explain", "/a", "--strict-resolution");
	assert_int_equal(options.action, ACTION_EXPLAIN);
	assert_string_equal(options.explain, "/a");
	assert_true(options.strict);
	READ("--check", "--help", "whatever");
	assert_int_equal(options.action, ACTION_HELP);
	READ("--version");
	assert_int_equal(options.action, ACTION_VERSION);
	WRONG("--check", "'a.rules' is too much", "--check", "a.rules");
	WRONG("--explain", "'/b' is too much", "--explain", "/a", "/b");
	WRONG("--explain", "the path is empty", "--explain", "");
	WRONG("--check", "together", "--check", "--explain", "/a");
}

static void test_wrong_options(void **state)
{
	WRONG("--ruels", "did you mean --rules", "--ruels", "x", "app");
	WRONG("--no-such-thing", "unknown option", "--no-such-thing=3", "app");
	WRONG("-q", "unknown option", "-q", "app");
	WRONG("-r", "needs a value", "-r");
	WRONG("--require", "needs a value", "--require");
	WRONG("--check", "takes no value", "--check=yes");
	WRONG("--layout", "SNAP is not set", "--layout", "app");
	WRONG("--io-uring", "neither allow nor deny", "--io-uring=maybe", "app");
}

static void test_disable(void **state)
{
	setenv("SNAPREDIR_ENGINE", "nonsense", 1);
	setenv("SNAPREDIR_DISABLE", "1", 1);
	READ("app");
	assert_true(options.disabled);
	WRONG("SNAPREDIR_ENGINE", "no engine", "--check");
	setenv("SNAPREDIR_DISABLE", "0", 1);
	unsetenv("SNAPREDIR_ENGINE");
	READ("app");
	assert_false(options.disabled);
}

static void test_suggest(void **state)
{
	static const char *const known[] = {"bind", "include", "engine", NULL};

	assert_string_equal(suggest("bnid", known), "bind");
	assert_string_equal(suggest("inclued", known), "include");
	assert_string_equal(suggest("egine", known), "engine");
	assert_null(suggest("blob", known));
	assert_null(suggest("", known));
	assert_null(suggest("a word that is far too long to be any of them", known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_program, reset, reset),
		cmocka_unit_test_setup_teardown(test_sources, reset, reset),
		cmocka_unit_test_setup_teardown(test_sources_of_the_environment, reset, reset),
		cmocka_unit_test_setup_teardown(test_engines, reset, reset),
		cmocka_unit_test_setup_teardown(test_log, reset, reset),
		cmocka_unit_test_setup_teardown(test_actions, reset, reset),
		cmocka_unit_test_setup_teardown(test_wrong_options, reset, reset),
		cmocka_unit_test_setup_teardown(test_disable, reset, reset),
		cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
