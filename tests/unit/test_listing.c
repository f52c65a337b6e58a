/* SPDX-License-Identifier: MIT
 * What listings must show: each name that leads to a rule, once, and only where the disk does not
 * have it.
 */
#include "tests/unit/fake.h"

#include <dirent.h>
#include <errno.h>

#include "shared/listing.h"

static const struct pair rules[] = {
	{"/opt/acme", "/snap/a"},      {"/opt/there", "/snap/a"},   {"/opt/acme/in/x", "/data/x"},
	{"/opt/file", "/data/file"},   {"/opt/gone", "/data/none"}, {"/top", "/snap/a"},
	{"/opt/deep/er/y", "/data/x"},
};
static const struct node nodes[] = {
	{"/opt", "d"},       {"/opt/there", "d"}, {"/snap", "d"},   {"/snap/a", "d"},
	{"/snap/a/in", "d"}, {"/data", "d"},      {"/data/x", "d"}, {"/data/file", "f"},
};

/* The names in REAL, each with its type, in one string. */
static const char *list(const char *real)
{
	struct image image = fake_image(rules, COUNT(rules));
	struct world world = {nodes, COUNT(nodes), "/", "/", 0};
	struct snr_host host = world_host(&world);
	static struct snr_scratch scratch;
	static char names[256];
	struct snr_listing listing;
	struct snr_listed listed;

	names[0] = '\0';
	if (snr_listing_begin(&listing, image.mapped, &host, &scratch, real, strlen(real))) {
		while (snr_listing_next(&listing, &listed))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%.*s:%d ",
				 (int)listed.len, listed.name, listed.type);
	}
	image_free(&image);
	return names;
}

static void test_names(void **state)
{
	assert_string_equal(list("/opt"), "acme:4 file:8 ");
	assert_string_equal(list("/"), "top:4 ");
	assert_string_equal(list("/snap/a/in"), "x:4 "); /* a rule within a rule */
	assert_string_equal(list("/snap/a"), "");        /* "in" is on the disk */
	assert_string_equal(list("/data"), "");
	assert_string_equal(list("pipe:[1]"), "");
}

static void test_records(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	struct world world = {nodes, COUNT(nodes), "/", "/", 0};
	struct snr_host host = world_host(&world);
	static struct snr_scratch scratch;
	struct snr_listing listing;
	_Alignas(struct dirent64) char buffer[512];
	const struct dirent64 *record = (const struct dirent64 *)buffer;
	uint64_t inode;
	long n;

	assert_true(snr_listing_begin(&listing, image.mapped, &host, &scratch, "/opt", 4));
	assert_int_equal(snr_listing_fill(&listing, 0, 0, buffer, 23), -EINVAL);
	n = snr_listing_fill(&listing, 0x100, 0, buffer, 24);
	assert_int_equal(n, 24);
	assert_int_equal(record->d_reclen, 24);
	assert_int_equal(record->d_off, 0x100 + listing.next);
	world_kind(&world, "/snap/a", &inode);
	assert_int_equal(record->d_ino, inode);
	assert_int_equal(record->d_type, DT_DIR);
	assert_string_equal(record->d_name, "acme");
	assert_int_equal(snr_listing_fill(&listing, 0x100, 0, buffer, sizeof(buffer)), 24);
	assert_string_equal(record->d_name, "file");
	assert_int_equal(snr_listing_fill(&listing, 0x100, 0, buffer, sizeof(buffer)), 0);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
					   cmocka_unit_test(test_records)};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
