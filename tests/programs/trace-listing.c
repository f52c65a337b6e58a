/* SPDX-License-Identifier: MIT
 * Directories listed by raw getdents64 and getdents with buffers of several sizes, by readdir,
 * again after rewinddir, and by two descriptors at once. Run by tests/integration/listing.sh.
 * Prints sorted names. It must print the same with and without a tracer.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/names.h"

/* The records of both calls begin with an inode and an offset of WORD bytes. */
static void list_raw(const char *what, int fd, long call, size_t word, size_t size)
{
	char *buffer = malloc(size);
	long n;

	while ((n = syscall(call, fd, buffer, size)) > 0) {
		for (long at = 0; at < n;) {
			uint16_t length;
			const char *record = buffer + at;

			memcpy(&length, record + 2 * word, sizeof(length));
			if (call == SYS_getdents64)
				add(record + 2 * word + 3, (unsigned char)record[2 * word + 2]);
			else
				add(record + 2 * word + 2, (unsigned char)record[length - 1]);
			at += length;
		}
	}
	if (n < 0)
		printf("%s\n", strerror(errno));
	show(what);
	free(buffer);
}

static void list_stream(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		printf("opendir: %s\n", strerror(errno));
		return;
	}
	for (int round = 0; round < 2; round++) {
		while ((entry = readdir(dir)))
			add(entry->d_name, entry->d_type);
		show("readdir");
		rewinddir(dir);
	}
	closedir(dir);
}

/* Every name that is listed can be looked at, and is what the listing says. */
static void look(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	int wrong = 0;

	while (dir && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    (st.st_mode & S_IFMT) >> 12 != entry->d_type) {
			wrong++;
			printf("wrong: %s\n", entry->d_name);
		}
	}
	printf("%d wrong\n", wrong);
	if (dir)
		closedir(dir);
}

static void list(const char *path)
{
	static const size_t sizes[] = {300, 600, 1024, 4096, 32768};
	int first = open(path, O_RDONLY | O_DIRECTORY), second = dup(first);

	printf("%s\n", path);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		lseek(first, 0, SEEK_SET);
		list_raw("getdents64", first, SYS_getdents64, 8, sizes[i]);
		list_raw("nothing more", second, SYS_getdents64, 8, sizes[i]);
		lseek(second, 0, SEEK_SET);
		list_raw("getdents", second, SYS_getdents, sizeof(long), sizes[i]);
	}
	close(first);
	close(second);
	list_stream(path);
	look(path);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		list(argv[i]);
	return 0;
}
