/* SPDX-License-Identifier: MIT
 * Calls libc's functions that give names back or walk directories, and prints the names.
 * Run by tests/integration/preload-calls.sh in a directory of its own. It must never print what
 * differs from run to run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEAK __attribute__((weak))
#ifdef __GLIBC__
extern ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room) WEAK;
extern ssize_t __readlinkat_chk(int dirfd, const char *path, char *out, size_t size,
				size_t room) WEAK;
extern char *__realpath_chk(const char *path, char *out, size_t room) WEAK;
extern char *__getcwd_chk(char *out, size_t size, size_t room) WEAK;
extern char *__getwd_chk(char *out, size_t room) WEAK;
#endif

static const char *base;

static const char *in(const char *name)
{
	static char text[4][PATH_MAX];
	static unsigned turn;
	char *out = text[turn++ % 4];

	snprintf(out, PATH_MAX, "%s/%s", base, name);
	return out;
}

static void named(const char *call, const char *name)
{
	printf("%s: %s\n", call, name ? name : strerror(errno));
}
#define NAMED(call) (errno = 0, named(#call, (call)))

static void linked(const char *call, const char *text, ssize_t n)
{
	printf("%s: %.*s\n", call, n < 0 ? 64 : (int)n, n < 0 ? strerror(errno) : text);
}
#define LINKED(call) linked(#call, text, (call))

static void do_links(void)
{
	static char text[PATH_MAX], dots[2 * PATH_MAX], much[4 * PATH_MAX];
	int dirfd = open(base, O_RDONLY | O_DIRECTORY);
	int fd = open(in("sub/deep"), O_RDONLY);
	char proc[64];

	LINKED(readlink(in("link"), text, sizeof(text)));
	LINKED(readlink(in("back"), text, sizeof(text)));
	LINKED(readlink(in("back"), text, 5));
	LINKED(readlink(in("file"), text, sizeof(text)));
	LINKED(readlinkat(dirfd, "link", text, sizeof(text)));
	LINKED(readlinkat(AT_FDCWD, in("sub/../link"), text, sizeof(text)));
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	LINKED(readlink(proc, text, sizeof(text)));
	LINKED(readlink(proc, text, 7));
	LINKED(readlink("/proc/self/cwd", text, sizeof(text)));
#ifdef __GLIBC__
	if (__readlink_chk)
		LINKED(__readlink_chk(in("link"), text, 100, sizeof(text)));
	if (__readlinkat_chk)
		LINKED(__readlinkat_chk(dirfd, "back", text, 100, sizeof(text)));
	NAMED(canonicalize_file_name(in("back")));
#endif
	NAMED(realpath(in("back"), NULL));
	NAMED(realpath(in("sub/../link"), text));
	NAMED(realpath(in("missing"), text));
	NAMED(realpath(in("file/x"), text));
	NAMED(realpath("", text));
	NAMED(realpath(".", text));
	NAMED(realpath("/", text));
	NAMED(realpath(proc, text));
	for (size_t i = 0; i < sizeof(dots) - 1; i += 2)
		memcpy(dots + i, "/.", 3);
	snprintf(much, sizeof(much), "%s%s", base, dots);
	named("realpath of many dots", realpath(much, text));
	snprintf(much, sizeof(much), "%s%s", in("file"), dots);
	named("realpath of a file with many dots", realpath(much, text));
	NAMED(realpath("out", text));
	NAMED(realpath("out/..", text));
#ifdef __GLIBC__
	NAMED(__realpath_chk(in("link"), text, sizeof(text)));
#endif
	close(fd);
	close(dirfd);
}

static void do_cwd(void)
{
	static char text[PATH_MAX];
	char few[4];

	if (chdir(in("sub")) < 0)
		perror("chdir");
	setenv("PWD", in("sub"), 1);
	NAMED(getcwd(text, sizeof(text)));
	NAMED(getcwd(NULL, 0));
	NAMED(getcwd(NULL, 200));
	NAMED(getcwd(NULL, 3));
	NAMED(getcwd(few, sizeof(few)));
	NAMED(getcwd(few, 0));
	NAMED(getcwd(text, strlen(in("sub"))));
	NAMED(getcwd(text, strlen(in("sub")) + 1));
#ifdef __GLIBC__
	NAMED(get_current_dir_name());
	if (__getcwd_chk)
		NAMED(__getcwd_chk(text, 1000, sizeof(text)));
	if (__getwd_chk)
		NAMED(__getwd_chk(text, sizeof(text)));
	setenv("PWD", "/usr", 1);
	NAMED(get_current_dir_name());
	unsetenv("PWD");
	NAMED(get_current_dir_name());
#endif
	if (chdir("../..") < 0)
		perror("chdir");
	NAMED(getcwd(text, sizeof(text)));
}

/* A template filled in: all but the six letters is printed, and they are no longer X. */
static void templated(const char *call, long result, char *template, int suffix)
{
	char *letters = template + strlen(template) - (size_t)suffix - 6;
	struct stat st = {0};

	if (result < 0) {
		printf("%s: %s\n", call, strerror(errno));
		return;
	}
	lstat(template, &st);
	printf("%s: filled in %s, mode %o, ", call, strncmp(letters, "XXXXXX", 6) ? "yes" : "no",
	       (unsigned)st.st_mode);
	remove(template);
	memcpy(letters, "......", 6);
	printf("%s\n", template);
}

static void do_temporary(void)
{
	char text[PATH_MAX];

#define FILL(suffix, call)                                                                         \
	(strcpy(text, in("tXXXXXX" suffix)), templated(#call, (call), text, sizeof(suffix) - 1))
	FILL("", mkstemp(text));
	FILL("", mkostemp(text, O_CLOEXEC));
	FILL(".c", mkstemps(text, 2));
	FILL(".cc", mkostemps(text, 3, O_APPEND));
	FILL("", mkdtemp(text) ? 0 : -1);
#ifdef __GLIBC__
	FILL("", mkstemp64(text));
	FILL("", mkostemp64(text, 0));
	FILL(".c", mkstemps64(text, 2));
	FILL(".c", mkostemps64(text, 2, 0));
#endif
	strcpy(text, in("missing/XXXXXX"));
	templated("mkstemp in a missing directory", mkstemp(text), text, 0);
	strcpy(text, in("too-few-XX"));
	templated("mkstemp without its letters", mkstemp(text), text, 0);
	strcpy(text, in("file/XXXXXX"));
	templated("mkdtemp in a file", mkdtemp(text) ? 0 : -1, text, 0);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void listed(const char *call, int n, struct dirent **list)
{
	printf("%s: %d", call, n);
	for (int i = 0; i < n; i++)
		printf(" %s", list[i]->d_name);
	printf("%s\n", n < 0 ? strerror(errno) : "");
}

static void do_directories(void)
{
	int dirfd = open(base, O_RDONLY | O_DIRECTORY);
	struct dirent **list = NULL;
	glob_t found = {0};
	DIR *dir = opendir(in("sub"));

	printf("opendir: %s\n", dir ? "ok" : strerror(errno));
	printf("opendir of a file: %s\n", opendir(in("file")) ? "ok" : strerror(errno));
	listed("scandir", scandir(base, &list, no_dots, alphasort), list);
#ifdef __GLIBC__
	listed("scandirat", scandirat(dirfd, "sub", &list, no_dots, alphasort), list);
#endif
	printf("glob: %d\n", glob(in("*"), 0, NULL, &found));
	printf("glob: %d\n", glob(in("s*/d*"), GLOB_APPEND | GLOB_MARK, NULL, &found));
	printf("glob: %d\n", glob(in("sub"), GLOB_APPEND | GLOB_MARK, NULL, &found));
	printf("glob: %d\n", glob(in("x*"), GLOB_APPEND, NULL, &found));
	printf("glob: %d\n", glob("out/*", GLOB_APPEND, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++)
		printf("found %s\n", found.gl_pathv[i]);
	globfree(&found);
	close(dirfd);
}

static const char *const types[] = {
	[FTW_F] = "F",   [FTW_D] = "D",   [FTW_DNR] = "DNR", [FTW_NS] = "NS",
	[FTW_SL] = "SL", [FTW_DP] = "DP", [FTW_SLN] = "SLN"};

/* The order of a directory's entries is nobody's: lines are sorted by the caller. */
static int met(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct stat again;
	char cwd[PATH_MAX] = "";

	printf("%s %s base %s level %d mode %o here %s\n", types[type], path, path + at->base,
	       at->level, type == FTW_NS ? 0 : (unsigned)st->st_mode,
	       lstat(path + at->base, &again) ? "no" : "yes");
	if (getcwd(cwd, sizeof(cwd)) && strcmp(path + at->base, "deep") == 0)
		printf("  in %s\n", cwd);
	return 0;
}

static int met_plain(const char *path, const struct stat *st, int type)
{
	printf("%s %s mode %o\n", types[type], path, type == FTW_NS ? 0 : (unsigned)st->st_mode);
	return 0;
}

#ifdef FTW_ACTIONRETVAL
static int met_choosing(const char *path, const struct stat *st, int type, struct FTW *at)
{
	printf("%s %s\n", types[type], path);
	return type == FTW_D && strcmp(path + at->base, "sub") == 0 ? FTW_SKIP_SUBTREE
								    : FTW_CONTINUE;
}

static int met_stopping(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return strcmp(path + at->base, "deep") == 0 ? 17 : 0;
}
#endif

static void do_walks(void)
{
	printf("nftw: %d\n", nftw(base, met, 10, 0));
	printf("nftw: %d\n", nftw(base, met, 1, FTW_PHYS));
	printf("nftw: %d\n", nftw(base, met, 10, FTW_PHYS | FTW_DEPTH | FTW_CHDIR));
	printf("nftw: %d\n", nftw("out/", met, 10, FTW_MOUNT));
	printf("nftw: %d\n", nftw(in("file"), met, 10, FTW_CHDIR));
	printf("nftw: %d %s\n", nftw(in("missing"), met, 10, 0), strerror(errno));
	printf("nftw: %d %s\n", nftw("", met, 10, 0), strerror(errno));
	printf("ftw: %d\n", ftw(base, met_plain, 10));
#ifdef FTW_ACTIONRETVAL
	printf("nftw: %d\n", nftw(base, met_choosing, 10, FTW_ACTIONRETVAL));
	printf("nftw: %d\n", nftw(base, met_stopping, 10, FTW_PHYS));
#endif
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} groups[] = {{"links", do_links},
		      {"cwd", do_cwd},
		      {"temporary", do_temporary},
		      {"directories", do_directories},
		      {"walks", do_walks}};

	if (argc != 3)
		return 2;
	base = argv[2];
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(argv[1], groups[i].name) == 0)
			groups[i].run();
	return 0;
}
