/* SPDX-License-Identifier: MIT
 * Names that come back by raw system calls, into buffers of every size: getcwd and readlink, with
 * what they leave of the buffer behind the name. Strings at the end of a page. Run by
 * tests/integration/trace-names.sh. It must print the same with and without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM 256

static void show(const char *what, long size, long r, const char *buffer)
{
	long kept = 0;

	while (kept < ROOM && buffer[ROOM - 1 - kept] == '~')
		kept++;
	printf("%s %ld: ", what, size);
	if (r < 0)
		printf("%s, %ld kept\n", strerror(errno), kept);
	else
		printf("%ld \"%.*s\", %ld kept\n", r, (int)r, buffer, kept);
}

static void cwd(void)
{
	static const long sizes[] = {0, 1, 5, 9, 10, 11, 12, 13, 20, 100, ROOM};
	char buffer[ROOM];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(buffer, '~', sizeof(buffer));
		show("getcwd", sizes[i], syscall(SYS_getcwd, buffer, sizes[i]), buffer);
	}
	printf("getcwd to nowhere: %s\n", syscall(SYS_getcwd, 8, 100) < 0 ? strerror(errno) : "?");
}

static void link_text(const char *path)
{
	static const long sizes[] = {-1, 0, 1, 5, 9, 10, 11, 15, 20, 100, ROOM};
	char buffer[ROOM];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(buffer, '~', sizeof(buffer));
		show(path, sizes[i], syscall(SYS_readlink, path, buffer, sizes[i]), buffer);
	}
	printf("%s to nowhere: %s\n", path,
	       syscall(SYS_readlink, path, 8, 100) < 0 ? strerror(errno) : "?");
}

/* The last byte of the string is the last before an unmapped page; the string may lie across two.
 */
static void at_page_end(const char *path)
{
	long page = sysconf(_SC_PAGESIZE);
	char *area = mmap(NULL, (size_t)(3 * page), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t len = strlen(path) + 1;
	char *at;

	mprotect(area + 2 * page, (size_t)page, PROT_NONE);
	at = area + 2 * page - len;
	memcpy(at, path, len);
	printf("at a page's end: %s\n", access(at, R_OK) ? strerror(errno) : "found");
	at = area + page - (long)len / 2;
	memcpy(at, path, len);
	printf("across two pages: %s\n", access(at, R_OK) ? strerror(errno) : "found");
	memcpy(area + 2 * page - 3, "/op", 3);
	printf("without an end: %s\n",
	       access(area + 2 * page - 3, R_OK) ? strerror(errno) : "found");
	mprotect(area, (size_t)(2 * page), PROT_NONE);
	printf("unreadable: %s\n", access(at, R_OK) ? strerror(errno) : "found");
	printf("NULL: %s\n",
	       syscall(SYS_faccessat, AT_FDCWD, NULL, R_OK) ? strerror(errno) : "found");
	munmap(area, (size_t)(3 * page));
}

static void long_names(const char *path)
{
	static const size_t sizes[] = {255, 256, 4095, 4096, 4097, 65536};
	char *name = malloc(70000);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t len = (size_t)sprintf(name, "%s/", path);

		memset(name + len, 'x', sizes[i]);
		name[sizes[i] <= 256 ? len + sizes[i] : sizes[i]] = '\0';
		printf("%zu bytes: %s\n", sizes[i], access(name, R_OK) ? strerror(errno) : "found");
	}
	free(name);
}

int main(int argc, char **argv)
{
	if (argc < 3 || chdir(argv[1]))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	cwd();
	link_text("/proc/self/cwd");
	link_text("/proc/thread-self/cwd");
	link_text(argv[2]);
	at_page_end(argv[1]);
	long_names(argv[1]);
	return 0;
}
