/* SPDX-License-Identifier: MIT
 * Socket names: what is rewritten, what is left alone, what does not fit.
 */
#include "tests/unit/fake.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "shared/address.h"

#define LONG                                                                                       \
	"/data/abcdefghijklmnop"                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"890123"

static const struct pair rules[] = {{"/run/acme", "/data/run"}, {"/run/far", LONG}};
static const struct node nodes[] = {{"/run", "d"},
				    {"/data", "d"},
				    {"/data/run", "d"},
				    {"/run/l", "-> acme/s"}};

static struct snr_address_plan plan;
static unsigned char out[SNR_ADDRESS_SIZE];
static char path[SNR_PATH_MAX];

static enum snr_verdict ask(const char *name, size_t name_len, int family, bool creates)
{
	struct image image = fake_image(rules, COUNT(rules));
	struct world world = {nodes, COUNT(nodes), "/run", "/run", 0};
	struct snr_redirector redirector = {.image = image.mapped, .host = world_host(&world)};
	static struct snr_scratch scratch;
	struct sockaddr_un address = {.sun_family = (sa_family_t)family};

	assert_true(name_len <= sizeof(address.sun_path));
	memcpy(address.sun_path, name, name_len);
	snr_plan_address(&redirector, &scratch, (unsigned char *)&address,
			 offsetof(struct sockaddr_un, sun_path) + name_len, creates, out, path,
			 &plan);
	image_free(&image);
	return plan.verdict;
}

static const char *new_name(void)
{
	return (const char *)out + SNR_ADDRESS_FAMILY;
}

static void test_forward(void **state)
{
	assert_int_equal(ask("/run/acme/s", 12, AF_UNIX, true), SNR_CHANGED);
	assert_string_equal(new_name(), "/data/run/s");
	assert_int_equal(plan.len, 2 + 12);
	assert_int_equal(ask("/run/acme/s", 11, AF_UNIX, true), SNR_CHANGED); /* no NUL */
	assert_string_equal(new_name(), "/data/run/s");
	assert_int_equal(ask("/run/l", 7, AF_UNIX, false), SNR_CHANGED);
	assert_string_equal(new_name(), "/data/run/s");
	assert_int_equal(ask("/run/l", 7, AF_UNIX, true), SNR_UNCHANGED);
	assert_int_equal(ask("acme/s", 7, AF_UNIX, true), SNR_CHANGED);
}

static void test_left_alone(void **state)
{
	assert_int_equal(ask("/run/acme/s", 12, AF_INET, true), SNR_UNCHANGED);
	assert_int_equal(ask("\0/run/acme", 10, AF_UNIX, true), SNR_UNCHANGED);
	assert_int_equal(ask("", 0, AF_UNIX, true), SNR_UNCHANGED);
	assert_int_equal(ask("/run/other", 11, AF_UNIX, true), SNR_UNCHANGED);
}

static void test_too_long(void **state)
{
	assert_int_equal(ask("/run/far/socket", 16, AF_UNIX, true), SNR_CHANGED);
	assert_true(plan.too_long);
	assert_string_equal(path, LONG "/socket");
	assert_int_equal(plan.path_len, strlen(path));
	/* 108 bytes fit without a NUL. */
	assert_int_equal(snr_write_address(LONG LONG, 108, out), 110);
	assert_int_equal(snr_write_address(LONG LONG, 109, out), -ENAMETOOLONG);
}

static void test_back(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/data/run/s"};
	const unsigned char *bytes = (const unsigned char *)&address;

	assert_int_equal(snr_reverse_address(image.mapped, bytes, 14, out), 14);
	assert_string_equal(new_name(), "/run/acme/s");
	assert_int_equal(snr_reverse_address(image.mapped, bytes, 2, out), 0);
	strcpy(address.sun_path, "/data/other");
	assert_int_equal(snr_reverse_address(image.mapped, bytes, 14, out), 0);
	address.sun_path[0] = '\0';
	assert_int_equal(snr_reverse_address(image.mapped, bytes, 14, out), 0);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_back),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
