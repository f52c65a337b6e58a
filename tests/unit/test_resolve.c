/* SPDX-License-Identifier: MIT
 * Where paths lead: the table of cases says what a kernel with bind mounts at the rules' paths
 * would open. Every case is asked twice, so that an answer from facts must equal the one from the
 * walk.
 */
#include "tests/unit/fake.h"

#include <fcntl.h>

#include "shared/start.h"

static const struct pair rules[] = {
	{"/opt/acme", "/snap/a/opt/acme"},
	{"/opt/acme/plugins/extra", "/data/extra"}, /* nested in a rule's path */
	{"/etc/acme.conf", "/data/acme.conf"},      /* a file */
	{"/usr/share/acme", "/snap/a/share"},
	{"/srv", "/opt/acme"}, /* a target that is a rule's path: not matched again */
	{"/var/none/deep/x", "/data/x"},
};

static const struct node nodes[] = {
	{"/bin", "-> usr/bin"},
	{"/usr", "d"},
	{"/usr/bin", "d"},
	{"/usr/bin/acme", "-> /opt/acme/bin/acme"},
	{"/usr/bin/up", "-> ../../opt/acme/bin"},
	{"/usr/bin/loop", "-> loop"},
	{"/usr/bin/tool", "-> tool1"},
	{"/usr/bin/tool1", "f"},
	{"/usr/share", "d"},
	{"/usr/share/doc", "d"},
	{"/opt", "d"},
	{"/etc", "d"},
	{"/etc/rc", "f"},
	{"/snap", "d"},
	{"/snap/a", "d"},
	{"/snap/a/opt", "d"},
	{"/snap/a/opt/acme", "d"},
	{"/snap/a/opt/acme/bin", "d"},
	{"/snap/a/opt/acme/bin/acme", "f"},
	{"/snap/a/opt/acme/bin/self", "-> /opt/acme/bin/acme"},
	{"/snap/a/opt/acme/bin/near", "-> acme"},
	{"/snap/a/opt/acme/out", "-> ../../etc/rc"},
	{"/snap/a/opt/acme/share", "-> ../../usr/share/acme"},
	{"/snap/a/opt/acme/lib", "-> bin"},
	{"/snap/a/opt/acme/plugins", "d"},
	{"/snap/a/etc", "d"},
	{"/snap/a/share", "d"},
	{"/snap/a/share/top", "-> .."},
	{"/snap/a/share/f", "f"},
	{"/data", "d"},
	{"/data/extra", "d"},
	{"/data/extra/up", "-> ../../bin/acme"},
	{"/data/acme.conf", "f"},
	{"/home", "d"},
	{"/home/l", "-> /opt"},
	{"/home/m", "-> /opt/acme"},
	{"/home/n", "-> m/bin"},
	{"/home/file", "f"},
	{"/proc", "d"},
	{"/proc/7", "d"},
	{"/proc/self", "-> 7"},
	{"/proc/7/cwd", "-> /snap/a/opt/acme"},
	{"/proc/7/fd", "d"},
	{"/proc/7/fd/3", "-> /home"},
	{"/proc/7/fd/4", "-> pipe:[1]"},
};

enum { FOLLOWED = 1, ENTRY = 2 };

static const struct {
	int line;
	const char *cwd;
	const char *path;
	int how;            /* FOLLOWED, ENTRY or 0: not followed */
	const char *expect; /* NULL: unchanged; "-N": fails with errno N */
} cases[] = {
#define C(...)                                                                                     \
	{                                                                                          \
		__LINE__, __VA_ARGS__                                                              \
	}
	C("/", "/opt/acme", 1, "/snap/a/opt/acme"),
	C("/", "/opt/acme/", 1, "/snap/a/opt/acme/"),
	C("/", "/opt//acme/./bin", 1, "/snap/a/opt/acme/./bin"),
	C("/", "/opt/acmefoo", 1, NULL),
	C("/", "/opt", 1, NULL),
	C("/", "/etc/acme.conf", 1, "/data/acme.conf"),
	C("/", "/etc/acme.conf/", 1, "/data/acme.conf/"),
	C("/", "/etc/rc", 1, NULL),
	C("/", "/etc/none", 1, NULL),
	C("/", "/srv/x", 0, "/opt/acme/x"),
	C("/", "/opt/acme/plugins/extra/p", 0, "/data/extra/p"),
	C("/", "/opt/acme/plugins/extra/../../bin/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/opt/acme/bin/../bin/acme", 1, "/snap/a/opt/acme/bin/../bin/acme"),
	C("/", "/opt/acme/../acme/bin", 1, "/snap/a/opt/acme/bin"),
	C("/", "/opt/acme/..", 1, "/opt/"),
	C("/", "/opt/acme/../../etc/rc", 1, "/etc/rc"),
	C("/", "/usr/share/../../opt/acme/bin", 1, "/snap/a/opt/acme/bin"),
	C("/", "/home/file/../l/acme", 1, NULL), /* ENOTDIR is the kernel's to say */
	C("/", "/usr/../opt/none/../acme", 1, NULL),
	/* links */
	C("/", "/usr/bin/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/usr/bin/acme", 0, NULL),
	C("/", "/bin/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/bin/tool", 1, NULL),
	C("/", "/usr/bin/up/self", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/usr/bin/up/../x", 0, "/snap/a/opt/acme/x"),
	C("/", "/usr/bin/loop", 1, NULL),
	C("/", "/opt/acme/bin/self", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/opt/acme/bin/self", 0, "/snap/a/opt/acme/bin/self"),
	C("/", "/opt/acme/bin/near", 1, "/snap/a/opt/acme/bin/near|/snap/a/opt/acme/bin/acme"),
	C("/", "/opt/acme/out", 1, "/etc/rc"),
	C("/", "/opt/acme/share/f", 1, "/snap/a/share/f"),
	C("/", "/opt/acme/lib/acme", 1, "/snap/a/opt/acme/lib/acme|/snap/a/opt/acme/bin/acme"),
	C("/", "/usr/share/acme/top", 1, "/usr/share/"),
	C("/", "/usr/share/acme/top/doc", 1, "/usr/share/doc"),
	C("/", "/usr/share/acme/top/acme/f", 1, "/snap/a/share/f"),
	C("/", "/opt/acme/plugins/extra/up", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/home/l/acme/bin", 1, "/snap/a/opt/acme/bin"),
	C("/", "/home/l/other", 1, NULL),
	C("/", "/home/m", 0, NULL),
	C("/", "/home/m", ENTRY, NULL),
	C("/", "/home/m/", 0, "/snap/a/opt/acme/"),
	C("/", "/home/m/", ENTRY, NULL),
	C("/", "/home/n/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/home/m/new", ENTRY, "/snap/a/opt/acme/new"),
	/* relative */
	C("/", "opt/acme/bin", 1, "/snap/a/opt/acme/bin"),
	C("/opt", "acme", 0, "/snap/a/opt/acme"),
	C("/opt", "other", 0, NULL),
	C("/opt", "./acme/bin", 0, "/snap/a/opt/acme/bin"),
	C("/home", "../opt/acme", 1, "/snap/a/opt/acme"),
	C("/home", "m/bin/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/snap/a/opt/acme", "bin/acme", 1, NULL),
	C("/snap/a/opt/acme", "bin/self", 1, "/snap/a/opt/acme/bin/acme"),
	C("/snap/a/opt/acme", "..", 1, "/opt/"),
	C("/snap/a/opt/acme", "../../etc/rc", 1, "/etc/rc"),
	C("/snap/a/opt/acme/bin", "..", 1, NULL),
	C("/snap/a/opt/acme/bin", "../../x", 0, "/opt/x"),
	C("/snap/a/opt/acme", "plugins/extra", 0, "/data/extra"),
	C("/data/extra", "../../bin/acme", 1, "/snap/a/opt/acme/bin/acme"),
	C("/data", "extra", 0, NULL),
	/* /proc */
	C("/", "/proc/self/cwd/bin/self", 1, "/snap/a/opt/acme/bin/acme"),
	C("/", "/proc/self/cwd", 1, NULL),
	C("/", "/proc/self/fd/3/m/bin", 1, "/snap/a/opt/acme/bin"),
	C("/", "/proc/self/fd/4", 1, NULL),
	/* a rule whose parents are not on the disk */
	C("/", "/var/none/deep/x/y", 1, "/data/x/y"),
	C("/", "/var/none/deep/../deep/x", 1, "/data/x"),
#undef C
};

/* Two texts are the same to the kernel here: no component before a dot-dot in them is a link. */
static void clean(const char *path, char *out)
{
	char *end = out;

	for (const char *name = path; *name; name += strcspn(name, "/")) {
		name += strspn(name, "/");
		size_t n = strcspn(name, "/");

		if (n == 0 || (n == 1 && name[0] == '.'))
			continue;
		if (n == 2 && name[0] == '.' && name[1] == '.') {
			while (end > out && *--end != '/')
				;
			continue;
		}
		*end++ = '/';
		memcpy(end, name, n);
		end += n;
	}
	if (path[strlen(path) - 1] == '/')
		*end++ = '/';
	*end = '\0';
}

/* EXPECT may give two spellings of one file, A|B: with and without a tame link. */
static bool same(const char *got, const char *expect)
{
	char a[SNR_PATH_MAX], b[SNR_PATH_MAX];
	const char *bar = expect ? strchr(expect, '|') : NULL;

	if (bar) {
		snprintf(b, sizeof(b), "%.*s", (int)(bar - expect), expect);
		return same(got, bar + 1) || same(got, b);
	}
	if (!got || !expect || got[0] == '-' || expect[0] == '-')
		return got == expect || (got && expect && strcmp(got, expect) == 0);
	clean(got, a);
	clean(expect, b);
	return strcmp(a, b) == 0;
}

static void check_case(const struct image *image, struct snr_facts *facts, size_t i)
{
	struct world world = {nodes, COUNT(nodes), cases[i].cwd, "/home", 0};
	struct snr_host host = world_host(&world);
	struct snr_lookup lookup = {.follow = cases[i].how == FOLLOWED,
				    .entry = cases[i].how == ENTRY};
	static struct snr_scratch scratch;
	char out[SNR_PATH_MAX] = "";
	struct snr_resolved resolved =
		snr_resolve(image->mapped, facts, &host, &scratch, AT_FDCWD, cases[i].path,
			    strlen(cases[i].path), lookup, out);
	const char *got = resolved.changed ? out : NULL;
	char error[16];

	if (resolved.error) {
		snprintf(error, sizeof(error), "%d", resolved.error);
		got = error;
	}
	if (!same(got, cases[i].expect))
		fail_msg("line %d: %s in %s (%s): got %s, expected %s", cases[i].line,
			 cases[i].path, cases[i].cwd, facts->epoch ? "known" : "new",
			 got ? got : "unchanged", cases[i].expect ? cases[i].expect : "unchanged");
	if (got && !resolved.error)
		assert_int_equal(resolved.len, strlen(out));
}

static void test_cases(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));

	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct snr_facts facts;

		memset(&facts, 0, sizeof(facts));
		facts.start.moving = true;
		check_case(&image, &facts, i);
		check_case(&image, &facts, i);
		facts.start.moving = false;
		check_case(&image, &facts, i);
		check_case(&image, &facts, i);
	}
	image_free(&image);
}

/* All cases with one memory of links, forwards and backwards: what one path taught must not mislead
 * another. */
static void test_cases_share_facts(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	static struct snr_facts facts;

	for (int remembered = 0; remembered < 2; remembered++) {
		facts.start.moving = !remembered;
		for (size_t i = 0; i < COUNT(cases); i++) {
			snr_start_forget(&facts);
			check_case(&image, &facts, i);
		}
		for (size_t i = COUNT(cases); i-- > 0;) {
			snr_start_forget(&facts);
			check_case(&image, &facts, i);
		}
	}
	image_free(&image);
}

static unsigned asked_in(const struct image *image, struct snr_facts *facts, const char *cwd,
			 const char *path)
{
	struct world world = {nodes, COUNT(nodes), cwd, "/home", 0};
	struct snr_host host = world_host(&world);
	struct snr_lookup lookup = {.follow = true};
	static struct snr_scratch scratch;
	char out[SNR_PATH_MAX];

	snr_resolve(image->mapped, facts, &host, &scratch, AT_FDCWD, path, strlen(path), lookup,
		    out);
	return world.asked;
}

static unsigned asked_for(const struct image *image, struct snr_facts *facts, const char *path)
{
	return asked_in(image, facts, "/home", path);
}

static void test_known_paths_ask_nothing(void **state)
{
	static const char *const paths[] = {
		"/usr/share/doc", "/opt/acme/bin/acme",   "/opt/acme/bin/near",
		"/bin/tool",      "/opt/acme/bin/../lib", "/opt/acme",
	};
	struct image image = fake_image(rules, COUNT(rules));
	static struct snr_facts facts;

	for (size_t i = 0; i < COUNT(paths); i++) {
		asked_for(&image, &facts, paths[i]);
		if (asked_for(&image, &facts, paths[i]))
			fail_msg("%s is asked for again", paths[i]);
	}
	snr_facts_forget(&facts);
	assert_true(asked_for(&image, &facts, "/usr/share/doc") > 0);
	assert_true(asked_for(&image, NULL, "/usr/share/doc") > 0);
	image_free(&image);
}

/* Where the cwd is remembered, a relative path costs nothing either, and one question a new name;
 * beneath directories that hold rules nothing is remembered. */
static void test_known_starts_ask_nothing(void **state)
{
	struct image image = fake_image(rules, COUNT(rules));
	static struct snr_facts facts;
	const char *bin = "/usr/bin", *holder = "/snap/a/opt/acme";

	asked_in(&image, &facts, bin, "none");
	assert_int_equal(asked_in(&image, &facts, bin, "tool1"), 1);
	assert_int_equal(asked_in(&image, &facts, bin, "tool1"), 0);
	assert_int_equal(asked_in(&image, &facts, bin, "./tool1"), 0);
	assert_true(asked_in(&image, &facts, bin, "up") > 1);
	assert_true(asked_in(&image, &facts, bin, "acme") > 1);
	assert_true(asked_in(&image, &facts, bin, "../bin/tool1") > 0);
	snr_start_forget(&facts);
	assert_true(asked_in(&image, &facts, bin, "tool1") > 0);
	assert_int_equal(asked_in(&image, &facts, bin, "tool1"), 0);
	snr_facts_forget(&facts);
	assert_true(asked_in(&image, &facts, bin, "tool1") > 0);
	snr_start_forget(&facts);
	assert_true(asked_in(&image, &facts, holder, "bin") > 0);
	assert_true(asked_in(&image, &facts, holder, "bin") > 0);
	image_free(&image);
}

static void test_canonical(void **state)
{
	static const struct {
		const char *cwd;
		const char *path;
		const char *expect;
		long error;
	} names[] = {
		{"/", "/opt/acme/bin/self", "/opt/acme/bin/acme", 0},
		{"/", "/usr/bin/up", "/opt/acme/bin", 0},
		{"/", "/opt/acme/share/f", "/usr/share/acme/f", 0},
		{"/snap/a/opt/acme", ".", "/opt/acme", 0},
		{"/snap/a/opt/acme", "bin/near", "/opt/acme/bin/acme", 0},
		{"/", "/proc/self/cwd", "/opt/acme", 0},
		{"/", "/opt/acme/none", NULL, -ENOENT},
		{"/", "/home/file/", NULL, -ENOTDIR},
		{"/", "/usr/bin/loop", NULL, -ELOOP},
		{"/", "/var/none/deep/x", NULL, -ENOENT}, /* its target is missing */
		{"/", "/var/none", "/var/none", 0},
		{"/", "/", "/", 0},
		{"/", "", NULL, -ENOENT},
	};
	struct image image = fake_image(rules, COUNT(rules));

	for (size_t i = 0; i < COUNT(names); i++) {
		struct world world = {nodes, COUNT(nodes), names[i].cwd, "/home", 0};
		struct snr_host host = world_host(&world);
		static struct snr_scratch scratch;
		char out[SNR_PATH_MAX] = "";
		bool lost;
		long n = snr_canonical(image.mapped, &host, &scratch, AT_FDCWD, names[i].path,
				       strlen(names[i].path), out, &lost);

		if (names[i].error ? n != names[i].error : strcmp(out, names[i].expect) != 0)
			fail_msg("%s: %ld %s", names[i].path, n, out);
	}
	image_free(&image);
}

/* A path that only the target makes too long for the kernel goes through a directory on its way. */
static void test_too_long(void **state)
{
	static char target[3000] = "/";
	static const struct pair longer[] = {{"/a", target}};
	static char path[SNR_PATH_MAX];
	struct node deep[] = {{target, "d"}};
	struct world world = {deep, 1, "/", "/", 0};
	struct snr_host host = world_host(&world);
	struct snr_lookup lookup = {0};
	static struct snr_scratch scratch;
	char out[SNR_PATH_MAX];
	struct snr_resolved resolved;
	struct image image;

	memset(target + 1, 't', sizeof(target) - 2);
	image = fake_image(longer, COUNT(longer));
	strcpy(path, "/a/");
	memset(path + 3, 'x', 1500);
	resolved = snr_resolve(image.mapped, NULL, &host, &scratch, AT_FDCWD, path, strlen(path),
			       lookup, out);
	assert_int_equal(resolved.error, 0);
	assert_true(resolved.changed);
	assert_memory_equal(out, "/proc/7/fd/9/xxx", 16);
	assert_int_equal(resolved.len, 12 + 1 + 1500);
	strcpy(path, "/a/none/");
	memset(path + 8, 'x', 1500);
	resolved = snr_resolve(image.mapped, NULL, &host, &scratch, AT_FDCWD, path, strlen(path),
			       lookup, out);
	assert_int_equal(resolved.error, -ENOENT);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_cases_share_facts),
		cmocka_unit_test(test_known_paths_ask_nothing),
		cmocka_unit_test(test_known_starts_ask_nothing),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
