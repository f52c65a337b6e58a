/* SPDX-License-Identifier: MIT
 * System calls of the i386 table by int 0x80, from 64-bit code too, and x32's numbers. Run by
 * tests/integration/ops-int80.sh under the tracer. It must hand the kernel addresses below 4 GiB
 * only.
 */
#if defined(__x86_64__) || defined(__i386__)
#include <asm/unistd_32.h> /* before all other headers: the numbers of this table */
enum {
	I386_open = __NR_open,
	I386_creat = __NR_creat,
	I386_unlink = __NR_unlink,
	I386_chdir = __NR_chdir,
	I386_mkdir = __NR_mkdir,
	I386_rmdir = __NR_rmdir,
	I386_rename = __NR_rename,
	I386_access = __NR_access,
	I386_readlink = __NR_readlink,
	I386_getcwd = __NR_getcwd,
	I386_stat64 = __NR_stat64,
	I386_lstat64 = __NR_lstat64,
	I386_fstatat64 = __NR_fstatat64,
	I386_openat = __NR_openat,
	I386_chown32 = __NR_chown32,
	I386_truncate64 = __NR_truncate64,
	I386_statfs64 = __NR_statfs64,
	I386_utimensat_time64 = __NR_utimensat_time64,
	I386_socketcall = __NR_socketcall,
	I386_oldstat = __NR_oldstat,
	I386_execve = __NR_execve,
};
#undef _ASM_X86_UNISTD_32_H
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

#if defined(__x86_64__) || defined(__i386__)
static char *low; /* memory that 32-bit addresses reach */

static long int80(long number, long a, long b, long c, long d)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0)
#ifdef __x86_64__
			 : "memory", "r8", "r9", "r10", "r11");
#else
			 : "memory");
#endif
	return (int)result;
}

/* TEXT at an address below 4 GiB; four at a time. */
static long at(const char *text)
{
	static unsigned turn;
	char *place = low + 4096 * (turn++ % 4);

	return (long)strcpy(place, text);
}

static void said(const char *call, const char *name, long result)
{
	printf("%s %s: %s\n", call, name, result < 0 ? strerrorname_np((int)-result) : "ok");
	if (result > 2)
		close((int)result);
}

static void look(const char *path)
{
	char *room = low + 4 * 4096;
	long n;

	said("open", path, int80(I386_open, at(path), O_RDONLY, 0, 0));
	said("openat", path, int80(I386_openat, AT_FDCWD, at(path), O_RDONLY | O_DIRECTORY, 0));
	said("access", path, int80(I386_access, at(path), R_OK, 0, 0));
	said("stat64", path, int80(I386_stat64, at(path), (long)room, 0, 0));
	said("lstat64", path, int80(I386_lstat64, at(path), (long)room, 0, 0));
	said("oldstat", path, int80(I386_oldstat, at(path), (long)room, 0, 0));
	said("fstatat64", path,
	     int80(I386_fstatat64, AT_FDCWD, at(path), (long)room, AT_SYMLINK_NOFOLLOW));
	said("statfs64", path, int80(I386_statfs64, at(path), 84, (long)room, 0));
	said("truncate64", path, int80(I386_truncate64, at(path), 7, 0, 0));
	said("chown32", path, int80(I386_chown32, at(path), -1, -1, 0));
	said("utimensat_time64", path, int80(I386_utimensat_time64, AT_FDCWD, at(path), 0, 0));
	n = int80(I386_readlink, at(path), (long)room, 100, 0);
	printf("readlink %s: %.*s\n", path, n > 0 ? (int)n : 0, room);
}

static void change(void)
{
	char *room = low + 4 * 4096;
	long n;

	said("creat", "new", int80(I386_creat, at("/opt/acme/new"), 0600, 0, 0));
	said("rename", "new",
	     int80(I386_rename, at("/opt/acme/new"), at("/opt/acme/sub/new"), 0, 0));
	said("unlink", "new", int80(I386_unlink, at("/opt/acme/sub/new"), 0, 0, 0));
	said("mkdir", "dir", int80(I386_mkdir, at("/opt/acme/dir"), 0700, 0, 0));
	said("chdir", "dir", int80(I386_chdir, at("/opt/acme/dir"), 0, 0, 0));
	n = int80(I386_getcwd, (long)room, 100, 0, 0);
	printf("getcwd: %ld %s\n", n, n > 0 ? room : "");
	said("open", "../file", int80(I386_open, at("../file"), O_RDONLY, 0, 0));
	said("rmdir", "dir", int80(I386_rmdir, at("/opt/acme/dir"), 0, 0, 0));
}

/* socketcall's arguments are an array of 32-bit words. */
static long socketcall(int call, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t *words = (uint32_t *)(low + 5 * 4096);

	words[0] = a;
	words[1] = b;
	words[2] = c;
	return int80(I386_socketcall, call, (long)words, 0, 0);
}

static void sockets(void)
{
	enum { SOCKET = 1, BIND = 2, GETSOCKNAME = 6 }; /* <linux/net.h> */
	struct sockaddr_un *address = (void *)(low + 6 * 4096);
	uint32_t *len = (uint32_t *)(low + 7 * 4096);
	long fd = socketcall(SOCKET, AF_UNIX, SOCK_STREAM, 0);

	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, "/opt/acme/socket");
	said("socketcall bind", address->sun_path,
	     socketcall(BIND, (uint32_t)fd, (uint32_t)(uintptr_t)address, sizeof(*address)));
	*len = sizeof(*address);
	memset(address, 0, sizeof(*address));
	if (socketcall(GETSOCKNAME, (uint32_t)fd, (uint32_t)(uintptr_t)address,
		       (uint32_t)(uintptr_t)len) == 0)
		printf("socketcall getsockname: %u %s\n", *len, address->sun_path);
	close((int)fd);
}

static void run(void)
{
	uint32_t *vector = (uint32_t *)(low + 5 * 4096);
	int status = 0;

	vector[0] = (uint32_t)(uintptr_t)at("script");
	vector[1] = 0;
	fflush(stdout);
	if (fork() == 0) {
		said("execve", "script",
		     int80(I386_execve, at("/opt/acme/script"), (long)vector, (long)(vector + 1),
			   0));
		fflush(stdout);
		_exit(1);
	}
	wait(&status);
	printf("execve script: %d\n", WEXITSTATUS(status));
}

#ifdef __x86_64__
static void x32(void)
{
	static const long numbers[] = {2 /* open */, 257 /* openat */, 4 /* stat */,
				       520 /* execve */, 545 /* execveat */};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		long result = syscall(0x40000000 | numbers[i], at("/opt/acme/file"),
				      at("/opt/acme/file"), 0, 0);

		printf("x32 call %ld: %s\n", numbers[i],
		       result < 0 ? strerrorname_np(errno) : "ok");
	}
}
#endif

int main(int argc, char **argv)
{
	static const char *const names[] = {"/opt/acme/file",    "/opt/acme/sub",
					    "/opt/acme/link",    "/opt/acme/back",
					    "/opt/acme/missing", "/opt/acme/inner/f",
					    "/opt/acme/file/x",  "out/file"};

	setvbuf(stdout, NULL, _IOLBF, 0);
	low = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		   -1, 0);
	if (low == MAP_FAILED)
		return 77;
	if (argc > 1) /* does this kernel have the calls? */
		return int80(I386_access, at("/"), F_OK, 0, 0) < 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		look(names[i]);
	change();
	sockets();
	run();
#ifdef __x86_64__
	x32();
#endif
	said("open", "wild", int80(I386_open, 8, 0, 0, 0));
	said("open", "an unknown call", int80(9999, at("/opt/acme/file"), 0, 0, 0));
	return 0;
}
#else
int main(void)
{
	return 77;
}
#endif
