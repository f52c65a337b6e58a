/* SPDX-License-Identifier: MIT
 * Calls that move about in the tree or give names back: cwd, canonical names, links of /proc,
 * listings, walks and patterns. Run by tests/integration/ops-names.sh. It must print no name that
 * lies outside of the rules' paths.
 */
#include "tests/programs/ops.h"
#include <dirent.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <wordexp.h>

/* The file system's own order is nobody's promise. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
	char *text[512];
	size_t n;
};

static void add(struct lines *lines, const char *text, const char *more)
{
	if (lines->n < 512 && asprintf(&lines->text[lines->n], "%s%s", text, more) >= 0)
		lines->n++;
}

static void print_sorted(const char *call, const char *name, struct lines *lines)
{
	qsort(lines->text, lines->n, sizeof(*lines->text), by_text);
	printf("%s %s:", call, name);
	for (size_t i = 0; i < lines->n; i++) {
		printf(" %s", lines->text[i]);
		free(lines->text[i]);
	}
	putchar('\n');
	lines->n = 0;
}

static void print_cwd(const char *name)
{
	char text[PATH_MAX];
	long n = WAY(getcwd(text, sizeof(text)) ? (long)strlen(text) + 1 : -1, SYS_getcwd, text,
		     sizeof(text));

	if (n < 0)
		printf("getcwd after %s: %s\n", name, ops_error(errno));
	else
		printf("getcwd after %s: %s (%ld)\n", name, text, n);
	n = WAY(getcwd(text, 4) ? 0 : -1, SYS_getcwd, text, 4);
	said("getcwd into 4 bytes after", name, n);
}

static void go(const char *name)
{
	long result = WAY(chdir(name), SYS_chdir, name);

	said("chdir", name, result);
	print_cwd(name);
}

static void move_about(int base_fd)
{
	static const char *const steps[] = {"sub",    "..",   "link", "missing", "sub/up",
					    "inner",  "..",   "home", "loop",    ".",
					    "locked", "file", NULL};
	struct stat st;

	go(ops_base);
	for (const char *const *step = steps; *step; step++) {
		go(*step);
		/* where `home` leads lies outside */
		if (!strcmp(*step, "home"))
			go(ops_base);
		said("stat file from", *step, stat("file", &st));
		said("stat ../sub from", *step, stat("../sub", &st));
	}
	go("/opt");
	said("fchdir", "base", WAY(fchdir(base_fd), SYS_fchdir, base_fd));
	print_cwd("fchdir");
	said("access file from", "fchdir", access("file", F_OK));
	go("../acme/inner/../sub/..");
	if (ops_way == OPS_LIBC) {
		char *now = get_current_dir_name();

		printf("get_current_dir_name: %s\n", now ? now : ops_error(errno));
		free(now);
	}
}

static void read_own_link(const char *name)
{
	char text[PATH_MAX];
	long n = WAY(readlinkat(AT_FDCWD, name, text, sizeof(text)), SYS_readlinkat, AT_FDCWD, name,
		     text, sizeof(text));

	if (n < 0)
		printf("readlink %s: %s\n", name, ops_error(errno));
	else
		printf("readlink %s: %.*s\n", name, (int)n, text);
}

static void read_own_links(void)
{
	static const char *const opened_names[] = {"file", "sub",     "link",
						   "back", "inner/f", "one.conf"};
	char name[64], text[PATH_MAX];

	go(ops_base);
	read_own_link("/proc/self/cwd");
	read_own_link("/proc/thread-self/cwd");
	snprintf(name, sizeof(name), "/proc/%d/cwd", getpid());
	said("readlink", "/proc/PID/cwd", readlink(name, text, sizeof(text)));
	for (unsigned i = 0; i < 6; i++) {
		int fd = open(in(opened_names[i]), O_PATH);
		int high = fcntl(fd, F_DUPFD, 100 + (int)i);

		snprintf(name, sizeof(name), "/proc/self/fd/%d", 100 + (int)i);
		read_own_link(name);
		close(fd);
		close(high);
	}
	read_own_link("/proc/self/cwd/link");
	read_own_link("/proc/self/cwd/back");
	read_own_link("/proc/self/root");
	said("access", "/proc/self/cwd/file", access("/proc/self/cwd/file", F_OK));
	said("access", "/proc/self/root/opt/acme/file",
	     access("/proc/self/root/opt/acme/file", F_OK));
}

static void canonical(const char *name)
{
	char text[PATH_MAX];
	char *found = realpath(name, text);

	if (found && strncmp(found, "/opt/", 5) == 0)
		printf("realpath %s: %s\n", name, found);
	else
		printf("realpath %s: %s\n", name, found ? "elsewhere" : ops_error(errno));
	found = canonicalize_file_name(name);
	printf("canonicalize_file_name %s: %s\n", name, found ? "ok" : ops_error(errno));
	free(found);
}

static void list(const char *name)
{
	struct lines lines = {.n = 0};
	struct dirent **entries;
	struct dirent *entry;
	DIR *dir = opendir(name);
	int n;

	if (dir) {
		while ((entry = readdir(dir)))
			add(&lines, entry->d_name,
			    entry->d_type == DT_DIR   ? "/"
			    : entry->d_type == DT_LNK ? "@"
						      : "");
		rewinddir(dir);
		entry = readdir(dir);
		closedir(dir);
		print_sorted(entry ? "opendir" : "opendir, nothing after a rewind", name, &lines);
	} else {
		said("opendir", name, -1);
	}
	n = scandir(name, &entries, NULL, alphasort);
	printf("scandir %s: %d", name, n);
	for (int i = 0; i < n; i++) {
		printf(" %s", entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	putchar('\n');
}

static struct lines walked;

static int note(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	char more[64];

	snprintf(more, sizeof(more), ":%d:%d", kind, ftw->level);
	add(&walked, path, more);
	return 0;
}

static void walk(const char *name)
{
	static const int ways[] = {FTW_PHYS, 0, FTW_PHYS | FTW_CHDIR, FTW_DEPTH | FTW_PHYS,
				   FTW_PHYS | FTW_MOUNT};

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		char call[32];
		int result = nftw(name, note, 10, ways[i]);

		snprintf(call, sizeof(call), "nftw %d %d", ways[i], result);
		print_sorted(call, name, &walked);
	}
}

static void walk_fts(const char *name)
{
	char *const roots[] = {(char *)name, NULL};
	static const int ways[] = {FTS_PHYSICAL, FTS_LOGICAL, FTS_PHYSICAL | FTS_NOCHDIR};

	for (unsigned i = 0; i < 3; i++) {
		FTS *fts = fts_open(roots, ways[i], NULL);
		FTSENT *entry;

		while (fts && (entry = fts_read(fts))) {
			char more[32];

			snprintf(more, sizeof(more), ":%d:%d", entry->fts_info, entry->fts_level);
			add(&walked, entry->fts_path, more);
		}
		if (fts)
			fts_close(fts);
		print_sorted("fts", name, &walked);
	}
}

static void expand(const char *words)
{
	wordexp_t found;
	int result = wordexp(words, &found, WRDE_NOCMD);

	printf("wordexp %s: %d", words, result);
	for (size_t i = 0; result == 0 && i < found.we_wordc; i++)
		printf(" %s", found.we_wordv[i]);
	putchar('\n');
	if (result == 0)
		wordfree(&found);
}

static void match(const char *pattern)
{
	static const int ways[] = {
		0, GLOB_MARK, GLOB_NOCHECK, GLOB_ONLYDIR, GLOB_BRACE | GLOB_PERIOD, GLOB_TILDE};

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		glob_t found = {.gl_pathc = 0};
		int result = glob(pattern, ways[i], NULL, &found);

		printf("glob %d %s: %d", ways[i], pattern, result);
		for (size_t k = 0; k < found.gl_pathc; k++)
			printf(" %s", found.gl_pathv[k]);
		putchar('\n');
		globfree(&found);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = {".",          "file",     "link",    "back",
					    "sub/up/sub", "dangling", "loop",    "missing",
					    "file/",      "sub/",     "inner/f", "inner/..",
					    "home",       "",         NULL};
	static const char *const patterns[] = {"*",       "sub/*",   "*/deep",        "f*",
					       "l*",      "inner/*", "{file,sub}/..", "no*",
					       "*/up/f*", NULL};
	char **more = ops_start(argc, argv);
	int base_fd = open(ops_base, O_RDONLY | O_DIRECTORY);

	move_about(base_fd);
	read_own_links();
	if (ops_way != OPS_LIBC)
		return 0;
	for (const char *const *name = names; *name; name++) {
		canonical(in(*name));
		chdir(ops_base);
		canonical(*name);
		list(in(*name));
	}
	chdir(ops_base);
	list(".");
	list("sub");
	for (const char *const *pattern = patterns; *pattern; pattern++) {
		match(in(*pattern));
		match(*pattern);
	}
	for (; *more; more++) {
		if (!strcmp(*more, "nftw")) {
			walk(ops_base);
			walk(".");
			walk(in("missing"));
		} else if (!strcmp(*more, "fts")) {
			walk_fts(ops_base);
		} else if (!strcmp(*more, "wordexp")) {
			expand("/opt/acme/sub/* $HOME-x no* sub/*");
		}
	}
	return 0;
}
