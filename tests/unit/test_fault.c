/* SPDX-License-Identifier: MIT
 * Tests of shared/fault.c and native.c: whose turn it is, which rule decides, what a call does, and
 * the environment in the image. `make unit` runs it. It must never look at the file system but for
 * /.
 */
#include "tests/unit/fake.h"

#include "launcher/rules_text.h"
#include "shared/fault.h"

static struct image compile(const char *text, char *const *environment)
{
	struct rules rules = {0};
	struct rules_set set;
	struct image_settings settings = {.engine = SNR_ENGINE_TRACE, .environment = environment};
	struct image image;

	rules_read_text(&rules, "rules", text, strlen(text));
	rules_check(&rules, &set);
	for (size_t i = 0; i < rules.diags.count; i++)
		fail_msg("%s", rules.diags.item[i].text);
	rules_settle(&rules, &set);
	assert_int_equal(image_build(&set, &settings, &image), 0);
	assert_int_equal(snr_image_check(image.mapped, image.size), 0);
	rules_set_free(&set);
	rules_free(&rules);
	return image;
}

#define CALLS 24

/* A letter a call of OPS on PATH: what the rules made of it; a dot is nothing. */
static void fates(const char *rules, uint32_t ops, const char *path, char out[CALLS + 1])
{
	struct image image = compile(rules, NULL);
	uint32_t words[4] = {0};
	struct snr_fault_counts counts = {words, COUNT(words)};

	for (int i = 0; i < CALLS; i++) {
		struct snr_fault_answer answer =
			snr_fault_judge(image.mapped, &counts, ops, path, strlen(path));

		out[i] = answer.rule == SNR_NO_RULE       ? '.'
			 : answer.error == -EIO           ? 'i'
			 : answer.error == -ENOSPC        ? 's'
			 : !answer.error && answer.amount ? 'c'
							  : '?';
	}
	out[CALLS] = '\0';
	image_free(&image);
}

static void test_turns(void **state)
{
	static const struct {
		const char *rules, *path, *fates;
		uint32_t ops;
	} cases[] = {
		{"fault /a write EIO", "/a", "iiiiiiiiiiiiiiiiiiiiiiii", SNR_FAULT_WRITE},
		{"fault /a write EIO 1/4", "/a", "...i...i...i...i...i...i", SNR_FAULT_WRITE},
		{"fault /a write EIO 3/8", "/a", "..i..i.i..i..i.i..i..i.i", SNR_FAULT_WRITE},
		{"fault /a write EIO 1/4", "/a", "........................", SNR_FAULT_READ},
		{"fault /a read,write EIO 1/4", "/a", "...i...i...i...i...i...i", SNR_FAULT_READ},
		{"fault /a pread short=3 1/8", "/a", ".......c.......c.......c",
		 SNR_FAULT_READ | SNR_FAULT_PREAD},
		{"fault /a* write EIO 1/4", "/ab", "...i...i...i...i...i...i", SNR_FAULT_WRITE},
		{"fault /a/** write EIO 1/4", "/a", "........................", SNR_FAULT_WRITE},
		/* the later one decides, and both count */
		{"fault /a write EIO 1/2\nfault /a write ENOSPC 1/4", "/a",
		 ".i.s.i.s.i.s.i.s.i.s.i.s", SNR_FAULT_WRITE},
		{"fault /a write ENOSPC 1/4\nfault /a write EIO 1/2", "/a",
		 ".i.i.i.i.i.i.i.i.i.i.i.i", SNR_FAULT_WRITE},
		{"fault /* write ENOSPC 1/4\nfault /a write EIO 1/2", "/a",
		 ".i.i.i.i.i.i.i.i.i.i.i.i", SNR_FAULT_WRITE},
	};
	char got[CALLS + 1];

	for (size_t i = 0; i < COUNT(cases); i++) {
		fates(cases[i].rules, cases[i].ops, cases[i].path, got);
		if (strcmp(got, cases[i].fates) != 0)
			fail_msg("%s: %s instead of %s", cases[i].rules, got, cases[i].fates);
	}
}

static int failures(const char *fates)
{
	int n = 0;

	while (*fates)
		n += *fates++ != '.';
	return n;
}

static void test_seeds(void **state)
{
	char first[CALLS + 1], again[CALLS + 1], other[CALLS + 1];

	fates("fault /a write EIO 1/2 seed=1", SNR_FAULT_WRITE, "/a", first);
	fates("fault /a write EIO 1/2 seed=1", SNR_FAULT_WRITE, "/a", again);
	fates("fault /a write EIO 1/2 seed=2", SNR_FAULT_WRITE, "/a", other);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	assert_in_range(failures(first), 5, 19);
	assert_in_range(failures(other), 5, 19);
}

static void test_calls(void **state)
{
	uint64_t args[SNR_NARGS] = {0};
	struct image image = compile("fault /a unlink,write EIO", NULL);

	assert_int_equal(snr_fault_ops(SNR_openat2, args), SNR_FAULT_OPEN);
	assert_int_equal(snr_fault_ops(SNR_unlinkat, args), SNR_FAULT_UNLINK);
	args[2] = 0x200; /* AT_REMOVEDIR */
	assert_int_equal(snr_fault_ops(SNR_unlinkat, args), 0);
	assert_int_equal(snr_fault_ops(SNR_stat, args), 0);
	assert_true(snr_fault_is_named(image.mapped, SNR_unlink));
	assert_false(snr_fault_is_named(image.mapped, SNR_open));
	assert_true(snr_fault_is_on(image.mapped, SNR_ON_sendfile));
	assert_false(snr_fault_is_on(image.mapped, SNR_ON_pread64));
	image_free(&image);
}

static void test_environment(void **state)
{
	char first[] = "A=1", empty[] = "", second[] = "B=", third[] = "C= x";
	char *const given[] = {first, empty, second, third, NULL};
	char *const nothing[] = {NULL};
	const char *slots[4];
	struct image image = compile("native /a", given);

	assert_int_equal(image.mapped->environment_count, 3);
	snr_exec_environment(image.mapped, slots);
	assert_string_equal(slots[0], "A=1");
	assert_string_equal(slots[1], "B=");
	assert_string_equal(slots[2], "C= x");
	assert_null(slots[3]);
	image_free(&image);
	image = compile("native /a", nothing);
	snr_exec_environment(image.mapped, slots);
	assert_null(slots[0]);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
