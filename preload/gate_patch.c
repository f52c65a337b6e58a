/* SPDX-License-Identifier: MIT
 * Engine hybrid: what libc calls inside, past every wrapper, would be stopped. The first
 * instruction of such a function becomes a jump to ours. For gate.c only. It must never change a
 * function that is not exactly of the kind that ours takes the place of, nor one that may be
 * running.
 */
#include "preload/gate.h"
#include "preload/listing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

#ifdef SNR_GATE_ADDRESS

#define PAGE     4096ul

#define SEARCHED 80          /* bytes of a function */
#define NEAR     (1ul << 20) /* functions of one libc lie no farther from each other */

/* jmp *0(%rip), and the address. */
struct jump {
	unsigned char code[6];
	unsigned char target[8];
};

/* glibc 2.33 to 2.38 makes fstat of newfstatat(2) with an empty path, which the filter cannot tell
 * from a call with a name. It names no file, so that the tracer has nothing to do with it, open
 * gate or not: what libc would call where a filter of the program's own expects that. */
static int patched_fstat(int fd, void *st)
{
	long result = shim_gate_is_open()
			      ? snr_rawcall2(__NR_fstat, fd, st)
			      : snr_rawcall4(__NR_newfstatat, fd, "", st, AT_EMPTY_PATH);

	return (int)shim_result(result);
}

/* What readdir calls, and so all that lists directories. The kernel takes no more than an int says.
 */
static ssize_t patched_getdents64(int fd, void *buffer, size_t size)
{
	const long args[SNR_NARGS] = {fd, (long)buffer, (long)(size < INT_MAX ? size : INT_MAX)};

	if (!shim_gate_is_open())
		return shim_libc_call(__NR_getdents64, args);
	return shim_result(shim_list(__NR_getdents64, 0, fd, buffer, (size_t)args[2]));
}

/* What libc's function would do: the call NUMBER, planned, and stopped where the shim cannot plan
 * it. */
static long call(const struct shim_direct *direct, const long *args)
{
	long result = shim_gate_is_open() ? shim_gate_call(direct, args) : -ENOSYS;

	return result == -ENOSYS ? shim_libc_call(direct->number, args) : shim_result(result);
}

/* Both without cancellation: what opendir, setlocale, fopen with "c", glob and nftw call. */
static int patched_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	static const struct shim_direct direct = {
		.op = SNR_openat, .number = __NR_openat, .path = 1, .flags = 2, .memo = true};
	const long args[SNR_NARGS] = {dirfd, (long)path, flags,
				      shim_needs_mode(flags) ? (long)mode : 0};

	return (int)call(&direct, args);
}

static int patched_open(const char *path, int flags, mode_t mode)
{
	return patched_openat(AT_FDCWD, path, flags, mode);
}

/* What realpath calls ... */
static ssize_t patched_readlink(const char *path, char *out, size_t size)
{
	const long args[SNR_NARGS] = {(long)path, (long)out, (long)size};

	return call(&shim_direct_readlink, args);
}

/* ... and glob, nftw and whoever says stat or lstat inside. */
static int patched_fstatat(int dirfd, const char *path, void *st, int flags)
{
	static const struct shim_direct direct = {.op = SNR_newfstatat,
						  .number = __NR_newfstatat,
						  .path = 1,
						  .flags = 3,
						  .memo = true};
	const long args[SNR_NARGS] = {dirfd, (long)path, (long)st, flags};

	return (int)call(&direct, args);
}

/* Machine code that tells what a function does. */
struct sign {
	unsigned char size;
	unsigned char least; /* bytes of the function from here to its end, or more */
	unsigned char code[16];
};

/* The number of the call goes to a register, the call follows, and a look at what it said. */
static const struct patch {
	const char *symbol;
	void *ours;
	struct sign sign[2]; /* either */
} patches[] = {
	/* mov $AT_EMPTY_PATH, %ecx or %r10d, and a call of the kernel, or a jump to one */
	{"fstat64",
	 (void *)patched_fstat,
	 {{5, 7, {0xb9, 0x00, 0x10, 0x00, 0x00}}, {5, 7, {0xba, 0x00, 0x10, 0x00, 0x00}}}},
	{"getdents64", (void *)patched_getdents64, {{7, 14, {0xb8, 0xd9, 0, 0, 0, 0x0f, 0x05}}}},
	{"fstatat64", (void *)patched_fstatat, {{7, 14, {0xb8, 0x06, 0x01, 0, 0, 0x0f, 0x05}}}},
	{"readlink", (void *)patched_readlink, {{7, 14, {0xb8, 0x59, 0, 0, 0, 0x0f, 0x05}}}},
	/* mov $AT_FDCWD, %edi before the number, or the name to its place and that behind it */
	{"__open64_nocancel",
	 (void *)patched_open,
	 {{12, 14, {0xbf, 0x9c, 0xff, 0xff, 0xff, 0xb8, 0x01, 0x01, 0, 0, 0x0f, 0x05}},
	  {15,
	   14,
	   {0xb8, 0x01, 0x01, 0, 0, 0x48, 0x89, 0xfe, 0xbf, 0x9c, 0xff, 0xff, 0xff, 0x0f, 0x05}}}},
	{"__openat64_nocancel",
	 (void *)patched_openat,
	 {{7, 14, {0xb8, 0x01, 0x01, 0, 0, 0x0f, 0x05}}}},
};
#define PATCHES (sizeof(patches) / sizeof(*patches))

static bool has_sign(const unsigned char *code, const struct patch *patch, int room)
{
	for (int i = 0; i < 2; i++) {
		const struct sign *sign = &patch->sign[i];

		if (sign->size && room + sign->least >= (int)sizeof(struct jump) &&
		    snr_equal((const char *)code, (const char *)sign->code, sign->size))
			return true;
	}
	return false;
}

/* Where a jump has room in a function that shows its sign before its first return: the offset
 * behind an endbr64. -1: another kind. */
static int place_for_jump(const unsigned char *code, const struct patch *patch)
{
	int start =
		code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa ? 4 : 0;

	for (int i = start; i < SEARCHED && code[i] != 0xc3; i++)
		if (has_sign(code + i, patch, i - start))
			return start;
	return -1;
}

static void write_jump(unsigned char *place, uintptr_t target)
{
	struct jump jump = {.code = {0xff, 0x25}};

	snr_copy((char *)jump.target, (const char *)&target, sizeof(target));
	snr_copy((char *)place, (const char *)&jump, sizeof(jump));
}

/* The pages stay executable all the time, since other functions are on them. */
static void write_jumps(unsigned char *const *place, uintptr_t first, uintptr_t last)
{
	first &= ~(PAGE - 1);
	last = (last + sizeof(struct jump) + PAGE - 1) & ~(PAGE - 1);
	if (!snr_rawcall3(__NR_mprotect, first, last - first, PROT_READ | PROT_WRITE | PROT_EXEC))
		for (size_t i = 0; i < PATCHES; i++)
			if (place[i])
				write_jump(place[i], (uintptr_t)patches[i].ours);
	snr_rawcall3(__NR_mprotect, first, last - first, PROT_READ | PROT_EXEC);
}

void shim_gate_patch(void)
{
	unsigned char *place[PATCHES] = {NULL};
	uintptr_t first = UINTPTR_MAX, last = 0;

	for (size_t i = 0; i < PATCHES; i++) {
		unsigned char *code = shim_symbol(patches[i].symbol);
		int offset = code ? place_for_jump(code, &patches[i]) : -1;

		if (offset < 0)
			continue;
		place[i] = code + offset;
		first = (uintptr_t)place[i] < first ? (uintptr_t)place[i] : first;
		last = (uintptr_t)place[i] > last ? (uintptr_t)place[i] : last;
	}
	if (last && last - first < NEAR && shim_is_single_threaded())
		write_jumps(place, first, last);
}

#endif
