/* SPDX-License-Identifier: MIT
 * launcher/tally: records become paths, processes and rows. Built as one program with cmocka.
 * It must never touch the file system.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "launcher/tally.h"

/* One that holds what snr_record_fill would make of it. */
static union {
	struct snr_record record;
	char bytes[SNR_RECORD_SIZE];
} one;

static void hear(struct tally *tally, int pid, enum snr_op op, uint32_t flags, const char *start,
		 const char *name, const char *to, int result)
{
	memset(&one, 0, sizeof(one));
	one.record = (struct snr_record){
		.op = (uint16_t)op,
		.pid = pid,
		.result = result,
		.rule = to ? 0 : SNR_NO_RULE,
		.flags = flags,
		.start_len = (uint16_t)strlen(start),
		.name_len = (uint16_t)strlen(name),
		.to_len = (uint16_t)(to ? strlen(to) : 0),
		.engine = SNR_ENGINE_TRACE,
		.comm = "program",
	};
	strcpy(one.record.text, start);
	strcat(one.record.text, name);
	if (to)
		strcat(one.record.text, to);
	tally_add(tally, &one.record);
}

static const struct tally_path *path_of(const struct tally *tally, const char *path)
{
	return tally_find(tally, path, strlen(path));
}

static void test_names_become_absolute(void **state)
{
	static const struct {
		const char *start, *name, *path;
	} cases[] = {
		{"", "/a/b", "/a/b"},
		{"", "//a/./b//c/", "/a/b/c"},
		{"", "/a/../b", "/b"},
		{"", "/../..", "/"},
		{"/home/me", "x", "/home/me/x"},
		{"/home/me", "../you/.", "/home/you"},
		{"/", "x", "/x"},
		{"/home", "/etc", "/etc"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tally tally = {0};

		hear(&tally, 1, SNR_open, 0, cases[i].start, cases[i].name, NULL, 0);
		assert_int_equal(tally.npaths, 1);
		assert_string_equal(tally.path[0].path, cases[i].path);
		assert_non_null(path_of(&tally, cases[i].path));
		assert_null(path_of(&tally, "/other"));
		tally_free(&tally);
	}
}

static void test_the_same_counts_once(void **state)
{
	struct tally tally = {0};

	for (int i = 0; i < 3; i++)
		hear(&tally, 1, SNR_stat, 0, "", "/a", NULL, -ENOENT);
	hear(&tally, 2, SNR_stat, 0, "", "/a", NULL, -ENOENT);
	hear(&tally, 1, SNR_stat, 0, "", "/a", NULL, 0);
	hear(&tally, 1, SNR_open, O_WRONLY, "", "/a", "/t", 0);
	assert_int_equal(tally.calls, 6);
	assert_int_equal(tally.npaths, 1);
	assert_int_equal(tally.nprocesses, 2);
	assert_int_equal(tally.nrows, 4);
	assert_int_equal(tally.row[0].count, 3);
	assert_int_equal(tally.path[0].count, 6);
	assert_int_equal(tally.path[0].first, -ENOENT);
	assert_true(tally.path[0].found);
	assert_true(tally.path[0].wrote);
	assert_int_equal(tally.path[0].wrote_by, 3);
	assert_string_equal(tally.to[tally.row[3].to - 1], "/t");
	tally_free(&tally);
}

static void test_what_is_written(void **state)
{
	static const struct {
		enum snr_op op;
		uint32_t flags;
		int result;
		bool wrote;
	} cases[] = {
		{SNR_open, O_RDONLY, 0, false},
		{SNR_openat, O_RDWR, 0, true},
		{SNR_openat, O_RDONLY | O_CREAT, -EACCES, true},
		{SNR_openat2, O_WRONLY, -EROFS, true},
		{SNR_creat, 0, 0, true},
		{SNR_mkdir, 0, 0, true},
		{SNR_mkdir, 0, -EEXIST, false}, /* as `mkdir -p` does */
		{SNR_unlink, 0, 0, true},
		{SNR_chmod, 0, 0, true},
		{SNR_stat, 0, 0, false},
		{SNR_execve, 0, 0, false},
		{SNR_link, 0, 0, false}, /* the first path of two */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tally tally = {0};

		hear(&tally, 1, cases[i].op, cases[i].flags, "", "/a", NULL, cases[i].result);
		assert_int_equal(tally.path[0].wrote, cases[i].wrote);
		tally_free(&tally);
	}
}

static void test_many(void **state)
{
	struct tally tally = {0};
	char name[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "/dir%d/file%d", i % 7, i / 2);
		hear(&tally, i % 11, SNR_stat, 0, "", name, NULL, -ENOENT);
	}
	assert_int_equal(tally.npaths, 20000);
	assert_int_equal(tally.nprocesses, 11);
	assert_non_null(path_of(&tally, "/dir1/file0"));
	assert_null(path_of(&tally, "/dir1/file10000"));
	tally_free(&tally);
}

static void test_what_is_no_name_is_lost(void **state)
{
	struct tally tally = {0};

	hear(&tally, 1, SNR_stat, 0, "", "relative", NULL, 0);
	assert_int_equal(tally.lost, 1);
	assert_int_equal(tally.npaths, 0);
	tally_free(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_become_absolute),
		cmocka_unit_test(test_the_same_counts_once),
		cmocka_unit_test(test_what_is_written),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_what_is_no_name_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
