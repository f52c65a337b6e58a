/* SPDX-License-Identifier: MIT
 * Tests of launcher/rules_check.c, rules_canon.c, rules_targets.c and rules_compile.c: what becomes
 * of rules, up to the image and the look-ups in it. `make unit` runs it, in a temporary directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "launcher/rules_compile.h"
#include "shared/match.h"

static struct rules rules;
static struct rules_set set;
static struct image image;
static char dir[128];

static int setup(void **state)
{
	char base[] = "/tmp/snr-compile-XXXXXX";

	if (!mkdtemp(base) || !realpath(base, dir))
		return -1;
	setenv("D", dir, 1);
	image = (struct image){.fd = -1};
	return chdir(dir);
}

static void drop(void)
{
	image_free(&image);
	rules_set_free(&set);
	rules_free(&rules);
}

static int teardown(void **state)
{
	char command[160];

	drop();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return chdir("/") || system(command);
}

static void check_text(const char *text)
{
	drop();
	rules_read_text(&rules, "rules", text, strlen(text));
	assert_int_equal(rules.diags.errors, 0);
	rules_check(&rules, &set);
	diags_sort(&rules.diags);
}

static void expect_error(const char *text, uint32_t column, const char *what)
{
	check_text(text);
	assert_true(rules.diags.errors > 0);
	if (!strstr(rules.diags.item[0].text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, rules.diags.item[0].text);
	assert_int_equal(rules.diags.item[0].place.column, column);
}

static void expect_warning(const char *text, const char *what)
{
	check_text(text);
	assert_int_equal(rules.diags.errors, 0);
	assert_int_equal(rules.diags.count, 1);
	if (!strstr(rules.diags.item[0].text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, rules.diags.item[0].text);
}

static void build(const char *text)
{
	const struct image_settings settings = {.engine = SNR_ENGINE_TRACE,
						.verbose = 1,
						.log = "/var/log/x",
						.launcher = "/l"};

	check_text(text);
	assert_int_equal(rules.diags.errors, 0);
	assert_int_equal(image_build(&set, &settings, &image), 0);
	assert_int_equal(snr_image_check(image.mapped, image.size), 0);
}

/* Rule INDEX leads PATH to TARGET, both beneath the temporary directory unless they start with
 * '='. */
static void expect_final(uint32_t index, const char *path, const char *target)
{
	char full[SNR_PATH_MAX];

	assert_true(index < set.count);
	snprintf(full, sizeof(full), "%s%s", *path == '=' ? "" : dir, path + (*path == '='));
	assert_string_equal(set.rule[index].path, full);
	snprintf(full, sizeof(full), "%s%s", *target == '=' ? "" : dir, target + (*target == '='));
	assert_string_equal(set.rule[index].target, full);
	assert_int_equal(set.rule[index].path_len, strlen(set.rule[index].path));
	assert_int_equal(set.rule[index].target_len, strlen(set.rule[index].target));
}

static void make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void test_refused(void **state)
{
	char text[2 * SNR_PATH_MAX] = "bind /";

	expect_error("bind opt/a /b\n", 6, "'opt/a' is relative");
	expect_error("bind /a b\n", 9, "the target 'b' is relative");
	expect_error("bind \"\" /b\n", 6, "the path is empty");
	expect_error("bind / /b\n", 6, "root directory, which no rule of this kind can replace");
	expect_error("bind /.// /b\n", 6, "root directory");
	expect_error("bind /.. /b\n", 6, "leads to the root directory");
	expect_error("bind /proc/self/root /b\n", 6, "leads to the root directory");
	memset(text + 6, 'x', 300);
	strcpy(text + 306, " /b\n");
	expect_error(text, 6, "more than 255 bytes");
	for (int i = 6; i < SNR_PATH_MAX + 5; i += 2)
		memcpy(text + i, "x/", 2);
	strcpy(text + SNR_PATH_MAX + 5, " /b\n");
	expect_error(text, 6, "bytes long");
	check_text("bind a b\nbind / c\n");
	assert_int_equal(rules.diags.errors, 4);
}

static void test_canonical_words(void **state)
{
	mkdir("t", 0755);
	check_text("bind $D/a/ $D//t/.\nbind $D/x/./y/../z $D/t\n");
	expect_final(0, "/a", "/t");
	expect_final(1, "/x/z", "/t");
	assert_int_equal(set.rule[0].flags, SNR_RULE_TARGET_DIR);
}

static void test_links_of_the_path(void **state)
{
	mkdir("usr", 0755);
	mkdir("usr/bin", 0755);
	mkdir("t", 0755);
	assert_int_equal(symlink("usr/bin", "bin"), 0);
	make_file("usr/bin/real");
	assert_int_equal(symlink("real", "usr/bin/tool"), 0);
	assert_int_equal(symlink("nowhere", "usr/bin/dangling"), 0);
	check_text("bind $D/bin/foo $D/t\n"
		   "bind $D/bin/tool $D/t\n"
		   "bind $D/bin/dangling $D/t\n"
		   "bind $D/bin/../x $D/t\n"
		   "bind $D/none/../y $D/t\n");
	expect_final(0, "/usr/bin/foo", "/t");
	expect_final(1, "/usr/bin/real", "/t");
	expect_final(2, "/usr/bin/dangling", "/t");
	expect_final(3, "/usr/x", "/t");
	expect_final(4, "/y", "/t");
	assert_int_equal(set.rule[0].flags & SNR_RULE_PATH_EXISTS, 0);
	assert_int_equal(set.rule[1].flags & SNR_RULE_PATH_EXISTS, SNR_RULE_PATH_EXISTS);
	assert_int_equal(set.rule[2].flags & SNR_RULE_PATH_EXISTS, SNR_RULE_PATH_EXISTS);
}

static void test_links_of_the_target(void **state)
{
	mkdir("v2", 0755);
	assert_int_equal(symlink("v2", "current"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	check_text("bind /snr-a $D/current\nbind /snr-b $D/current/new/file\n");
	expect_final(0, "=/snr-a", "/v2");
	expect_final(1, "=/snr-b", "/v2/new/file");
	assert_int_equal(set.rule[1].flags, SNR_RULE_MISSING);
	expect_error("bind /snr-a $D/loop/x\n", 13, "more than 40 symbolic links");
}

/* The path of a rule beneath another rule's is looked up in that one's target, whatever their
 * order. */
static void test_path_through_a_rule(void **state)
{
	mkdir("src", 0755);
	mkdir("src/dir", 0755);
	mkdir("t", 0755);
	assert_int_equal(symlink("dir", "src/link"), 0);
	assert_int_equal(symlink("/snr-else", "src/away"), 0);
	assert_int_equal(symlink("../x", "src/up"), 0);
	check_text("bind /snr-opt/a/link/f $D/t\n"
		   "bind /snr-opt/a $D/src\n"
		   "bind /snr-opt/a/away/f $D/t\n"
		   "bind /snr-opt/a/up/f $D/t\n"
		   "bind /snr-opt/a/dir $D/t\n");
	expect_final(0, "=/snr-opt/a/dir/f", "/t");
	expect_final(1, "=/snr-opt/a", "/src");
	expect_final(2, "=/snr-else/f", "/t");
	expect_final(3, "=/snr-opt/x/f", "/t");
	expect_final(4, "=/snr-opt/a/dir", "/t");
	assert_int_equal(set.rule[4].flags & SNR_RULE_PATH_EXISTS, SNR_RULE_PATH_EXISTS);
	assert_int_equal(set.rule[1].flags & SNR_RULE_PATH_EXISTS, 0);
}

static void test_equal_paths(void **state)
{
	mkdir("a", 0755);
	mkdir("b", 0755);
	mkdir("real", 0755);
	assert_int_equal(symlink("real", "link"), 0);
	expect_warning("bind $D/p $D/a\nbind $D/p/ $D/b\n", "replaced by that of rules:2");
	assert_int_equal(set.count, 1);
	expect_final(0, "/p", "/b");
	/* The later one wins even where it is the one that is looked at first. */
	expect_warning("bind $D/./link/../p $D/a\nbind $D/p $D/b\n", "replaced by that of rules:2");
	assert_int_equal(set.count, 1);
	expect_final(0, "/p", "/b");
	expect_warning("bind $D/p $D/a\nbind $D/link/../p $D/b\n", "replaced by that of rules:2");
	expect_final(0, "/p", "/b");
}

static void test_warnings(void **state)
{
	make_file("file");
	mkdir("there", 0755);
	expect_warning("bind /snr-a $D/none\n", "is not there");
	expect_warning("bind /snr-a $D/file create=dir\n", "is a file already");
	expect_warning("bind $D/there $D/file\n", "which no mount would allow");
	expect_warning("bind /snr-* $D/file\n", "is an ordinary letter");
	expect_warning("tmpfs /snr/*.d\n", "is an ordinary letter");
	check_text("bind /snr-a $D/none optional\nbind /snr-b $D/file optional\n");
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.skipped, 1);
}

static void test_make_targets(void **state)
{
	struct stat stat_now;

	check_text("bind /snr-a $D/n/e/w create=dir mode=0701\n"
		   "bind /snr-b $D/n/f/file create=file\n"
		   "bind /snr-c $D/there create=dir\n");
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(access("n", F_OK), -1);
	rules_make_targets(&rules, &set);
	assert_int_equal(rules.diags.count, 0);
	assert_int_equal(stat("n/e/w", &stat_now), 0);
	assert_true(S_ISDIR(stat_now.st_mode));
	assert_int_equal(stat_now.st_mode & 07777, 0701);
	assert_int_equal(stat("n/f/file", &stat_now), 0);
	assert_true(S_ISREG(stat_now.st_mode));
	assert_int_equal(set.rule[0].flags, SNR_RULE_TARGET_DIR);
	assert_int_equal(set.rule[1].flags, 0);
	check_text("bind /snr-a $D/n/f/file/x create=dir\n");
	rules_make_targets(&rules, &set);
	assert_int_equal(rules.diags.errors, 1);
	assert_int_equal(rules.diags.item[0].place.column, 13);
	assert_non_null(strstr(rules.diags.item[0].text, "cannot make"));
}

static uint32_t longest(const char *path, size_t *rest)
{
	return snr_match_longest(image.mapped, path, strlen(path), rest);
}

static void test_image(void **state)
{
	char out[SNR_PATH_MAX];
	size_t rest;

	build("bind /snr/a /t\nbind /snr/a/b/c /u\nbind /v /t\n");
	assert_int_equal(image.mapped->nrules, 3);
	assert_int_equal(image.mapped->engine, SNR_ENGINE_TRACE);
	assert_string_equal(snr_string(image.mapped, image.mapped->log), "/var/log/x");
	assert_string_equal(snr_string(image.mapped, image.mapped->launcher), "/l");
	assert_string_equal(snr_string(image.mapped, image.mapped->shim64), "");
	assert_string_equal(snr_string(image.mapped, snr_rule(image.mapped, 1)->file), "rules");
	assert_int_equal(snr_rule(image.mapped, 1)->line, 2);
	assert_int_equal(longest("/snr/a/x", &rest), 0);
	assert_int_equal(rest, 6);
	assert_int_equal(longest("/snr/a/b", &rest), 0);
	assert_int_equal(longest("/snr/a/b/c/d", &rest), 1);
	assert_int_equal(longest("/snr/ab", &rest), SNR_NO_RULE);
	assert_int_equal(longest("/snr", &rest), SNR_NO_RULE);
	assert_int_equal(longest("/", &rest), SNR_NO_RULE);
	assert_true(snr_match_name(image.mapped, "a", 1));
	assert_true(snr_match_name(image.mapped, "c", 1));
	assert_false(snr_match_name(image.mapped, "nothing like it", 15));
	assert_int_equal(snr_map(image.mapped, "/snr/a/b/c/d", 12, out, sizeof(out)), 4);
	assert_string_equal(out, "/u/d");
	/* Two rules share /t: the first gives the name. */
	assert_int_equal(snr_unmap(image.mapped, "/t/x", 4, out, sizeof(out)), 8);
	assert_string_equal(out, "/snr/a/x");
	const struct snr_entry *entry = snr_match_path(image.mapped, snr_hash_path("/snr/a", 6));
	assert_int_equal(entry->rule, 0);
	assert_true(entry->ancestor);
	entry = snr_match_path(image.mapped, SNR_HASH_ROOT);
	assert_int_equal(entry->rule, SNR_NO_RULE);
	assert_true(entry->ancestor);
}

/* The names that a listing of PATH must show, each with a comma behind it. */
static const char *children_of(const char *path, char *out)
{
	const struct snr_entry *entry =
		snr_match_path(image.mapped, snr_hash_path(path, strlen(path)));
	const struct snr_child *child =
		(const struct snr_child *)((const char *)image.mapped + image.mapped->children_off);

	*out = '\0';
	if (!entry || !entry->ancestor)
		return out;
	for (child += entry->ancestor - 1;; child++) {
		strncat(out, snr_string(image.mapped, child->name), child->name.len);
		strcat(out, ",");
		if (child->last)
			return out;
	}
}

static void test_children(void **state)
{
	char names[256];

	build("bind /snr/a/b /t\nbind /snr/c /t\nbind /snr/a /u\nbind /snr/a/d/e /t\nbind /x /t\n");
	assert_string_equal(children_of("/", names), "snr,x,");
	assert_string_equal(children_of("/snr", names), "a,c,");
	assert_string_equal(children_of("/snr/a", names), "b,d,");
	assert_string_equal(children_of("/snr/a/d", names), "e,");
	assert_string_equal(children_of("/snr/a/b", names), "");
	assert_string_equal(children_of("/y", names), "");
}

/* Directories above a rule that are not on the disk become rules of their own, those that are do
 * not, and neither do those above a rule without its target. */
static void test_missing_parents(void **state)
{
	char here[SNR_PATH_MAX];

	mkdir("t", 0755);
	mkdir("there", 0755);
	check_text("bind $D/there/b/c $D/t\nbind $D/there/d $D/t\nbind $D/e/f $D/none\n");
	assert_int_equal(set.count, 3);
	rules_show_parents(&rules, &set);
	assert_int_equal(set.count, 4);
	assert_true(set.rule[3].parent);
	snprintf(here, sizeof(here), "%s/there/b", dir);
	assert_string_equal(set.rule[3].path, here);
	const struct image_settings settings = {.engine = SNR_ENGINE_TRACE};
	assert_int_equal(image_build(&set, &settings, &image), 0);
	assert_int_equal(snr_image_check(image.mapped, image.size), 0);
	assert_int_equal(snr_rule(image.mapped, 3)->kind, SNR_PARENT);
}

static void test_empty_image(void **state)
{
	size_t rest;

	build("");
	assert_int_equal(image.mapped->nrules, 0);
	assert_int_equal(longest("/x", &rest), SNR_NO_RULE);
}

static void test_image_is_sealed(void **state)
{
	build("bind /snr/a /t\n");
	assert_int_equal(write(image.fd, "x", 1), -1);
	assert_int_equal(ftruncate(image.fd, 1), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, image.fd, 0),
			 MAP_FAILED);
	int seals = fcntl(image.fd, F_GET_SEALS);
	int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	assert_int_equal(seals & wanted, wanted);
	assert_int_equal(fcntl(image.fd, F_GETFD), FD_CLOEXEC);
}

static void test_other_versions_are_refused(void **state)
{
	build("bind /snr/a /t\n");
	struct snr_image *copy = malloc(image.size);
	assert_non_null(copy);
	memcpy(copy, image.mapped, image.size);
	assert_int_equal(snr_image_check(copy, image.size), 0);
	copy->version++;
	assert_int_equal(snr_image_check(copy, image.size), -EPROTO);
	copy->version--;
	copy->magic++;
	assert_int_equal(snr_image_check(copy, image.size), -EINVAL);
	copy->magic--;
	assert_int_equal(snr_image_check(copy, image.size - 1), -EINVAL);
	assert_int_equal(snr_image_check(copy, 16), -EINVAL);
	/* No word of the head may lead out of the image. */
	for (size_t i = 0; i + 4 <= sizeof(*copy); i += 4) {
		uint32_t *word = (uint32_t *)copy + i / 4, kept = *word;
		*word = UINT32_MAX;
		(void)snr_image_check(copy, image.size);
		*word = kept;
	}
	free(copy);
}

/* 65,536 rules: compiled whole, every one found. How long it takes is for `make bench`. */
static void test_many(void **state)
{
	const struct image_settings settings = {.engine = SNR_ENGINE_PRELOAD};
	char word[64];
	size_t rest;

	for (unsigned i = 0; i < SNR_MAX_RULES; i++) {
		snprintf(word, sizeof(word), "/snr/%u/dir/%u=/t/%u", i % 251, i, i);
		rules_read_map(&rules, SNR_BIND, word);
	}
	rules_check(&rules, &set);
	assert_int_equal(rules.diags.errors, 0);
	assert_int_equal(image_build(&set, &settings, &image), 0);
	assert_int_equal(snr_image_check(image.mapped, image.size), 0);
	assert_int_equal(image.mapped->nrules, SNR_MAX_RULES);
	for (unsigned i = 0; i < SNR_MAX_RULES; i++) {
		snprintf(word, sizeof(word), "/snr/%u/dir/%u/f", i % 251, i);
		assert_int_equal(longest(word, &rest), i);
	}
	assert_int_equal(longest("/snr/0/dir/1/f", &rest), SNR_NO_RULE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_canonical_words),
		TEST(test_links_of_the_path),
		TEST(test_links_of_the_target),
		TEST(test_path_through_a_rule),
		TEST(test_equal_paths),
		TEST(test_warnings),
		TEST(test_make_targets),
		TEST(test_image),
		TEST(test_children),
		TEST(test_missing_parents),
		TEST(test_empty_image),
		TEST(test_image_is_sealed),
		TEST(test_other_versions_are_refused),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
