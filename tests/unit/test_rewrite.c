/* SPDX-License-Identifier: MIT
 * What plan() answers for whole calls: which argument changes, what is refused, what is turned
 * back.
 */
#include "tests/unit/fake.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>

static const struct pair rules[] = {
	{"/opt/acme", "/snap/a"},
	{"/etc/acme.conf", "/data/acme.conf"},
	{"/opt/other", "/data/other"},
};

static const struct node nodes[] = {
	{"/opt", "d"},
	{"/etc", "d"},
	{"/snap", "d"},
	{"/snap/a", "d"},
	{"/snap/a/f", "f"},
	{"/data", "d"},
	{"/data/acme.conf", "f"},
	{"/data/other", "d"},
	{"/home", "d"},
	{"/home/f", "f"},
	{"/home/link", "-> /opt/acme"},
	{"/proc", "d"},
	{"/proc/9", "d"},
	{"/proc/self", "-> 9"},
	{"/proc/9/fd", "d"},
	{"/snap/a/7", "-> /opt"},
};

#define A(x) ((uint64_t)(uintptr_t)(x))
#define NOFD ((uint64_t)(uint32_t)AT_FDCWD)

struct asked {
	struct image image;
	struct world world;
	struct snr_facts facts;
	struct snr_plan plan;
	char text[SNR_MAX_PATHS][SNR_PATH_MAX];
};

static int set_up(void **state)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	assert_non_null(asked);
	asked->image = fake_image(rules, COUNT(rules));
	asked->world = (struct world){nodes, COUNT(nodes), "/home", "/opt", 0};
	*state = asked;
	return 0;
}

static int tear_down(void **state)
{
	struct asked *asked = *state;

	image_free(&asked->image);
	free(asked);
	return 0;
}

static const struct snr_plan *ask(struct asked *asked, struct snr_call call)
{
	static struct snr_scratch scratch;
	struct snr_redirector redirector = {.image = asked->image.mapped,
					    .facts = &asked->facts,
					    .host = world_host(&asked->world)};

	asked->plan.text[0] = asked->text[0];
	asked->plan.text[1] = asked->text[1];
	snr_plan_call(&redirector, &scratch, &call, &asked->plan);
	return &asked->plan;
}

#define ASK(op, ...)       ask(*state, (struct snr_call){SNR_##op, {__VA_ARGS__}})
#define UNCHANGED(op, ...) assert_int_equal(ASK(op, __VA_ARGS__)->verdict, SNR_UNCHANGED)
#define FAILS(error, op, ...)                                                                      \
	do {                                                                                       \
		assert_int_equal(ASK(op, __VA_ARGS__)->verdict, SNR_FINISHED);                     \
		assert_int_equal(((struct asked *)*state)->plan.result, -(error));                 \
	} while (0)
#define CHANGED(argument, path, op, ...)                                                           \
	do {                                                                                       \
		const struct snr_plan *answer = ASK(op, __VA_ARGS__);                              \
		assert_int_equal(answer->verdict, SNR_CHANGED);                                    \
		assert_int_equal(answer->npaths, 1);                                               \
		assert_int_equal(answer->path_arg[0], argument);                                   \
		assert_string_equal(answer->text[0], path);                                        \
	} while (0)

static void test_roles(void **state)
{
	CHANGED(0, "/snap/a/f", open, A("/opt/acme/f"), O_RDONLY);
	CHANGED(1, "/snap/a/f", openat, NOFD, A("/opt/acme/f"), O_RDONLY);
	CHANGED(1, "/snap/a/f", openat, 3, A("acme/f"), O_RDONLY);
	CHANGED(1, "/snap/a", newfstatat, NOFD, A("/home/link"), 0, 0);
	UNCHANGED(newfstatat, NOFD, A("/home/link"), 0, AT_SYMLINK_NOFOLLOW);
	UNCHANGED(lstat, A("/home/link"), 0);
	CHANGED(0, "/snap/a", stat, A("/home/link"), 0);
	UNCHANGED(open, A("/home/link"), O_NOFOLLOW);
	UNCHANGED(open, A("/home/link"), O_CREAT | O_EXCL);
	CHANGED(0, "/snap/a/new", open, A("/opt/acme/new"), O_CREAT | O_EXCL);
	CHANGED(1, "/snap/a/l", symlink, A("/opt/acme/f"), A("/opt/acme/l"));
	CHANGED(2, "/snap/a/l", symlinkat, A("/opt/acme/f"), 3, A("acme/l"));
	CHANGED(1, "/snap/a", inotify_add_watch, 5, A("/home/link"), IN_CREATE);
	UNCHANGED(inotify_add_watch, 5, A("/home/link"), IN_DONT_FOLLOW);
	CHANGED(4, "/snap/a", fanotify_mark, 5, 1, 0, NOFD, A("/opt/acme"));
	CHANGED(1, "/snap/a", mount, A("none"), A("/opt/acme"), 0, 0, 0);
	CHANGED(3, "/snap/a", fsconfig, 5, 1, A("source"), A("/opt/acme"), 0);
	UNCHANGED(fsconfig, 5, 1, A("source"), A("acme"), 0);
	UNCHANGED(fsconfig, 5, 1, A("sources"), A("/opt/acme"), 0);
	UNCHANGED(fsconfig, 5, 1, A("size"), A("/opt/acme"), 0);
	UNCHANGED(fsconfig, 5, 0, A("source"), A("/opt/acme"), 0);
	CHANGED(3, "/snap/a", fsconfig, 5, 3, A("source"), A("/opt/acme"), NOFD);
	UNCHANGED(name_to_handle_at, NOFD, A("/home/link"), 0, 0, 0);
	CHANGED(1, "/snap/a", name_to_handle_at, NOFD, A("/home/link"), 0, 0, AT_SYMLINK_FOLLOW);
	UNCHANGED(execve, A("/opt/acme/f"), 0, 0); /* shared/exec.h plans those */
}

static void test_openat2(void **state)
{
	struct open_how how = {.flags = O_RDONLY};
	struct open_how no_links = {.flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS};
	struct open_how no_xdev = {.flags = O_RDONLY, .resolve = RESOLVE_NO_XDEV};
	struct open_how newer = {.flags = O_RDONLY, .resolve = UINT64_C(1) << 40};

	CHANGED(1, "/snap/a/f", openat2, NOFD, A("/opt/acme/f"), A(&how), sizeof(how));
	CHANGED(1, "/snap/a/f", openat2, NOFD, A("/opt/acme/f"), A(&no_links), sizeof(how));
	UNCHANGED(openat2, NOFD, A("/home/link"), A(&no_links), sizeof(how)); /* ELOOP */
	FAILS(EXDEV, openat2, NOFD, A("/opt/acme/f"), A(&no_xdev), sizeof(how));
	UNCHANGED(openat2, NOFD, A("/home/f"), A(&no_xdev), sizeof(how));
	FAILS(EINVAL, openat2, NOFD, A("/home/f"), A(&newer), sizeof(how));
	UNCHANGED(openat2, NOFD, A("/opt/acme/f"), A(&how), 8);
	UNCHANGED(openat2, NOFD, A("/opt/acme/f"), 8, sizeof(how));
}

/* Descriptor 3 is /opt. */
static void test_confined_openat2(void **state)
{
	const struct asked *asked = *state;
	struct open_how beneath = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	struct open_how in_root = {.flags = O_RDONLY,
				   .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	uint64_t newer[4] = {O_RDONLY, 0, RESOLVE_BENEATH, 0};

	CHANGED(1, "/snap/a/f", openat2, 3, A("acme/f"), A(&beneath), sizeof(beneath));
	/* a link that somebody puts there meanwhile is not followed */
	assert_true(asked->plan.how_changed);
	assert_int_equal(asked->plan.how[0], O_RDONLY);
	assert_int_equal(asked->plan.how[2], RESOLVE_NO_SYMLINKS);
	CHANGED(1, "/snap/a/f", openat2, 3, A("/../acme/f"), A(&in_root), sizeof(in_root));
	assert_int_equal(asked->plan.how[2], RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	FAILS(EXDEV, openat2, 3, A("acme/../../f"), A(&beneath), sizeof(beneath));
	FAILS(EXDEV, openat2, 3, A("acme/7"), A(&beneath), sizeof(beneath));
	CHANGED(1, "/opt/opt", openat2, 3, A("acme/7"), A(&in_root), sizeof(in_root));
	/* what is missing cannot be passed */
	FAILS(ENOENT, openat2, 3, A("acme/no/../f"), A(&in_root), sizeof(in_root));
	CHANGED(1, "/snap/a/no", openat2, 3, A("acme/no"), A(&in_root), sizeof(in_root));
	/* the kernel's own way is right */
	UNCHANGED(openat2, 3, A("/acme/f"), A(&beneath), sizeof(beneath));
	UNCHANGED(openat2, 3, A("../acme/f"), A(&beneath), sizeof(beneath));
	UNCHANGED(openat2, 3, A("/"), A(&in_root), sizeof(in_root));
	UNCHANGED(openat2, NOFD, A("link/f"), A(&beneath), sizeof(beneath));
	/* and so is its answer to a struct that it does not know */
	CHANGED(1, "/snap/a/f", openat2, 3, A("acme/f"), A(newer), sizeof(newer));
	newer[3] = 1;
	UNCHANGED(openat2, 3, A("acme/f"), A(newer), sizeof(newer));
	UNCHANGED(openat2, 3, A("acme/f"), A(newer), 4097);
	in_root.resolve |= RESOLVE_BENEATH;
	FAILS(EINVAL, openat2, 3, A("acme/f"), A(&in_root), sizeof(in_root));
}

static void test_nothing_to_read(void **state)
{
	UNCHANGED(open, 0, O_RDONLY);
	UNCHANGED(open, 8, O_RDONLY);
	UNCHANGED(open, A(""), O_RDONLY);
	UNCHANGED(newfstatat, 3, A(""), 0, AT_EMPTY_PATH);
	UNCHANGED(utimensat, 3, 0, 0, 0);
	UNCHANGED(openat, 99, A("acme/f"), O_RDONLY); /* EBADF is the kernel's */
}

static void test_mount_points(void **state)
{
	FAILS(EBUSY, rename, A("/opt/acme"), A("/opt/new"));
	FAILS(EBUSY, rename, A("/home/f"), A("/etc/acme.conf"));
	FAILS(EBUSY, rmdir, A("/opt/acme"));
	FAILS(EISDIR, unlink, A("/opt/acme"));
	FAILS(EBUSY, unlink, A("/etc/acme.conf"));
	FAILS(ENOTDIR, rmdir, A("/etc/acme.conf"));
	FAILS(ENOTEMPTY, rmdir, A("/opt"));
	UNCHANGED(rmdir, A("/opt/.")); /* the kernel's EINVAL */
	FAILS(EBUSY, unlinkat, 3, A("acme"), 0x200);
	FAILS(EXDEV, rename, A("/opt/acme/f"), A("/home/g"));
	FAILS(EXDEV, rename, A("/opt/acme/f"), A("/opt/other/f"));
	FAILS(EXDEV, rename, A("f"), A("/opt/acme/g"));
	FAILS(EXDEV, link, A("/home/f"), A("/opt/acme/g"));
	FAILS(EXDEV, link, A("/etc/acme.conf"), A("/etc/copy"));
	FAILS(ENOENT, rename, A("/none/f"), A("/opt/acme/g")); /* before EXDEV */
	FAILS(EXDEV, rename, A("/opt/acme/f"), A("/home/..")); /* before EBUSY */
	FAILS(EBUSY, rename, A("/opt/acme"), A("/opt/.."));
	FAILS(EEXIST, renameat2, NOFD, A("/opt/acme"), NOFD, A("/opt/.."), 1);
	FAILS(EINVAL, rename, A("/opt"), A("/opt/acme"));
	FAILS(ENOTEMPTY, rename, A("/opt/acme"), A("/opt"));
	FAILS(0, rename, A("/opt/acme"), A("/opt/acme"));
	FAILS(ENOENT, link, A("/home/none"), A("/opt/acme/g"));
	FAILS(EEXIST, link, A("/home/f"), A("/opt/acme/f"));
	UNCHANGED(unlinkat, NOFD, A("/opt"), 1); /* the flag is the kernel's to refuse */
	UNCHANGED(rmdir, A("/"));
	assert_int_equal(ASK(rename, A("/opt/acme/f"), A("/opt/acme/g"))->npaths, 2);
	assert_string_equal(((struct asked *)*state)->text[1], "/snap/a/g");
	assert_int_equal(ASK(link, A("/opt/acme/f"), A("/opt/acme/g"))->npaths, 2);
	UNCHANGED(rename, A("f"), A("g"));
	UNCHANGED(rename, A("/home/f"), A("/opt/g"));
}

static void test_reversal(void **state)
{
	char out[SNR_PATH_MAX];
	const struct snr_image *image = ((struct asked *)*state)->image.mapped;

	assert_true(ASK(getcwd, A(out), sizeof(out))->reverse);
	assert_true(ASK(readlink, A("/proc/self/fd/3"), A(out), 1)->reverse);
	assert_true(ASK(readlinkat, NOFD, A("/proc/9/exe"), A(out), 1)->reverse);
	assert_false(ASK(readlink, A("/home/link"), A(out), 1)->reverse);
	assert_false(ASK(readlink, A("/opt/acme/7"), A(out), 1)->reverse);
	assert_false(ASK(readlink, A("7"), A(out), 1)->reverse);
	((struct asked *)*state)->world.cwd = "/proc/9/fd";
	assert_true(ASK(readlink, A("7"), A(out), 1)->reverse);
	assert_false(ASK(stat, A("/proc/self/fd/3"), 0)->reverse);

	assert_int_equal(snr_reverse(image, "/snap/a/f", 9, out, sizeof(out)), 11);
	assert_string_equal(out, "/opt/acme/f");
	snr_reverse(image, "/data/acme.conf", 15, out, sizeof(out));
	assert_string_equal(out, "/etc/acme.conf");
	snr_reverse(image, "/data/acme.confx", 16, out, sizeof(out));
	assert_string_equal(out, "/data/acme.confx");
	snr_reverse(image, "pipe:[1]", 8, out, sizeof(out));
	assert_string_equal(out, "pipe:[1]");
	assert_int_equal(snr_reverse(image, "/snap/a/f", 9, out, 11), -ENAMETOOLONG);
}

static void test_magic_links(void **state)
{
	static const char *const magic[] = {"/proc/self/exe",         "/proc/12/cwd",
					    "/proc/thread-self/root", "/proc/1/task/1/fd/3",
					    "/proc//self/fd/4",       "/proc/1/map_files/a-b"};
	static const char *const plain[] = {"/proc/self",   "/proc/self/fd",     "/proc/x/exe",
					    "/dev/fd/3",    "/proc/1/fd/3/4",    "/home/proc/1/exe",
					    "/proc/mounts", "/proc/1/task/exe/x"};

	for (size_t i = 0; i < COUNT(magic); i++)
		assert_true(snr_is_magic_link(magic[i], strlen(magic[i])));
	for (size_t i = 0; i < COUNT(plain); i++)
		assert_false(snr_is_magic_link(plain[i], strlen(plain[i])));
}

static void test_magic_names(void **state)
{
	static const char *const magic[] = {"exe", "cwd", "root", "3", "12", "7f00-7F10"};
	static const char *const plain[] = {"",       "features.h", "12.3", "7f00",
					    "7f00-",  "-7f00",      "exec", "bits",
					    "7f-8-9", "7f00-7f1g",  "fd"};

	for (size_t i = 0; i < COUNT(magic); i++)
		assert_true(snr_is_magic_name(magic[i], strlen(magic[i])));
	for (size_t i = 0; i < COUNT(plain); i++)
		assert_false(snr_is_magic_name(plain[i], strlen(plain[i])));
}

static void test_links_may_change(void **state)
{
	struct asked *asked = *state;
	uint32_t before;

	before = asked->facts.epoch;
	UNCHANGED(symlink, A("x"), A("/home/new"));
	assert_int_not_equal(asked->facts.epoch, before);
	before = asked->facts.epoch;
	UNCHANGED(mkdir, A("/home/new"), 0);
	assert_int_equal(asked->facts.epoch, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_roles),           TEST(test_openat2),      TEST(test_confined_openat2),
		TEST(test_nothing_to_read), TEST(test_mount_points), TEST(test_reversal),
		TEST(test_magic_links),     TEST(test_magic_names),  TEST(test_links_may_change),
	};

	return cmocka_run_group_tests_name("rewrite", tests, NULL, NULL);
}
