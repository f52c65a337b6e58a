/* SPDX-License-Identifier: MIT
 * Programs that guard themselves: filters of their own, no dumps, no memory left, and mappings over
 * whatever lies around. Run by tests/integration/trace-sandbox.sh. It must print the same with and
 * without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* <linux/filter.h> and <linux/seccomp.h>, which musl's compiler has not got. */
struct filter {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct program {
	unsigned short len;
	struct filter *filter;
};
enum { LOAD = 0x20, EQUAL = 0x15, RETURN = 0x06 };
#define ALLOW      0x7fff0000u
#define TRACE      0x7ff00000u
#define ERROR      0x00050000u
#define TRAP       0x00030000u
#define SET_FILTER 1 /* SECCOMP_SET_MODE_FILTER */

static const char *file;

static const char *look(void)
{
	int fd = open(file, O_RDONLY);
	char c;

	if (fd < 0)
		return strerror(errno);
	if (read(fd, &c, 1) != 1)
		return "empty";
	close(fd);
	return "found";
}

/* Run WHAT in a child. */
static void apart(const char *name, void (*what)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		printf("%s: ", name);
		what();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("%s ends with %#x\n", name, status);
}

static int install(struct filter *filter, unsigned short n, int by_prctl)
{
	struct program program = {n, filter};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return by_prctl ? prctl(PR_SET_SECCOMP, 2, &program)
			: (int)syscall(SYS_seccomp, SET_FILTER, 0, &program);
}

/* A filter that kills for mmap, as a strict sandbox may. */
static void no_mmap(void)
{
	struct filter filter[] = {
		{LOAD, 0, 0, 0},
#ifdef SYS_mmap2
		{EQUAL, 0, 1, SYS_mmap2},
#else
		{EQUAL, 0, 1, SYS_mmap},
#endif
		{RETURN, 0, 0, TRAP},
		{RETURN, 0, 0, ALLOW},
	};
	int r = install(filter, 4, 0);

	printf("%d %s %s\n", r, look(), look());
}

static void no_mmap_by_prctl(void)
{
	struct filter filter[] = {
		{LOAD, 0, 0, 0},
#ifdef SYS_mmap2
		{EQUAL, 0, 1, SYS_mmap2},
#else
		{EQUAL, 0, 1, SYS_mmap},
#endif
		{RETURN, 0, 0, TRAP},
		{RETURN, 0, 0, ALLOW},
	};
	int r = install(filter, 4, 1);

	printf("%d %s %s\n", r, look(), look());
}

/* The mode that knows four calls and SIGKILL. */
static void strict_mode(int by_prctl, int again)
{
	long r = by_prctl ? prctl(PR_SET_SECCOMP, 1, 0, 0, 0) : syscall(SYS_seccomp, 0, 0, NULL);

	if (r)
		printf("%s ", strerror(errno));
	else
		r = write(1, "within ", 7) != 7;
	if (again)
		syscall(SYS_access, file, R_OK);
	syscall(SYS_exit, 3 + (int)r);
}

static void strict(void)
{
	strict_mode(1, 0);
}

static void strict_by_seccomp(void)
{
	strict_mode(0, 0);
}

static void strict_broken(void)
{
	strict_mode(1, 1);
}

static void strict_behind_a_filter(void)
{
	struct filter filter[] = {{RETURN, 0, 0, ALLOW}};

	install(filter, 1, 0);
	strict_mode(1, 0);
}

/* Its own answer to a path call, and a stop that nobody serves. */
static void own_answers(void)
{
	struct filter filter[] = {
		{LOAD, 0, 0, 0},
		{EQUAL, 0, 1, SYS_access},
		{RETURN, 0, 0, ERROR | EXDEV},
		{EQUAL, 0, 1, SYS_getppid},
		{RETURN, 0, 0, TRACE | 7},
		{EQUAL, 0, 1, SYS_chdir},
		{RETURN, 0, 0, TRACE | 0xfff},
		{RETURN, 0, 0, ALLOW},
	};

	install(filter, 8, 0);
	printf("access %s, ", syscall(SYS_access, file, R_OK) ? strerror(errno) : "done");
	printf("getppid %s, ", syscall(SYS_getppid) < 0 ? strerror(errno) : "done");
	printf("chdir %s, %s\n", syscall(SYS_chdir, "/") < 0 ? strerror(errno) : "done", look());
}

static void undumpable(void)
{
	printf("%d ", prctl(PR_GET_DUMPABLE));
	printf("%d ", prctl(PR_SET_DUMPABLE, 0));
	printf("%d %s ", prctl(PR_GET_DUMPABLE), look());
	printf("%s ", chdir("/") || access("etc/passwd", R_OK) ? strerror(errno) : "relative");
	fflush(stdout);
	if (fork() == 0) {
		printf("child %d %s ", prctl(PR_GET_DUMPABLE), look());
		fflush(stdout);
		_exit(0);
	}
	fflush(stdout);
	wait(NULL);
	printf("%d ", prctl(PR_SET_DUMPABLE, 1));
	printf("%d %s ", prctl(PR_GET_DUMPABLE), look());
	printf("%s\n", prctl(PR_SET_DUMPABLE, 5) ? strerror(errno) : "done");
}

/* Everything that may be mapped is mapped over: nothing of it may change by itself. */
static void mapped_over(void)
{
	char line[512];
	uint64_t from[64], to[64];
	size_t n = 0, touched = 0;
	FILE *maps;

	look();
	maps = fopen("/proc/self/maps", "r");
	while (maps && n < 64 && fgets(line, sizeof(line), maps)) {
		unsigned long long a, b, inode;
		int end = 0;

		if (sscanf(line, "%llx-%llx rw-p %*x %*x:%*x %llu%n", &a, &b, &inode, &end) == 3 &&
		    !inode && strspn(line + end, " \n") == strlen(line + end) && b - a <= 1 << 20) {
			from[n] = a;
			to[n++] = b;
		}
	}
	/* Not those that hold something: the C library's. */
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)(uintptr_t)from[i];
		size_t size = to[i] - from[i], used = 0;

		for (size_t j = 4096; j < size; j += 16384)
			used |= at[j] != 0;
		if (used || size < 65536) {
			from[i] = to[i] = 0;
			continue;
		}
		mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		memset(at, 0x77, size);
	}
	for (int i = 0; i < 5; i++)
		if (strcmp(look(), "found"))
			touched++;
	for (size_t i = 0; i < n; i++)
		for (const char *at = (char *)(uintptr_t)from[i]; at < (char *)(uintptr_t)to[i];
		     at++)
			touched += *at != 0x77;
	printf("%zu bytes changed\n", touched);
	if (maps)
		fclose(maps);
}

/* No memory to be had: the call may fail, but never look at another file. */
static void no_memory(void)
{
	struct rlimit limit = {0, 0};
	const char *seen;

	setrlimit(RLIMIT_AS, &limit);
	seen = look();
	limit.rlim_cur = limit.rlim_max;
	printf("%s\n",
	       !strcmp(seen, "found") || !strcmp(seen, strerror(ENOMEM)) ? "as it must be" : seen);
}

#ifdef __x86_64__
static long int80(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

/* i386 calls in a 64-bit program: other numbers, other registers, low addresses; the upper halves
 * of registers stay. */
static void other_abi(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned long rbx = 0xdeadbeef00000000ul, after;
	long fd;

	if (low == MAP_FAILED)
		return;
	strcpy(low, file);
	fd = int80(5, (long)low, O_RDONLY, 0);
	printf("open by i386: %s, ", fd >= 0 ? "found" : strerror(-(int)fd));
	rbx |= (unsigned long)low;
	__asm__ volatile("int $0x80"
			 : "=a"(fd), "=b"(after)
			 : "a"(33), "b"(rbx), "c"(R_OK)
			 : "memory", "r8", "r9", "r10", "r11");
	printf("access: %s, register %s, ", fd == 0 ? "found" : strerror(-(int)fd),
	       after == rbx ? "kept" : "changed");
	printf("access by x86-64: %s, ", access(file, R_OK) ? strerror(errno) : "found");
	fd = int80(183, (long)low, 4096, 0);
	printf("getcwd: %ld %s\n", fd, low);
}

/* Numbers of the x32 ABI. */
static void x32(void)
{
	printf("%s, ", syscall(0x40000000 | SYS_getpid) < 0 ? strerror(errno) : "done");
	printf("%s, ", syscall(0x40000000 | SYS_open, file, 0) < 0 ? strerror(errno) : "done");
	printf("%s\n", syscall(-1) < 0 ? strerror(errno) : "done");
}
#else
static void other_abi(void)
{
	puts("one only");
}

static void x32(void)
{
	puts("none");
}
#endif

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	file = argv[1];
	apart("no mmap", no_mmap);
	apart("no mmap by prctl", no_mmap_by_prctl);
	apart("strict", strict);
	apart("strict by seccomp", strict_by_seccomp);
	apart("strict, and another call", strict_broken);
	apart("strict behind a filter", strict_behind_a_filter);
	apart("own answers", own_answers);
	apart("undumpable", undumpable);
	apart("mapped over", mapped_over);
	apart("no memory", no_memory);
	apart("other ABI", other_abi);
	apart("x32", x32);
	printf("afterwards: %s\n", look());
	return 0;
}
