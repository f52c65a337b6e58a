/* SPDX-License-Identifier: MIT
 * Gives bad pointers and names at the limits to calls that take a path, and prints what each said.
 * Run by tests/integration/preload-robust.sh. It must never be killed by what it does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static char *const no_strings[] = {NULL};

static void say(const char *call, long result)
{
	printf("  %s: %s\n", call, result < 0 ? strerror(errno) : "ok");
}
#define SAY(call) say(#call, (call))

/* BAD is hidden from the compiler, which knows that these functions want no NULL. */
static void give(const char *what, const char *volatile bad)
{
	struct stat st;
	struct statfs fs;
	char text[100];
	FILE *stream;

	printf("%s\n", what);
	SAY(open(bad, O_RDONLY));
	SAY(open(bad, O_WRONLY | O_CREAT | O_EXCL, 0600));
	SAY(openat(AT_FDCWD, bad, O_RDONLY));
	SAY(stat(bad, &st));
	SAY(lstat(bad, &st));
	SAY(fstatat(AT_FDCWD, bad, &st, 0));
	SAY(access(bad, R_OK));
	SAY(faccessat(AT_FDCWD, bad, R_OK, 0));
	SAY(readlink(bad, text, sizeof(text)));
	SAY(mkdir(bad, 0700));
	SAY(rmdir(bad));
	SAY(unlink(bad));
	SAY(rename(bad, "/opt/acme/x"));
	SAY(rename("/opt/acme/file", bad));
	SAY(link(bad, "/opt/acme/x"));
	SAY(link("/opt/acme/file", bad));
	SAY(symlink(bad, "/opt/acme/x"));
	SAY(symlink("text", bad));
	SAY(chmod(bad, 0600));
	SAY(chown(bad, (uid_t)-1, (gid_t)-1));
	SAY(truncate(bad, 100));
	SAY(statfs(bad, &fs));
	SAY(getxattr(bad, "user.x", text, sizeof(text)));
	SAY(chdir(bad));
	SAY(execve(bad, no_strings, no_strings));
	SAY(syscall(SYS_openat, AT_FDCWD, bad, O_RDONLY));
	SAY(syscall(SYS_renameat2, AT_FDCWD, bad, AT_FDCWD, bad, 0));
	stream = fopen(bad, "r");
	say("fopen", stream ? 0 : -1);
	if (stream)
		fclose(stream);
}

/* Names come back into bad places. */
static void take(char *volatile bad)
{
	puts("results");
	SAY(readlink("/opt/acme/link", bad, 100));
	SAY(readlink("/proc/self/cwd", bad, 100));
	SAY(syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", bad, 100));
	SAY(syscall(SYS_getcwd, bad, 100));
	say("getcwd", getcwd(bad, 100) ? 0 : -1);
	SAY(stat("/opt/acme/file", (struct stat *)(void *)bad));
	SAY(execve("/opt/acme/file", (char **)(void *)bad, no_strings));
	SAY(execve("/opt/acme/bin/true", (char **)(void *)bad, no_strings));
	SAY(execve("/opt/acme/bin/true", no_strings, (char **)(void *)bad));
}

/* PREFIX and then x or /x up to LEN bytes. */
static char *long_name(const char *prefix, size_t len, int slashes)
{
	char *text = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = slashes && i % 2 == 0 ? '/' : 'x';
	memcpy(text, prefix, strlen(prefix));
	text[len] = '\0';
	return text;
}

/* A page with a name that was good for many calls, until it went away: each way it may go. */
static char *warm_page(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	strcpy(page, "/opt/acme/file");
	for (int i = 0; i < 3; i++)
		if (access(page, R_OK) < 0)
			perror("warm");
	return page;
}

static void gone(const char *how, const char *volatile page)
{
	struct stat st;

	printf("gone by %s\n", how);
	SAY(access(page, R_OK));
	SAY(rename(page, page));
	SAY(lstat(page, &st));
}

static void give_and_take_away(void)
{
	char *page = warm_page();
	int id;

	munmap(page, 4096);
	gone("munmap", page);
	page = warm_page();
	mprotect(page, 4096, PROT_NONE);
	gone("mprotect", page);
	page = warm_page();
	if (mmap(page, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page)
		gone("mmap", page);
	page = warm_page();
	if (mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, warm_page()) != MAP_FAILED)
		gone("mremap", page);
	page = warm_page();
	syscall(SYS_munmap, page, 4096);
	gone("syscall", page);
	id = shmget(IPC_PRIVATE, 4096, 0600);
	page = id < 0 ? NULL : shmat(id, NULL, 0);
	if (!page || page == (char *)-1)
		return;
	shmctl(id, IPC_RMID, NULL);
	strcpy(page, "/opt/acme/file");
	SAY(access(page, R_OK));
	shmdt(page);
	gone("shmdt", page);
}

int main(void)
{
	char *pages =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *closed, *edge = pages + 4096 - sizeof("/opt/acme/file");

	/* A warm look at the pages that then go away. */
	strcpy(edge, "/opt/acme/file");
	for (int i = 0; i < 5; i++)
		if (access(edge, R_OK) < 0)
			perror("warm");
	munmap(pages + 4096, 4096);
	if (chdir("/opt/acme") < 0)
		perror("/opt/acme");
	give("a null pointer", NULL);
	give("a small number", (const char *)1);
	give("the last byte", (const char *)-1);
	give("the kernel's side", (const char *)(~0ul ^ 0xfff));
	give("no canonical address",
	     (const char *)(0x8000000000000000ul >> (sizeof(long) == 8 ? 8 : 32)));
	give("unmapped", pages + 4096);
	give("the last bytes of a page", edge);
	memset(pages, '/', 4096);
	give("no end before the page's", pages);
	closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	give("not readable", closed);
	take(NULL);
	take(closed);
	take(pages + 4096);
	give_and_take_away();
	give("an empty name", "");
	give("a name of 255 bytes", long_name("/opt/acme/", 10 + 255, 0));
	give("a name of 256 bytes", long_name("/opt/acme/", 10 + 256, 0));
	give("a path of 4096 bytes", long_name("/opt/acme/", 4096, 1));
	give("a path of 9000 bytes", long_name("/opt/acme/", 9000, 1));
	return 0;
}
