/* SPDX-License-Identifier: MIT
 * Says how calls on files in the directory ARGV[1] end: what `fault` rules are to change. Through
 * libc's functions, by stdio, and (ARGV[2] is "raw") by system calls alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *directory;
static char text[4096];

static const char *in(const char *name)
{
	static char path[2][4096];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", directory, name);
	return path[next];
}

static void say(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static int make(const char *name)
{
	int fd = open(in(name), O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static void many(const char *name, int n)
{
	int fd = make(name);

	for (int i = 0; i < n; i++)
		say(name, write(fd, text, 10));
	close(fd);
}

/* All of a run are counted together, whichever descriptor they use. */
static void shared_count(void)
{
	int fd = make("shared"), other = dup(fd);

	say("shared", write(fd, text, 10));
	if (fork() == 0) {
		say("shared, by a child", write(other, text, 10));
		_exit(0);
	}
	wait(NULL);
	say("shared", write(other, text, 10));
	close(fd);
	close(other);
}

static void sizes(void)
{
	struct iovec two[2] = {{text, 5}, {text + 5, 20}};
	int fd = make("short"), full = make("full");

	say("write", write(fd, text, 25));
	say("write of less", write(fd, text, 5));
	say("writev", writev(fd, two, 2));
	say("pwrite", pwrite(fd, text, 25, 100));
	say("pwritev", pwritev(fd, two, 2, 200));
	say("pwritev2", pwritev2(fd, two, 2, 300, 0));
	if (write(full, text, 100) != 100)
		perror("full");
	lseek(full, 0, SEEK_SET);
	say("sendfile", sendfile(fd, full, NULL, 50));
	lseek(full, 0, SEEK_SET);
	say("copy_file_range", copy_file_range(full, NULL, fd, NULL, 50, 0));
	say("size of the file", lseek(fd, 0, SEEK_END));
	lseek(fd, 0, SEEK_SET);
	say("read", read(fd, text, 25));
	say("readv", readv(fd, two, 2));
	say("pread", pread(fd, text, 25, 0));
	say("preadv", preadv(fd, two, 2, 0));
	close(fd);
	close(full);
}

static void errors(void)
{
	int fd = make("sync");

	say("fsync", fsync(fd));
	say("fdatasync", fdatasync(fd));
	close(fd);
	fd = make("close");
	say("close", close(fd));
	say("close again", close(fd));
	fd = make("keep");
	close(fd);
	say("unlink", unlink(in("keep")));
	say("rmdir of a file", rmdir(in("keep")));
	say("rename", rename(in("keep"), in("other")));
	say("rename onto it", rename(in("sync"), in("keep")));
	say("access", access(in("keep"), F_OK));
	say("mkdir", mkdir(in("nodir"), 0700));
	say("mkdir of another", mkdir(in("dir"), 0700));
	say("open", open(in("noopen"), O_RDWR | O_CREAT, 0600));
	say("open of a link to it", open(in("link"), O_RDONLY));
}

static void streams(void)
{
	FILE *file = fopen(in("stream"), "w");
	char *line = NULL;
	size_t size = 0;

	say("fprintf", fprintf(file, "%s\n", "some words"));
	say("fflush", fflush(file));
	say("fputs", fputs("more\n", file));
	say("fflush", fflush(file));
	clearerr(file);
	say("fclose", fclose(file));
	file = fopen(in("lines"), "r");
	if (!file) {
		perror("lines");
		return;
	}
	say("getline", (long)getline(&line, &size, file));
	say("ferror", ferror(file));
	free(line);
	say("fclose", fclose(file));
	say("fopen", fopen(in("noopen"), "w") ? 0 : -1);
}

static void raw(void)
{
	struct iovec two[2] = {{text, 5}, {text + 5, 20}};
	long fd = syscall(SYS_openat, AT_FDCWD, in("short"), O_RDWR | O_CREAT, 0600);

	say("raw write", syscall(SYS_write, fd, text, 25));
	say("raw writev", syscall(SYS_writev, fd, two, 2));
	syscall(SYS_lseek, fd, 0, SEEK_SET);
	say("raw read", syscall(SYS_read, fd, text, 25));
	fd = syscall(SYS_openat, AT_FDCWD, in("sync"), O_RDWR | O_CREAT, 0600);
	say("raw fsync", syscall(SYS_fsync, fd));
	say("raw unlinkat", syscall(SYS_unlinkat, AT_FDCWD, in("keep"), 0));
	fd = syscall(SYS_openat, AT_FDCWD, in("close"), O_RDWR | O_CREAT, 0600);
	say("raw close", syscall(SYS_close, fd));
	say("raw close again", syscall(SYS_close, fd));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	directory = argv[1];
	if (argc > 2) {
		raw();
		return 0;
	}
	many("third", 7);
	many("two-of-five", 10);
	many("seeded", 12);
	shared_count();
	sizes();
	errors();
	streams();
	return 0;
}
