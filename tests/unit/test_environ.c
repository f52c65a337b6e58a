/* SPDX-License-Identifier: MIT
 * Tests of shared/environ.c: what a child's environment becomes.
 * Run by make unit. Touches no file and no real environment.
 */
#include "shared/environ.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SHIM    "/s/lib/x86_64-linux-gnu/libsnapredir.so"
#define SHIM32  "/s/lib/i386-linux-gnu/libsnapredir.so"
#define AUDIT   "/s/lib/x86_64-linux-gnu/libsnapredir-audit.so"
#define AUDIT32 "/s/lib/i386-linux-gnu/libsnapredir-audit.so"

/* Build and compare with WANTED; guard words behind both areas catch a wrong measure. */
static void check_with(const char *const *envp, const char *shim, const char *image,
		       const char *const *wanted)
{
	const struct snr_environ want = {.envp = envp,
					 .shim = shim,
					 .image = image,
					 .ours = {SHIM, SHIM32}};
	struct snr_environ_size size = snr_environ_measure(&want);
	char **slots = calloc(size.slots + 1, sizeof(*slots));
	char *bytes = malloc(size.bytes + 1);
	size_t i = 0;

	slots[size.slots] = (char *)(uintptr_t)1;
	bytes[size.bytes] = '#';
	snr_environ_build(&want, slots, bytes);
	for (; wanted[i]; i++) {
		assert_non_null(slots[i]);
		assert_string_equal(slots[i], wanted[i]);
	}
	assert_null(slots[i]);
	assert_int_equal(size.slots, i + 1);
	assert_ptr_equal(slots[size.slots], (void *)(uintptr_t)1);
	assert_int_equal(bytes[size.bytes], '#');
	free(bytes);
	free(slots);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One variable in, one out, and back again. */
static void check_value(const char *before, const char *after)
{
	check_with(LIST("A=1", before, "B=2"), SHIM, NULL, LIST("A=1", after, "B=2"));
	check_with(LIST("A=1", after, "B=2"), SHIM, NULL, LIST("A=1", after, "B=2"));
	check_with(LIST("A=1", after, "B=2"), NULL, NULL, LIST("A=1", before, "B=2"));
}

static void test_empty(void **state)
{
	const char *const none[] = {NULL};

	check_with(NULL, SHIM, "1000:7", LIST("LD_PRELOAD=" SHIM, "SNAPREDIR_IMAGE=1000:7"));
	check_with(none, SHIM, "1000:7", LIST("LD_PRELOAD=" SHIM, "SNAPREDIR_IMAGE=1000:7"));
	check_with(NULL, NULL, NULL, none);
}

static void test_appended(void **state)
{
	check_value("LD_PRELOAD=/a.so", "LD_PRELOAD=/a.so:" SHIM);
	check_value("LD_PRELOAD=/a.so /b.so", "LD_PRELOAD=/a.so /b.so:" SHIM);
	check_value("LD_PRELOAD=/usr/$LIB/x.so::", "LD_PRELOAD=/usr/$LIB/x.so:::" SHIM);
	check_value("LD_PRELOAD=", "LD_PRELOAD=:" SHIM);
	check_value("LD_PRELOAD=:", "LD_PRELOAD=::" SHIM);
}

static void test_taken_out(void **state)
{
	check_with(LIST("LD_PRELOAD=" SHIM), NULL, NULL, (const char *const[]){NULL});
	check_with(LIST("LD_PRELOAD=/a:" SHIM " /b"), NULL, NULL, LIST("LD_PRELOAD=/a /b"));
	check_with(LIST("LD_PRELOAD=" SHIM ":/b"), NULL, NULL, LIST("LD_PRELOAD=/b"));
	check_with(LIST("LD_PRELOAD=" SHIM32 ":" SHIM), NULL, NULL, (const char *const[]){NULL});
	/* what only begins like ours is not ours */
	check_with(LIST("LD_PRELOAD=" SHIM ".1"), NULL, NULL, LIST("LD_PRELOAD=" SHIM ".1"));
}

static void test_other_word_size(void **state)
{
	check_with(LIST("LD_PRELOAD=/a:" SHIM32), SHIM, NULL, LIST("LD_PRELOAD=/a:" SHIM));
	check_with(LIST("LD_PRELOAD=" SHIM), SHIM32, NULL, LIST("LD_PRELOAD=" SHIM32));
}

static void test_several_variables(void **state)
{
	check_with(LIST("LD_PRELOAD=/a", "LD_PRELOAD=/b"), SHIM, NULL,
		   LIST("LD_PRELOAD=/a", "LD_PRELOAD=/b:" SHIM));
	check_with(LIST("LD_PRELOAD=" SHIM, "LD_PRELOAD=/b"), NULL, NULL, LIST("LD_PRELOAD=/b"));
	check_with(LIST("SNAPREDIR_IMAGE=1:1", "X=", "SNAPREDIR_IMAGE=2:2"), NULL, "3:3",
		   LIST("SNAPREDIR_IMAGE=3:3", "X="));
	check_with(LIST("SNAPREDIR_IMAGE=1:1", "SNAPREDIR_IMAGES=1"), NULL, NULL,
		   LIST("SNAPREDIR_IMAGES=1"));
}

/* LD_AUDIT is written by the same code; its element is the shim's companion. */
#define ROOM "glibc.rtld.optional_static_tls=4096"

static void test_companion(void **state)
{
	const struct snr_environ want = {.envp = LIST("LD_AUDIT=/x.so"),
					 .shim = SHIM,
					 .libraries = true,
					 .ours = {SHIM, SHIM32}};
	const struct snr_environ none = {.envp = LIST("LD_AUDIT=" AUDIT32 ":/x.so:" AUDIT,
						      "GLIBC_TUNABLES=a.b=1:" ROOM),
					 .ours = {SHIM, SHIM32}};
	char *slots[4], bytes[512];

	assert_int_equal(snr_environ_measure(&want).slots, 4);
	snr_environ_build(&want, slots, bytes);
	assert_string_equal(slots[0], "LD_AUDIT=/x.so:" AUDIT);
	assert_string_equal(slots[1], "LD_PRELOAD=" SHIM);
	assert_string_equal(slots[2], "GLIBC_TUNABLES=" ROOM);
	snr_environ_build(&none, slots, bytes);
	assert_string_equal(slots[0], "LD_AUDIT=/x.so");
	assert_string_equal(slots[1], "GLIBC_TUNABLES=a.b=1");
	assert_null(slots[2]);
}

static void test_name(void **state)
{
	const struct snr_environ want = {.image = "1:2", .name = "./a b:c"};
	struct snr_environ_size size = snr_environ_measure(&want);
	char *slots[2], bytes[64];

	assert_int_equal(size.slots, 2);
	snr_environ_build(&want, slots, bytes);
	assert_string_equal(slots[0], "SNAPREDIR_IMAGE=1:2:7:./a b:c");
	assert_int_equal(size.bytes, strlen(slots[0]) + 1);
	assert_null(slots[1]);
}

/* Engine hybrid: what is right already is not written again. */
static void test_gate(void **state)
{
	const char *const *right =
		LIST("A=", "LD_PRELOAD=" SHIM, "SNAPREDIR_GATE=3:7:00000000000000ff");
	struct snr_environ want = {.envp = right,
				   .shim = SHIM,
				   .gate = "3:7:00000000000000ff",
				   .ours = {SHIM, SHIM32}};
	char *slots[5], bytes[256];

	assert_int_equal(snr_environ_measure(&want).bytes, 0);
	snr_environ_build(&want, slots, NULL);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(slots[i], right[i]);
	want.gate = "3:8:00000000000000ff";
	snr_environ_build(&want, slots, bytes);
	assert_string_equal(slots[2], "SNAPREDIR_GATE=3:8:00000000000000ff");
	want.gate = NULL;
	want.shim = NULL;
	snr_environ_build(&want, slots, bytes);
	assert_string_equal(slots[0], "A=");
	assert_null(slots[1]);
}

static void test_library_path(void **state)
{
	const struct snr_environ want = {.envp = LIST("LD_LIBRARY_PATH=/x",
						      "A=", "LD_LIBRARY_PATH=/opt/l"),
					 .shim = SHIM,
					 .library_path = "/snap/l",
					 .image = "1:2",
					 .name = "n"};
	struct snr_environ_rest rest;
	char *slots[6], bytes[256];

	assert_int_equal(snr_environ_measure(&want).slots, 6);
	snr_environ_build(&want, slots, bytes);
	assert_string_equal(slots[0], "LD_LIBRARY_PATH=/x");
	assert_string_equal(slots[2], "LD_LIBRARY_PATH=/snap/l");
	assert_string_equal(slots[4], "SNAPREDIR_IMAGE=1:2:1:nLD_LIBRARY_PATH=/opt/l");
	rest = snr_environ_rest(slots[4] + 16, 3);
	assert_int_equal(rest.name_len, 1);
	assert_int_equal(rest.name[0], 'n');
	assert_string_equal(rest.library_path, "LD_LIBRARY_PATH=/opt/l");
	strcpy(bytes, "1:2:9:n");
	rest = snr_environ_rest(bytes, 3);
	assert_int_equal(rest.name_len, 0);
	assert_null(rest.library_path);
	strcpy(bytes, "1:2:n");
	assert_int_equal(snr_environ_rest(bytes, 3).name_len, 0);
	assert_int_equal(snr_environ_rest(bytes, 5).name_len, 0);
}

static void test_odd_strings_stay(void **state)
{
	check_with(LIST("", "noequals", "=x", "LD_PRELOADS=" SHIM, "LD_PRELOAD"), NULL, NULL,
		   LIST("", "noequals", "=x", "LD_PRELOADS=" SHIM, "LD_PRELOAD"));
}

static void test_no_shim_paths(void **state)
{
	const struct snr_environ want = {.envp = LIST("LD_PRELOAD=:"), .ours = {"", NULL}};
	char *slots[2];

	assert_int_equal(snr_environ_measure(&want).bytes, 0);
	snr_environ_build(&want, slots, NULL);
	assert_string_equal(slots[0], "LD_PRELOAD=:");
}

static void check_image(const char *text, int result, int fd, int pid)
{
	int got_fd = -1, got_pid = -1;

	assert_int_equal(snr_environ_parse_image(text, &got_fd, &got_pid), result);
	if (result > 0) {
		assert_int_equal(got_fd, fd);
		assert_int_equal(got_pid, pid);
	}
}

static void test_image_value(void **state)
{
	char text[SNR_IMAGE_VALUE];

	snr_environ_image(1000, 4194304, text);
	assert_string_equal(text, "1000:4194304");
	check_image(text, (int)strlen(text), 1000, 4194304);
	check_image("0:0", 3, 0, 0);
	check_image("", -EINVAL, 0, 0);
	check_image("1000", -EINVAL, 0, 0);
	check_image("1000:", -EINVAL, 0, 0);
	check_image(":1", -EINVAL, 0, 0);
	check_image("1:2x", -EINVAL, 0, 0);
	check_image("1:2:", 3, 1, 2);
	check_image("1:2:/a name: of any kind", 3, 1, 2);
	check_image("-1:2", -EINVAL, 0, 0);
	check_image("99999999999:2", -EINVAL, 0, 0);
	check_image("1:00000000000000000000000000000000000002", -EINVAL, 0, 0);
}

static void test_get(void **state)
{
	const char *const *envp = LIST("AB=1", "A=2", "A=3", "=4", "C");

	assert_string_equal(snr_environ_get(envp, "A"), "2");
	assert_string_equal(snr_environ_get(envp, "AB"), "1");
	assert_null(snr_environ_get(envp, "C"));
	assert_null(snr_environ_get(NULL, "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_appended),
		cmocka_unit_test(test_taken_out),
		cmocka_unit_test(test_other_word_size),
		cmocka_unit_test(test_several_variables),
		cmocka_unit_test(test_companion),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_library_path),
		cmocka_unit_test(test_odd_strings_stay),
		cmocka_unit_test(test_no_shim_paths),
		cmocka_unit_test(test_image_value),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
