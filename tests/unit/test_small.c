/* SPDX-License-Identifier: MIT
 * The small modules of shared/: text, facts, the table of calls, log lines.
 */
#include "tests/unit/fake.h"

#include <fcntl.h>

#include "shared/facts.h"
#include "shared/log.h"
#include "shared/memo.h"
#include "shared/text.h"

static void test_components(void **state)
{
	const char *path = "//a/./b..//../c/";
	struct snr_component c = {0};
	char joined[64] = "";

	while (snr_next_component(path, strlen(path), &c)) {
		strncat(joined, path + c.start, c.end - c.start);
		strcat(joined, ",");
	}
	assert_string_equal(joined, "a,.,b..,..,c,");
	c = (struct snr_component){0};
	assert_false(snr_next_component("///", 3, &c));
}

static void test_builder(void **state)
{
	char out[8];
	struct snr_builder builder = {.out = out, .size = sizeof(out)};

	snr_add_text(&builder, "abc");
	snr_add_number(&builder, -42);
	assert_int_equal(snr_finish(&builder), 6);
	assert_string_equal(out, "abc-42");
	snr_add_text(&builder, "x");
	assert_int_equal(snr_finish(&builder), 7);
	snr_add_text(&builder, "y");
	assert_int_equal(snr_finish(&builder), -ENAMETOOLONG);
	assert_string_equal(out, "abc-42x");
}

static void test_decimal(void **state)
{
	static const uint64_t numbers[] = {0, 9, 10, 4294967295u, 4294967296u, UINT64_MAX};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		char out[20], expect[32];
		size_t n = snr_decimal(numbers[i], out);

		snprintf(expect, sizeof(expect), "%llu", (unsigned long long)numbers[i]);
		assert_int_equal(n, strlen(expect));
		assert_memory_equal(out, expect, n);
		assert_int_equal(snr_number(out, n), numbers[i]);
	}
}

static void test_facts(void **state)
{
	static struct snr_facts facts;

	memset(&facts, 0, sizeof(facts));
	assert_int_equal(snr_facts_get(&facts, snr_facts_epoch(&facts), 0x1234567890ull),
			 SNR_UNKNOWN);
	snr_facts_put(&facts, snr_facts_epoch(&facts), 0x1234567890ull, SNR_PLAIN);
	snr_facts_put(&facts, snr_facts_epoch(&facts), 0xabcdef01234ull, SNR_TAME);
	assert_int_equal(snr_facts_get(&facts, snr_facts_epoch(&facts), 0x1234567890ull),
			 SNR_PLAIN);
	assert_int_equal(snr_facts_get(&facts, snr_facts_epoch(&facts), 0xabcdef01234ull),
			 SNR_TAME);
	snr_facts_forget(&facts);
	assert_int_equal(snr_facts_get(&facts, snr_facts_epoch(&facts), 0x1234567890ull),
			 SNR_UNKNOWN);
	assert_int_equal(snr_facts_get(NULL, 0, 1), SNR_UNKNOWN);
	snr_facts_put(NULL, 0, 1, SNR_PLAIN);
}

/* The hash is that of the text, wherever it lies and however much room is behind it. */
static void test_memo_hash(void **state)
{
	static const char *const texts[] = {"",         "/",          "/opt",
					    "/opt/acm", "/opt/acme/", "/opt/acme/bin/x"};
	char buffer[64];
	uint64_t seen[COUNT(texts)];

	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t n = strlen(texts[i]), len;

		seen[i] = snr_memo_hash(texts[i], n + 1, 1, &len);
		assert_int_not_equal(seen[i], 0);
		assert_int_equal(len, n);
		for (size_t at = 0; at < 9; at++) {
			memset(buffer, 'x', sizeof(buffer));
			strcpy(buffer + at, texts[i]);
			for (size_t room = n + 1; room < n + 20; room++)
				assert_int_equal(snr_memo_hash(buffer + at, room, 1, &len),
						 seen[i]);
			assert_int_equal(snr_memo_hash(buffer + at, n, 1, &len), 0);
		}
		assert_int_not_equal(snr_memo_hash(texts[i], n + 1, 2, &len), seen[i]);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
}

static void test_memos(void **state)
{
	static struct snr_memos memos;
	static struct snr_facts facts;
	snr_memo_answer moved = SNR_MEMO_MOVED(70000, 4096);

	assert_int_equal(snr_memo_get(&memos, snr_facts_epoch(&facts), 77), 0);
	snr_memo_put(&memos, snr_facts_epoch(&facts), 77, SNR_MEMO_UNCHANGED);
	assert_int_equal(snr_memo_get(&memos, snr_facts_epoch(&facts), 77), SNR_MEMO_UNCHANGED);
	snr_memo_put(&memos, snr_facts_epoch(&facts), 77, moved);
	assert_int_equal(SNR_MEMO_RULE(snr_memo_get(&memos, snr_facts_epoch(&facts), 77)), 70000);
	assert_int_equal(SNR_MEMO_REST(snr_memo_get(&memos, snr_facts_epoch(&facts), 77)), 4096);
	assert_int_equal(snr_memo_get(&memos, snr_facts_epoch(&facts), 79), 0);
	memos.memo[(77 >> 22) & (SNR_MEMOS - 1)].answer ^= 2; /* half of another write */
	assert_int_equal(snr_memo_get(&memos, snr_facts_epoch(&facts), 77), 0);
	snr_memo_put(&memos, snr_facts_epoch(&facts), 77, moved);
	snr_facts_forget(&facts);
	assert_int_equal(snr_memo_get(&memos, snr_facts_epoch(&facts), 77), 0);
}

/* Every row's roles must make sense together: a mistake here would be silent everywhere else. */
static void test_table(void **state)
{
	for (int i = 0; i < SNR_NOPS; i++) {
		const struct snr_pathop *op = &snr_pathops[i];
		int paths = 0, flags = 0, out = snr_pathop_find(op, SNR_ROLE_OUT);
		bool needs_flags = false, socket = false;

		for (int arg = 0; arg < SNR_NARGS; arg++) {
			enum snr_role role = op->role[arg];

			paths += snr_role_is_path(role);
			needs_flags |= role == SNR_ROLE_FPATH;
			socket |= role >= SNR_ROLE_SOCKADDR;
			flags += role >= SNR_ROLE_OFLAGS && role <= SNR_ROLE_FSCMD;
			if (role == SNR_ROLE_DIRFD)
				assert_true(snr_role_is_path(op->role[arg + 1]));
		}
		assert_true(paths <= SNR_MAX_PATHS);
		assert_true(flags <= 1);
		assert_true(!needs_flags || flags == 1);
		assert_true(out < 0 || (op->effects & (SNR_REVERSES | SNR_LISTS)));
		assert_true(!(op->effects & SNR_SAME_FS) || paths == 2);
		assert_true(paths || socket || snr_pathop_find(op, SNR_ROLE_FD) >= 0 ||
			    snr_pathop_find(op, SNR_ROLE_REQUEST) >= 0 ||
			    (op->effects & (SNR_REVERSES | SNR_LISTS | SNR_MOVES_CWD)));
	}
}

static void test_lookups(void **state)
{
	const struct snr_pathop *rename = &snr_pathops[SNR_rename];
	const struct snr_pathop *link = &snr_pathops[SNR_linkat];
	const struct snr_pathop *move = &snr_pathops[SNR_move_mount];
	uint64_t args[SNR_NARGS] = {0};

	assert_true(snr_pathop_lookup(rename, 0, args, NULL).entry);
	assert_true(snr_pathop_lookup(rename, 1, args, NULL).entry);
	assert_false(snr_pathop_lookup(link, 1, args, NULL).entry);
	assert_true(snr_pathop_lookup(link, 3, args, NULL).entry);
	args[4] = AT_SYMLINK_FOLLOW;
	assert_true(snr_pathop_lookup(link, 1, args, NULL).follow);
	assert_false(snr_pathop_lookup(link, 3, args, NULL).follow);
	args[4] = 0x10; /* MOVE_MOUNT_T_SYMLINKS */
	assert_false(snr_pathop_lookup(move, 1, args, NULL).follow);
	assert_true(snr_pathop_lookup(move, 3, args, NULL).follow);
	assert_int_equal(snr_pathop_dirfd(link, 3), 2);
	assert_int_equal(snr_pathop_dirfd(rename, 1), -1);
	assert_int_equal(snr_pathop_dirfd(&snr_pathops[SNR_fsconfig], 3), 4);
}

static void test_log(void **state)
{
	static const struct pair rules[] = {{"/opt/acme", "/snap/a"}};
	struct image image = fake_image(rules, COUNT(rules));
	struct snr_event event = {.pid = 7,
				  .engine = "trace",
				  .call = "openat",
				  .from = "/opt/acme/x\n",
				  .from_len = 12,
				  .to = "/snap/a/x",
				  .to_len = 9};
	char out[SNR_LOG_SIZE + 1], from[SNR_PATH_MAX];
	size_t n = snr_log_format(image.mapped, &event, out, SNR_LOG_SIZE);

	out[n] = '\0';
	assert_string_equal(out,
			    "snapredir[7] trace: openat \"/opt/acme/x\\u000a\" -> \"/snap/a/x\" "
			    "(test.rules:1 bind /opt/acme)\n");
	event.to = NULL;
	event.result = -EBUSY;
	out[snr_log_format(image.mapped, &event, out, SNR_LOG_SIZE)] = '\0';
	assert_non_null(strstr(out, "fails: errno 16"));
	memset(from, 1, sizeof(from));
	event.from = from;
	event.from_len = sizeof(from) - 1;
	n = snr_log_format(image.mapped, &event, out, SNR_LOG_SIZE);
	assert_true(n < SNR_LOG_SIZE);
	assert_int_equal(out[n - 1], '\n');
	assert_non_null(memmem(out, n, "test.rules:1", 12));
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_components), cmocka_unit_test(test_builder),
		cmocka_unit_test(test_decimal),    cmocka_unit_test(test_facts),
		cmocka_unit_test(test_table),      cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_log),        cmocka_unit_test(test_memo_hash),
		cmocka_unit_test(test_memos),
	};

	return cmocka_run_group_tests_name("small", tests, NULL, NULL);
}
