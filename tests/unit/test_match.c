/* SPDX-License-Identifier: MIT
 * The matcher: longest rule by whole components, both ways, and the same answer for any number of
 * rules.
 */
#include "tests/unit/fake.h"

#include "shared/match.h"
#include "shared/text.h"

static const struct pair rules[] = {
	{"/opt/acme", "/snap/a"},         {"/opt/acme/lib/deep", "/data/deep"},
	{"/etc/acme.conf", "/data/conf"}, {"/tmp/all", "/"},
	{"/var/acme", "/snap/a/var"},     {"/home/a/.acme", "/data"},
};

static void test_map(void **state)
{
	static const struct pair cases[] = {
		{"/opt/acme", "/snap/a"},
		{"/opt/acme/x", "/snap/a/x"},
		{"/opt/acme/lib/deep", "/data/deep"},
		{"/opt/acme/lib/deep/y", "/data/deep/y"},
		{"/opt/acme/lib/dee", "/snap/a/lib/dee"},
		{"/opt/acmefoo", "/opt/acmefoo"},
		{"/opt", "/opt"},
		{"/", "/"},
		{"/tmp/all", "/"},
		{"/tmp/all/etc", "/etc"},
	};
	struct image image = fake_image(rules, COUNT(rules));
	char out[SNR_PATH_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snr_map(image.mapped, cases[i].path, strlen(cases[i].path), out, sizeof(out));
		assert_string_equal(out, cases[i].target);
	}
	assert_int_equal(snr_map(image.mapped, "/opt/acme/x", 11, out, 9), -ENAMETOOLONG);
	image_free(&image);
}

static void test_unmap(void **state)
{
	static const struct pair cases[] = {
		{"/snap/a", "/opt/acme"},
		{"/snap/a/lib", "/opt/acme/lib"},
		{"/snap/a/var", "/var/acme"}, /* the longest target */
		{"/snap/a/var/log", "/var/acme/log"},
		{"/data/deep/z", "/opt/acme/lib/deep/z"},
		{"/data/x", "/home/a/.acme/x"},
		{"/data/conf", "/etc/acme.conf"},
		{"/snap/a/lib/deep", "/tmp/all/snap/a/lib/deep"}, /* hidden at /opt/acme/lib/deep */
		{"/etc", "/tmp/all/etc"},
	};
	struct image image = fake_image(rules, COUNT(rules));
	char out[SNR_PATH_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snr_unmap(image.mapped, cases[i].path, strlen(cases[i].path), out, sizeof(out));
		assert_string_equal(out, cases[i].target);
	}
	image_free(&image);
}

static void test_hash(void **state)
{
	uint64_t opt = snr_hash_step(SNR_HASH_ROOT, "opt", 3);

	assert_int_equal(snr_hash_path("/opt/acme", 9), snr_hash_step(opt, "acme", 4));
	assert_int_equal(snr_hash_path("//opt/./acme/", 13), snr_hash_step(opt, "acme", 4));
	assert_int_equal(snr_hash_path("/", 1), SNR_HASH_ROOT);
	assert_int_not_equal(snr_hash_step(opt, "ab", 2), snr_hash_step(opt, "ba", 2));
	assert_int_not_equal(snr_hash_step(opt, "a\0", 2), snr_hash_step(opt, "a", 1));
	assert_int_not_equal(snr_hash_step(opt, "aaaaaaaa", 8), snr_hash_step(opt, "aaaaaaaaa", 9));
}

/* No two of many short names may hash alike, whatever their length. */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_hash_spreads(void **state)
{
	enum { N = 200000 };
	uint64_t *hash = malloc(N * sizeof(*hash));
	char name[32];

	assert_non_null(hash);
	for (int i = 0; i < N; i++) {
		int len = snprintf(name, sizeof(name), "%.*s%d", i % 13, "libxxxxxxxxxx", i);

		hash[i] = snr_hash_step(SNR_HASH_ROOT, name, (size_t)len);
	}
	qsort(hash, N, sizeof(*hash), compare);
	for (int i = 1; i < N; i++)
		assert_int_not_equal(hash[i - 1], hash[i]);
	free(hash);
}

static void test_many_rules(void **state)
{
	enum { N = 20000 };
	struct pair *many = calloc(N, sizeof(*many));
	char(*names)[2][40] = calloc(N, sizeof(*names));
	struct image image;
	char out[SNR_PATH_MAX], path[64], expect[64];

	assert_non_null(many);
	assert_non_null(names);
	for (int i = 0; i < N; i++) {
		snprintf(names[i][0], sizeof(names[i][0]), "/opt/v%d/p%d", i % 100, i);
		snprintf(names[i][1], sizeof(names[i][1]), "/data/t%d", i);
		many[i] = (struct pair){names[i][0], names[i][1]};
	}
	image = fake_image(many, N);
	assert_int_equal(snr_image_check(image.mapped, image.size), 0);
	for (int i = 0; i < N; i += 7) {
		snprintf(path, sizeof(path), "%s/x", names[i][0]);
		snprintf(expect, sizeof(expect), "%s/x", names[i][1]);
		snr_map(image.mapped, path, strlen(path), out, sizeof(out));
		assert_string_equal(out, expect);
		snr_unmap(image.mapped, expect, strlen(expect), out, sizeof(out));
		assert_string_equal(out, path);
		assert_true(snr_match_name(image.mapped, strrchr(names[i][0], '/') + 1,
					   strlen(strrchr(names[i][0], '/') + 1)));
	}
	image_free(&image);
	free(many);
	free(names);
}

static void test_names(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	int foreign = 0;
	char name[16];

	assert_true(snr_match_name(image.mapped, "acme", 4));
	assert_true(snr_match_name(image.mapped, "acme.conf", 9));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		foreign += !snr_match_name(image.mapped, name, strlen(name));
	}
	assert_true(foreign > 900); /* a filter that lets everything through is none */
	image_free(&image);
}

static void test_empty_image(void **state)
{
	struct image image = fake_image(NULL, 0);
	char out[SNR_PATH_MAX];

	snr_map(image.mapped, "/opt/x", 6, out, sizeof(out));
	assert_string_equal(out, "/opt/x");
	snr_unmap(image.mapped, "/opt/x", 6, out, sizeof(out));
	assert_string_equal(out, "/opt/x");
	image_free(&image);
}

/* An image is somebody else's bytes until it was checked: no damage to it may get through or crash.
 */
static void test_damaged_image(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	unsigned char *copy = malloc(image.size);
	struct snr_image *head = (struct snr_image *)copy;

	assert_non_null(copy);
	memcpy(copy, image.mapped, image.size);
	head->version++;
	assert_int_equal(snr_image_check(copy, image.size), -EPROTO);
	memcpy(copy, image.mapped, image.size);
	head->magic ^= 1;
	assert_int_equal(snr_image_check(copy, image.size), -EINVAL);
	assert_int_equal(snr_image_check(image.mapped, image.size - 1), -EINVAL);
	assert_int_equal(snr_image_check(image.mapped, 4), -EINVAL);
	for (size_t off = 0; off < sizeof(*head); off += 4) {
		memcpy(copy, image.mapped, image.size);
		for (uint32_t value = 0xfffffff8; value; value <<= 7) {
			memcpy(copy + off, &value, sizeof(value));
			snr_image_check(
				copy, image.size); /* under the sanitizers: reads nothing outside */
		}
	}
	free(copy);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),         cmocka_unit_test(test_unmap),
		cmocka_unit_test(test_hash),        cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_many_rules),  cmocka_unit_test(test_names),
		cmocka_unit_test(test_empty_image), cmocka_unit_test(test_damaged_image),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
