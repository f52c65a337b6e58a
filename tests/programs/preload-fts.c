/* SPDX-License-Identifier: MIT
 * Walks a directory with fts(3), in every way that it has. Run by tests/integration/preload-fts.sh.
 * It must print neither inode numbers nor the names that a walk uses by itself (fts_accpath): those
 * are only looked up.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = {"?", "D",    "DC", "DEFAULT", "DNR", "DOT",    "DP", "ERR",
				    "F", "INIT", "NS", "NSOK",    "SL",  "SLNONE", "W"};

static int by_name(const FTSENT **one, const FTSENT **other)
{
	return strcmp((*one)->fts_name, (*other)->fts_name);
}

static void show(const char *what, const FTSENT *entry, int options)
{
	struct stat st;

	printf("%s%d %s \"%s\" \"%s\" %u %u", what, entry->fts_level, kinds[entry->fts_info],
	       entry->fts_path, entry->fts_name, entry->fts_pathlen, entry->fts_namelen);
	if (entry->fts_errno)
		printf(" %s", strerror(entry->fts_errno));
	if (!(options & FTS_NOSTAT) && entry->fts_info != FTS_NSOK && entry->fts_info != FTS_NS)
		printf(" %o", (unsigned)entry->fts_statp->st_mode);
	if (entry->fts_info == FTS_F || entry->fts_info == FTS_SL)
		printf(" %s", lstat(entry->fts_accpath, &st) ? strerror(errno) : "found");
	if (entry->fts_info == FTS_DC)
		printf(" as %s", entry->fts_cycle->fts_name);
	printf(" %ld\n", entry->fts_number);
}

static void show_all(const char *what, const FTSENT *entry)
{
	if (!entry)
		printf("%s: none, %s\n", what, errno ? strerror(errno) : "no error");
	for (; entry; entry = entry->fts_link)
		printf("%s: %s %s\n", what, entry->fts_name,
		       strcmp(what, "names") ? kinds[entry->fts_info] : "");
}

static void walk(char *const *paths, int options)
{
	FTS *tree = fts_open(paths, options, by_name);
	FTSENT *entry;

	printf("options %#x\n", (unsigned)options);
	if (!tree) {
		printf("fts_open: %s\n", strerror(errno));
		return;
	}
	show_all("tops", fts_children(tree, 0));
	while ((entry = fts_read(tree))) {
		show("", entry, options);
		entry->fts_number++;
		if (entry->fts_info == FTS_D && !strcmp(entry->fts_name, "sub")) {
			show_all("names", fts_children(tree, FTS_NAMEONLY));
			show_all("children", fts_children(tree, 0));
		}
		if (entry->fts_info == FTS_D && !strcmp(entry->fts_name, "skipped"))
			fts_set(tree, entry, FTS_SKIP);
		if (entry->fts_info == FTS_SL && strcmp(entry->fts_name, "loop"))
			fts_set(tree, entry, FTS_FOLLOW);
		if (entry->fts_info == FTS_F && entry->fts_number == 1 &&
		    !strcmp(entry->fts_name, "again"))
			fts_set(tree, entry, FTS_AGAIN);
	}
	printf("the end: %s\n", errno ? strerror(errno) : "no error");
	printf("fts_children: %s\n", fts_children(tree, 7) ? "?" : strerror(errno));
	printf("fts_close: %d\n", fts_close(tree));
}

int main(int argc, char **argv)
{
	static const int options[] = {FTS_PHYSICAL,
				      FTS_PHYSICAL | FTS_NOCHDIR,
				      FTS_PHYSICAL | FTS_COMFOLLOW,
				      FTS_PHYSICAL | FTS_NOSTAT | FTS_NOCHDIR,
				      FTS_PHYSICAL | FTS_NOSTAT,
				      FTS_PHYSICAL | FTS_SEEDOT | FTS_NOCHDIR,
				      FTS_LOGICAL,
				      FTS_LOGICAL | FTS_SEEDOT,
				      FTS_LOGICAL | FTS_NOSTAT,
				      0,
				      0x1000 | FTS_PHYSICAL};
	char empty[1] = "", *nothing[] = {empty, NULL};

	for (unsigned i = 0; argc > 1 && i < sizeof(options) / sizeof(*options); i++)
		walk(argv + 1, options[i]);
	walk(nothing, FTS_PHYSICAL);
	/* only half of it */
	FTS *tree = fts_open(argv + 1, FTS_PHYSICAL, by_name);

	for (int i = 0; tree && i < 4; i++)
		fts_read(tree);
	printf("fts_close: %d\n", tree ? fts_close(tree) : -1);
	return 0;
}
