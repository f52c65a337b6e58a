/* SPDX-License-Identifier: MIT
 * Tests of launcher/rules_text.c: the rules language and where its problems are said to be.
 * `make unit` runs it. It must never need more than a temporary directory.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "launcher/rules_text.h"

static struct rules rules;

static int reset(void **state)
{
	rules_free(&rules);
	setenv("SNAP", "/snap/app/x1", 1);
	setenv("BLANK", "/with blank # and more", 1);
	setenv("EMPTY", "", 1);
	unsetenv("UNSET");
	return 0;
}

static void read_text(const char *text)
{
	rules_free(&rules);
	rules_read_text(&rules, "rules", text, strlen(text));
	diags_sort(&rules.diags);
}

/* TEXT must give one rule that leads PATH to TARGET, and no problem. */
static void expect_rule(const char *text, const char *path, const char *target)
{
	read_text(text);
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(rules.count, 1);
	assert_string_equal(rules.rule[0].path.text, path);
	assert_string_equal(rules.rule[0].target.text, target);
	assert_int_equal(rules.rule[0].path.len, strlen(path));
	assert_int_equal(rules.rule[0].target.len, strlen(target));
}

/* TEXT must give a problem at LINE:COLUMN whose text holds WHAT, and no rule. */
static void expect_error(const char *text, uint32_t line, uint32_t column, const char *what)
{
	read_text(text);
	assert_int_equal(rules.count, 0);
	assert_true(rules.diags.errors >= 1);
	if (!strstr(rules.diags.item[0].text, what))
		fail_msg("\"%s\" says \"%s\", not \"%s\"", text, rules.diags.item[0].text, what);
	assert_int_equal(rules.diags.item[0].place.line, line);
	assert_int_equal(rules.diags.item[0].place.column, column);
}

static void test_words(void **state)
{
	expect_rule("bind /a /b\n", "/a", "/b");
	expect_rule("bind /a /b", "/a", "/b");
	expect_rule("\xef\xbb\xbf"
		    "bind /a /b",
		    "/a", "/b");
	expect_rule("bind /a /b\r\n", "/a", "/b");
	expect_rule("\n# nothing\n   \t bind\t/a   /b  # said\n", "/a", "/b");
	expect_rule("bind /a#b /c\n", "/a#b", "/c");
	expect_rule("bind \"/a b\" \"/c \\\"d\\\" \\\\e \\$f\"\n", "/a b", "/c \"d\" \\e $f");
	expect_rule("bind /a\" \"b /c\n", "/a b", "/c");
	expect_rule("bind /a\\b /c\n", "/a\\b", "/c");
	expect_rule("bind \\\n  /a /b\\\nc\n", "/a", "/bc");
	expect_rule("bind \"/a\\\nb\" /c\n", "/ab", "/c");
	expect_rule("# a comment \\\nbind /a /b\n", "/a", "/b");
}

static void test_variables(void **state)
{
	expect_rule("bind /a $SNAP/b\n", "/a", "/snap/app/x1/b");
	expect_rule("bind /a ${SNAP}b\n", "/a", "/snap/app/x1b");
	expect_rule("bind /a \"$SNAP b\"\n", "/a", "/snap/app/x1 b");
	expect_rule("bind /a $BLANK/b\n", "/a", "/with blank # and more/b");
	expect_rule("bind /a ${UNSET:-/other}\n", "/a", "/other");
	expect_rule("bind /a ${UNSET:-/an other}\n", "/a", "/an other");
	expect_rule("bind /a ${UNSET:-$SNAP/x}\n", "/a", "/snap/app/x1/x");
	expect_rule("bind /a ${UNSET:-${UNSET:-/deep}/x}\n", "/a", "/deep/x");
	expect_rule("bind /a ${EMPTY:-/e}\n", "/a", "/e");
	expect_rule("bind /a ${SNAP:-$UNSET}\n", "/a", "/snap/app/x1");
	expect_error("bind /a $UNSET/b\n", 1, 9, "$UNSET is not set");
	expect_error("bind /a ${UNSET}/b\n", 1, 9, "$UNSET is not set");
	expect_error("bind /a ${UNSET:-$UNSET}\n", 1, 18, "$UNSET is not set");
	expect_error("bind /a /$1\n", 1, 10, "no name follows");
	expect_error("bind /a ${SNAP/b\nbind\n", 1, 9, "cannot be read");
	expect_error("bind /a ${}\n", 1, 9, "cannot be read");
	expect_error("bind /a ${SNAP:-/b\n", 1, 9, "cannot be read");
	expect_error("bind /a $", 1, 9, "no name follows");
}

static void test_variable_empty_warns(void **state)
{
	read_text("bind /a $EMPTY/b\n");
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.diags.errors, 0);
	assert_int_equal(rules.diags.count, 1);
	assert_non_null(strstr(rules.diags.item[0].text, "$EMPTY is empty"));
}

static void test_options(void **state)
{
	read_text("bind /a /b create=dir mode=0750\nbind /c /d create=file optional\n");
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(rules.count, 2);
	assert_int_equal(rules.rule[0].create, RULES_CREATE_DIR);
	assert_true(rules.rule[0].has_mode);
	assert_int_equal(rules.rule[0].mode, 0750);
	assert_false(rules.rule[0].optional);
	assert_int_equal(rules.rule[1].create, RULES_CREATE_FILE);
	assert_true(rules.rule[1].optional);
	assert_int_equal(rules.rule[1].place.line, 2);
	expect_error("bind /a /b create=dri\n", 1, 12, "did you mean 'create=dir'");
	expect_error("bind /a /b /c\n", 1, 12, "unknown option '/c'");
	expect_error("bind /a /b mode=9\n", 1, 12, "no mode");
	expect_error("bind /a /b mode=\n", 1, 12, "no mode");
	expect_error("bind /a /b create=dir mode=77777\n", 1, 23, "no mode");
	expect_error("bind /a /b mode=0755\n", 1, 1, "add create=");
	expect_error("bind /a create=dir\n", 1, 1, "needs a path and a target");
}

static void test_kinds(void **state)
{
	expect_error("bnid /a /b\n", 1, 1, "did you mean 'bind'");
	expect_error("frobnicate /a /b\n", 1, 1, "unknown kind 'frobnicate'");
	expect_error("overlya /a /b\n", 1, 1, "did you mean 'overlay'");
	expect_error("bind\n", 1, 1, "needs a path and a target");
	expect_error("bind /a\n", 1, 1, "needs a path and a target");
	expect_error("bind \"/a /b\n", 1, 6, "quote is not closed");
	expect_error("bind /a \"/b\\x\"\n", 1, 12, "means nothing");
	expect_error("bind /a \"/b\\", 1, 9, "quote is not closed");
	expect_error("engine\n", 1, 1, "engine needs one word");
	expect_error("engine trac\n", 1, 8, "no engine");
	expect_error("require auto\n", 1, 9, "no engine");
	expect_error("include\n", 1, 1, "include needs one file");
	expect_error("bind /a /b 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n", 1, 12, "unknown option '1'");
}

static void test_engine(void **state)
{
	read_text("engine preload\nrequire trace\n");
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(rules.engine.engine, SNR_ENGINE_PRELOAD);
	assert_int_equal(rules.require.engine, SNR_ENGINE_TRACE);
	assert_int_equal(rules.require.place.line, 2);
	read_text("engine preload\nengine trace\n");
	assert_int_equal(rules.diags.errors, 0);
	assert_int_equal(rules.diags.count, 1);
	assert_int_equal(rules.engine.engine, SNR_ENGINE_TRACE);
}

static void test_all_problems_in_one_run(void **state)
{
	read_text("bind /a $UNSET $SNAP ${UNSET}\n"
		  "bind /ok /fine\n"
		  "nothing here\n"
		  "bind /b /c optoinal mode=x\n");
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.diags.errors, 6);
	const struct {
		uint32_t line, column;
	} at[] = {{1, 9}, {1, 16}, {1, 22}, {3, 1}, {4, 12}, {4, 21}};
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(rules.diags.item[i].place.line, at[i].line);
		assert_int_equal(rules.diags.item[i].place.column, at[i].column);
	}
}

static void test_positions_over_joined_lines(void **state)
{
	expect_error("bind \\\n  $UNSET /b\n", 2, 3, "$UNSET is not set");
	expect_error("bind /a /b \\\r\n\twrong\r\n", 2, 2, "unknown option");
}

static void test_binary(void **state)
{
	static const char text[] = "bind /a /b\nbi\0nd";

	rules_read_text(&rules, "rules", text, sizeof(text));
	assert_int_equal(rules.count, 0);
	assert_int_equal(rules.diags.errors, 1);
	assert_int_equal(rules.diags.item[0].place.line, 2);
	assert_int_equal(rules.diags.item[0].place.column, 3);
	assert_non_null(strstr(rules.diags.item[0].text, "NUL byte"));
}

static void test_map(void **state)
{
	rules_read_map(&rules, SNR_BIND, "/a\\=b=/c=d\\e$SNAP");
	assert_int_equal(rules.count, 1);
	assert_string_equal(rules.rule[0].path.text, "/a=b");
	assert_string_equal(rules.rule[0].target.text, "/c=d\\e$SNAP");
	assert_string_equal(rules.rule[0].place.file, "-m");
	assert_int_equal(rules.rule[0].place.line, 0);
	rules_read_map(&rules, SNR_BIND, "/a");
	assert_int_equal(rules.diags.errors, 1);
	char line[256];
	diag_format(&rules.diags.item[0], line, sizeof(line));
	assert_string_equal(line, "snapredir: -m: '/a' has no '='; write -m PATH=TARGET");
}

static void test_too_many(void **state)
{
	for (unsigned i = 0; i < SNR_MAX_RULES; i++)
		rules_read_map(&rules, SNR_BIND, "/a=/b");
	assert_int_equal(rules.diags.count, 0);
	read_text("");
	for (unsigned i = 0; i < SNR_MAX_RULES; i++)
		rules_read_map(&rules, SNR_BIND, "/a=/b");
	rules_read_text(&rules, "rules", "bind /a /b\nbind /a /b\n", 22);
	assert_int_equal(rules.count, SNR_MAX_RULES);
	assert_int_equal(rules.diags.errors, 1);
	assert_int_equal(rules.diags.item[0].place.line, 1);
	assert_non_null(strstr(rules.diags.item[0].text, "more than 65536 rules"));
}

static char *make_dir(void)
{
	static char dir[64];

	strcpy(dir, "/tmp/snr-rules-text-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void remove_files(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void read_in(const char *dir, const char *name)
{
	char path[128];

	rules_free(&rules);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	rules_read_file(&rules, path);
	diags_sort(&rules.diags);
}

static void test_include(void **state)
{
	char *dir = make_dir();

	put_file(dir, "top", "bind /a /b\ninclude more\ninclude none optional\nbind /e /f\n");
	put_file(dir, "more", "bind /c /d\nwrong\n");
	read_in(dir, "top");
	assert_int_equal(rules.count, 3);
	assert_string_equal(rules.rule[1].path.text, "/c");
	assert_string_equal(strrchr(rules.rule[1].place.file, '/'), "/more");
	assert_int_equal(rules.diags.errors, 1);
	assert_int_equal(rules.diags.item[0].place.line, 2);
	put_file(dir, "top", "bind /a /b\n  include none\n");
	read_in(dir, "top");
	assert_int_equal(rules.diags.errors, 1);
	assert_int_equal(rules.diags.item[0].place.column, 11);
	assert_non_null(strstr(rules.diags.item[0].text, "No such file"));
	remove_files(dir);
}

static void test_include_cycle(void **state)
{
	char *dir = make_dir();

	put_file(dir, "a", "include b\nbind /a /b\n");
	put_file(dir, "b", "include a\n");
	read_in(dir, "a");
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.diags.errors, 1);
	assert_string_equal(strrchr(rules.diags.item[0].place.file, '/'), "/b");
	assert_non_null(strstr(rules.diags.item[0].text, "includes itself"));
	for (int i = 0; i < 20; i++) {
		char name[8], text[32];
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(text, sizeof(text), "include n%d\n", i + 1);
		put_file(dir, name, text);
	}
	read_in(dir, "n0");
	assert_int_equal(rules.diags.errors, 1);
	assert_non_null(strstr(rules.diags.item[0].text, "more than 16 deep"));
	remove_files(dir);
}

static void test_unreadable(void **state)
{
	char line[256];
	char *dir = make_dir();

	rules_read_file(&rules, dir);
	assert_int_equal(rules.diags.errors, 1);
	diag_format(&rules.diags.item[0], line, sizeof(line));
	assert_non_null(strstr(line, "Is a directory"));
	assert_non_null(strstr(line, dir));
	rmdir(dir);
	rules_free(&rules);
	rules_read_file(&rules, dir);
	assert_int_equal(rules.diags.errors, 1);
	assert_non_null(strstr(rules.diags.item[0].text, "No such file"));
	rules_free(&rules);
	rules_read_file(&rules, "/dev/zero");
	assert_int_equal(rules.diags.errors, 1);
	assert_non_null(strstr(rules.diags.item[0].text, "NUL byte"));
}

/* Whatever the bytes, the reader comes to an end and says something sound. */
static void test_garbage(void **state)
{
	static const char bytes[] = "bind /a\\\n\r\"$SNAP{}:-# \t\xff\xef\xbb=";
	char text[64];

	srandom(1);
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)random() % sizeof(text);
		for (size_t i = 0; i < len; i++)
			text[i] = bytes[(size_t)random() % (sizeof(bytes) - 1)];
		rules_read_text(&rules, "rules", text, len);
		rules_free(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, reset, reset),
		cmocka_unit_test_setup_teardown(test_variables, reset, reset),
		cmocka_unit_test_setup_teardown(test_variable_empty_warns, reset, reset),
		cmocka_unit_test_setup_teardown(test_options, reset, reset),
		cmocka_unit_test_setup_teardown(test_kinds, reset, reset),
		cmocka_unit_test_setup_teardown(test_engine, reset, reset),
		cmocka_unit_test_setup_teardown(test_all_problems_in_one_run, reset, reset),
		cmocka_unit_test_setup_teardown(test_positions_over_joined_lines, reset, reset),
		cmocka_unit_test_setup_teardown(test_binary, reset, reset),
		cmocka_unit_test_setup_teardown(test_map, reset, reset),
		cmocka_unit_test_setup_teardown(test_too_many, reset, reset),
		cmocka_unit_test_setup_teardown(test_include, reset, reset),
		cmocka_unit_test_setup_teardown(test_include_cycle, reset, reset),
		cmocka_unit_test_setup_teardown(test_unreadable, reset, reset),
		cmocka_unit_test_setup_teardown(test_garbage, reset, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
