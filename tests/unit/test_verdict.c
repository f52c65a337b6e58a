/* SPDX-License-Identifier: MIT
 * Tests of shared/verdict.c, launcher/rules_kinds.c and rules_globs.c: patterns, and which verdicts
 * hold for a path. `make unit` runs it. It must never look at the file system but for /.
 */
#include "tests/unit/fake.h"

#include "launcher/rules_text.h"
#include "shared/verdict.h"

static bool matches(const char *pattern, const char *path, bool beneath)
{
	return snr_pattern_matches(pattern, strlen(pattern), path, strlen(path), beneath);
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match, beneath;
	} cases[] = {
		{"/a/*", "/a/b", true, true},
		{"/a/*", "/a", false, false},
		{"/a/*", "/a/b/c", false, true},
		{"/a/*", "/a/.b", true, true},
		{"/a/b*d", "/a/bcd", true, true},
		{"/a/b*d", "/a/bd", true, true},
		{"/a/b*d", "/a/bdc", false, false},
		{"/a/*b*", "/a/cabac", true, true},
		{"/a/*ab", "/a/aab", true, true},
		{"/a/\\*", "/a/*", true, true},
		{"/a/\\*", "/a/b", false, false},
		{"/a/\\*x*", "/a/*xy", true, true},
		{"/a/**", "/a", false, false},
		{"/a/**", "/a/b", true, true},
		{"/a/**", "/a/b/c/d", true, true},
		{"/a/**/z", "/a/z", true, true},
		{"/a/**/z", "/a/b/c/z", true, true},
		{"/a/**/z", "/a/b/c/z/y", false, true},
		{"/a/**/z", "/a/b/c", false, false},
		{"/**/x/**/y", "/x/a/x/b/y", true, true},
		{"/**/x/**/y", "/a/y/x", false, false},
		{"/**/x/*", "/a/x/x/b", true, true},
		{"/*/c", "/a/b/c", false, false},
		{"/**", "/", false, false},
		{"/a", "/a", true, true},
		{"/a", "/ab", false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (matches(cases[i].pattern, cases[i].path, false) != cases[i].match ||
		    matches(cases[i].pattern, cases[i].path, true) != cases[i].beneath)
			fail_msg("%s and %s", cases[i].pattern, cases[i].path);
	}
}

static struct image compile(const char *text)
{
	struct rules rules = {0};
	struct rules_set set;
	struct image_settings settings = {.engine = SNR_ENGINE_TRACE};
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

static uint32_t line_at(const struct image *image, const char *path, uint32_t kinds)
{
	struct snr_position at = snr_match_position(image->mapped, path, strlen(path));
	uint32_t rule = snr_verdict_at(image->mapped, &at, path, strlen(path), kinds);

	return rule == SNR_NO_RULE ? 0 : snr_rule(image->mapped, rule)->line;
}

static void test_one_name(void **state)
{
	const uint32_t all = UINT32_MAX, hide = SNR_KIND_BIT(SNR_HIDE);
	struct image image = compile("hide /snr/a\n"
				     "deny /snr/a/* EIO\n"
				     "hide /snr/a/b\n"
				     "hide /snr/*.c\n"
				     "bind /snr/a/b/c /tmp\n"
				     "deny \"/snr/\\\\*\"\n");

	assert_int_equal(line_at(&image, "/snr/a", all), 1);
	assert_int_equal(line_at(&image, "/snr", all), 0);
	assert_int_equal(line_at(&image, "/snr/a/b", all), 2);
	assert_int_equal(line_at(&image, "/snr/a/b", hide), 3);
	assert_int_equal(line_at(&image, "/snr/a/x", all), 2);
	assert_int_equal(line_at(&image, "/snr/a/x", hide), 0);
	assert_int_equal(line_at(&image, "/snr/x.c", all), 4);
	assert_int_equal(line_at(&image, "/snr/y/x.c", all), 0);
	assert_int_equal(line_at(&image, "/snr/a/b/c", all), 0);
	assert_int_equal(line_at(&image, "/snr/*", all), 6);
	assert_int_equal(snr_rule(image.mapped, 1)->error, EIO);
	assert_true(snr_has_kind(image.mapped, hide));
	assert_false(snr_has_kind(image.mapped, SNR_KIND_BIT(SNR_PREFIX)));
	image_free(&image);
}

static void test_all_above(void **state)
{
	struct image image = compile("hide /snr/a\n"
				     "deny /snr/a\n"
				     "hide /snr/**/c\n"
				     "hide /snr/a/b/c/d\n"
				     "hide /other\n");
	static const char path[] = "/snr/a/b/c/d/e";
	static const uint32_t wanted[] = {1, 2, 4, 3};
	struct snr_verdicts verdicts =
		snr_verdicts_begin(image.mapped, path, strlen(path), UINT32_MAX);

	for (size_t i = 0; i < COUNT(wanted); i++) {
		uint32_t rule = snr_verdicts_next(&verdicts);

		assert_int_not_equal(rule, SNR_NO_RULE);
		assert_int_equal(snr_rule(image.mapped, rule)->line, wanted[i]);
	}
	assert_int_equal(snr_verdicts_next(&verdicts), SNR_NO_RULE);
	verdicts = snr_verdicts_begin(image.mapped, path, strlen(path), SNR_KIND_BIT(SNR_DENY));
	assert_int_equal(snr_rule(image.mapped, snr_verdicts_next(&verdicts))->line, 2);
	assert_int_equal(snr_verdicts_next(&verdicts), SNR_NO_RULE);
	image_free(&image);
}

static void expect_error(const char *text, const char *what)
{
	struct rules rules = {0};
	struct rules_set set;

	rules_read_text(&rules, "rules", text, strlen(text));
	rules_check(&rules, &set);
	diags_sort(&rules.diags);
	if (!rules.diags.errors || !strstr(rules.diags.item[0].text, what))
		fail_msg("%s says %s", text,
			 rules.diags.count ? rules.diags.item[0].text : "nothing");
	rules_set_free(&set);
	rules_free(&rules);
}

static void test_errors(void **state)
{
	expect_error("hide\n", "hide needs a path; write: hide PATH");
	expect_error("hide /a b\n", "unknown option 'b'; this kind takes none");
	expect_error("hide /a mode=1\n", "unknown option 'mode=1'");
	expect_error("hide a\n", "is relative");
	expect_error("hide /\n", "without which nothing runs");
	expect_error("hide /**\n", "matches everything");
	expect_error("deny /*/** EIO\n", "matches everything");
	expect_error("hide /a/b**\n", "** beside other letters");
	expect_error("hide /a*/../b\n", "with a dot for a directory");
	expect_error("deny /a EOI\n", "did you mean 'EIO'");
	expect_error("deny /a 13\n", "no name of an error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_one_name),
		cmocka_unit_test(test_all_above),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
