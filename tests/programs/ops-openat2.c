/* SPDX-License-Identifier: MIT
 * openat2(2): walks that are confined to a directory, may follow no links or cross no mounts, from
 * above, beside and within rules; and the sizes of struct open_how. Run by
 * tests/integration/ops-openat2.sh. It changes nothing but "new" files.
 */
#include "tests/programs/ops.h"
#include <linux/openat2.h>

static const struct {
	const char *name;
	uint64_t resolve;
} ways[] = {
	{"free", 0},
	{"beneath", RESOLVE_BENEATH},
	{"in root", RESOLVE_IN_ROOT},
	{"beneath, no links", RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS},
	{"in root, no magic links", RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS},
	{"in root, no mounts", RESOLVE_IN_ROOT | RESOLVE_NO_XDEV},
	{"beneath, no mounts", RESOLVE_BENEATH | RESOLVE_NO_XDEV},
	{"no links", RESOLVE_NO_SYMLINKS},
	{"no magic links", RESOLVE_NO_MAGICLINKS},
	{"no mounts", RESOLVE_NO_XDEV},
	{"both", RESOLVE_BENEATH | RESOLVE_IN_ROOT},
	{"unknown", UINT64_C(1) << 20},
};

/* Where it starts, as seen from the directory under test, and names there. */
static const struct {
	const char *base;
	const char *names[24];
} starts[] = {
	{"..",
	 {"acme",
	  "acme/",
	  "acme/file",
	  "acme/inner/f",
	  "acme/../acme/file",
	  "acme/../../acme/file",
	  "acme/sub/up/up/acme/file",
	  "acme/back",
	  "acme/link",
	  "/acme/file",
	  "/acme/inner",
	  "acme/toinner",
	  "acme/missing",
	  "acme/missing/../../file",
	  "acme/one.conf",
	  "acme/one.conf/",
	  "acme/inner/up",
	  "acme/inner/out",
	  "acme/home/plain",
	  "acme/locked/x",
	  ".."}},
	{".",
	 {"inner",
	  "inner/f",
	  "inner/../file",
	  "inner/../../acme/file",
	  "inner/../../file",
	  "/inner/f",
	  "//file",
	  "/",
	  "../file",
	  "../inner/f",
	  "../../inner/up",
	  "toinner",
	  "abs",
	  "inner/abs",
	  "inner/up",
	  "inner/out",
	  "inner/loop",
	  "inner/dangling",
	  "one.conf",
	  "inner/self",
	  "inner/none/../../file",
	  "inner/self/file",
	  "back"}},
	{"inner", {"f", "../file", "up", "abs", "/f", "out", "self", "self/f", "none", "."}},
	{"sub", {"deep", "up", "up/inner/f", "../inner/f", "/deep", "../../inner/f"}},
	{"file", {"x", "", "/opt/acme/file"}},
};

/* EAGAIN tells of a rename or a mount of anybody's meanwhile, and the program is to try again
 * (openat2(2), RESOLVE_BENEATH). */
static long open2(int dirfd, const char *name, const void *how, size_t size)
{
	long fd;

	do
		fd = OPS_CALL(__NR_openat2, dirfd, name, how, size);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

static void look(int dirfd, const char *name, uint64_t resolve, const char *way)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} kinds[] = {
		{"path", O_PATH},
		{"path nofollow", O_PATH | O_NOFOLLOW},
		{"directory", O_DIRECTORY | O_RDONLY},
		{"write", O_WRONLY | O_NONBLOCK},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct open_how how = {.flags = kinds[i].flags | O_CLOEXEC, .resolve = resolve};
		char call[80];

		snprintf(call, sizeof(call), "%s, %s", way, kinds[i].name);
		opened(call, name, open2(dirfd, name, &how, sizeof(how)));
	}
}

/* From the root of the file system and the cwd there may be true mounts on the way: what must not
 * cross one starts at the rule. */
static void look_from(const char *base, const char *const *names)
{
	int dirfd = open(base, O_PATH | O_CLOEXEC);

	printf("from %s:\n", base);
	for (; *names; names++)
		for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
			bool absolute = **names == '/' || strstr(*names, "out") ||
					strstr(*names, "home") || strstr(*names, "self");

			if (absolute && (ways[i].resolve & RESOLVE_NO_XDEV))
				continue;
			look(dirfd, *names, ways[i].resolve, ways[i].name);
		}
	close(dirfd);
}

static void look_from_cwd(void)
{
	static const char *const names[] = {"file", "inner/f", "../acme/inner/f", "/inner/f", NULL};

	if (chdir(ops_base))
		return;
	for (const char *const *name = names; *name; name++)
		for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++)
			if (**name != '/' || !(ways[i].resolve & RESOLVE_NO_XDEV))
				look(AT_FDCWD, *name, ways[i].resolve, ways[i].name);
}

static void make(int dirfd, const char *name, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT | flags,
			       .mode = 0640,
			       .resolve = resolve};
	long fd = open2(dirfd, name, &how, sizeof(how));

	if (fd >= 0 && write((int)fd, name, strlen(name)) < 0)
		perror(name);
	opened("make", name, fd);
}

static void make_all(void)
{
	int dirfd = open(in(".."), O_PATH | O_CLOEXEC);

	make(dirfd, "acme/inner/new1", 0, RESOLVE_BENEATH);
	make(dirfd, "acme/inner/new1", O_EXCL, RESOLVE_BENEATH);
	make(dirfd, "/../acme/new2", O_EXCL, RESOLVE_IN_ROOT);
	make(dirfd, "acme/inner/../new3", 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
	make(dirfd, "acme/none/new4", 0, RESOLVE_IN_ROOT);
	make(dirfd, "acme/new5/", 0, RESOLVE_IN_ROOT);
	make(dirfd, "acme/dangling", 0, RESOLVE_BENEATH);
	make(dirfd, "acme/link", O_NOFOLLOW, RESOLVE_BENEATH);
	make(dirfd, "acme/sub/../../acme/new6", O_TRUNC, RESOLVE_IN_ROOT);
	make(dirfd, "acme/inner", O_TMPFILE & ~O_CREAT, RESOLVE_BENEATH);
	close(dirfd);
}

/* Longer structures are for newer kernels: what they do not know must be zero. */
static void look_at_sizes(void)
{
	static const size_t sizes[] = {0, 8, 23, 24, 25, 32, 4096, 4097, 1 << 20, SIZE_MAX};
	static char text[1 << 20] __attribute__((aligned(8)));
	struct open_how how = {.flags = O_PATH, .resolve = RESOLVE_BENEATH};
	int dirfd = open(in(".."), O_PATH | O_CLOEXEC);

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char call[40];

		snprintf(call, sizeof(call), "size %zd", sizes[i] & 0xffffff);
		memset(text, 0, sizeof(text));
		memcpy(text, &how, sizeof(how));
		opened(call, "zeroes", open2(dirfd, "acme/file", text, sizes[i]));
		text[24] = 1;
		opened(call, "ones", open2(dirfd, "acme/file", text, sizes[i]));
		opened(call, "ones, missing", open2(dirfd, "acme/../../file", text, sizes[i]));
	}
	opened("how", "NULL", open2(dirfd, "acme/file", NULL, sizeof(how)));
	opened("path", "NULL", open2(dirfd, NULL, &how, sizeof(how)));
	opened("dirfd", "closed", open2(999, "acme/file", &how, sizeof(how)));
	how.resolve = RESOLVE_IN_ROOT;
	opened("dirfd", "closed, in root", open2(999, "/acme/file", &how, sizeof(how)));
	close(dirfd);
}

int main(int argc, char **argv)
{
	ops_start(argc, argv);
	for (unsigned i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		look_from(in(starts[i].base), starts[i].names);
	look_at_sizes();
	make_all();
	look_from_cwd();
	return 0;
}
