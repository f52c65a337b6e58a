/* SPDX-License-Identifier: MIT
 * A directory listed through libc in every way there is: readdir and its kin, positions told and
 * sought, scandir, glob, nftw. Run by tests/integration/listing.sh. Prints sorted names; it
 * must print the same whether names are on the disk or come from rules.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/programs/names.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void list_plain(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	const struct dirent64 *wide;

	errno = 17;
	while (dir && (entry = readdir(dir)))
		add(entry->d_name, entry->d_type);
	show("readdir");
	rewinddir(dir);
	while ((wide = readdir64(dir)))
		add(wide->d_name, wide->d_type);
	show("readdir64");
	printf("errno %d, at the end %d\n", errno, readdir(dir) == NULL);
	closedir(dir);
}

static void list_reentrant(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent entry, *found;
	struct dirent64 wide, *found64;

	while (dir && !readdir_r(dir, &entry, &found) && found)
		add(found->d_name, found->d_type);
	show("readdir_r");
	rewinddir(dir);
	while (!readdir64_r(dir, &wide, &found64) && found64)
		add(found64->d_name, found64->d_type);
	show("readdir64_r");
	closedir(dir);
}

/* From every position, the rest must be the same as in one go. */
static void seek_everywhere(const char *path)
{
	DIR *dir = opendir(path);
	static long place[5000];
	static char first[5000][64];
	const struct dirent *entry;
	size_t n = 0;
	int wrong = 0;

	for (place[0] = telldir(dir); (entry = readdir(dir)); place[++n] = telldir(dir))
		snprintf(first[n], sizeof(first[n]), "%.63s", entry->d_name);
	for (size_t i = n + 1; i-- > 0;) {
		seekdir(dir, place[i]);
		wrong += telldir(dir) != place[i];
		for (size_t k = i; k < n && k < i + 5; k++) {
			entry = readdir(dir);
			wrong += !entry || strncmp(entry->d_name, first[k], 63) != 0;
		}
		if (i == n)
			wrong += readdir(dir) != NULL;
	}
	rewinddir(dir);
	entry = readdir(dir);
	wrong += !entry || strncmp(entry->d_name, first[0], 63) != 0;
	printf("seekdir: %d wrong\n", wrong);
	closedir(dir);
}

/* More streams at a time than fit into any small table, each at another place. */
static void list_interleaved(const char *path)
{
	enum { STREAMS = 70 };
	DIR *dir[STREAMS];
	size_t total = 0, live = STREAMS;

	for (int i = 0; i < STREAMS; i++) {
		dir[i] = opendir(path);
		for (int k = 0; k < i % 7; k++)
			total += readdir(dir[i]) != NULL;
	}
	while (live) {
		live = 0;
		for (int i = 0; i < STREAMS; i++)
			live += readdir(dir[i]) != NULL;
		total += live;
	}
	for (int i = 0; i < STREAMS; i++)
		closedir(dir[i]);
	printf("%d streams: %zu names\n", STREAMS, total);
}

static int no_dots(const struct dirent *entry)
{
	errno = 5;
	return entry->d_name[0] != '.';
}

static int no_dots64(const struct dirent64 *entry)
{
	return entry->d_name[0] != '.';
}

static void list_scandir(const char *path)
{
	struct dirent **list = NULL;
	struct dirent64 **list64 = NULL;
	int n = scandir(path, &list, no_dots, alphasort);

	for (int i = 0; i < n; i++) {
		add(list[i]->d_name, list[i]->d_type);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	printf("%d ", n);
	show("scandir");
	n = scandirat64(AT_FDCWD, path, &list64, no_dots64, NULL);
	for (int i = 0; i < n; i++) {
		add(list64[i]->d_name, list64[i]->d_type);
		free(list64[i]);
	}
	if (n >= 0)
		free(list64);
	show("scandirat64");
}

static void list_glob(const char *path)
{
	char pattern[4096];
	glob_t result = {0};

	snprintf(pattern, sizeof(pattern), "%s/*", path);
	glob(pattern, GLOB_MARK, NULL, &result);
	for (size_t i = 0; i < result.gl_pathc; i++)
		add(result.gl_pathv[i], 0);
	globfree(&result);
	show("glob");
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	add(path, (unsigned)type);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct dirent **list;

		printf("%s\n", argv[i]);
		if (access(argv[i], F_OK)) {
			printf("%d %m\n", scandir(argv[i], &list, NULL, NULL));
			continue;
		}
		list_plain(argv[i]);
		list_reentrant(argv[i]);
		seek_everywhere(argv[i]);
		list_interleaved(argv[i]);
		list_scandir(argv[i]);
		list_glob(argv[i]);
		nftw(argv[i], visit, 10, FTW_PHYS);
		show("nftw");
	}
	return 0;
}
