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

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

#ifdef SNR_GATE_ADDRESS

#define PAGE     4096ul

#define SEARCHED 32 /* bytes */

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

/* Machine code that tells what a function does. */
struct sign {
	unsigned char size;
	unsigned char least; /* bytes of the function from here to its end, or more */
	unsigned char code[8];
};

static const struct patch {
	const char *symbol;
	void *ours;
	struct sign sign[2]; /* either */
} patches[] = {
	/* mov $AT_EMPTY_PATH, %ecx or %r10d, and a call of the kernel, or a jump to one */
	{"fstat64",
	 (void *)patched_fstat,
	 {{5, 7, {0xb9, 0x00, 0x10, 0x00, 0x00}}, {5, 7, {0xba, 0x00, 0x10, 0x00, 0x00}}}},
	/* mov $__NR_getdents64, %eax; syscall; and a look at what it said */
	{"getdents64", (void *)patched_getdents64, {{7, 14, {0xb8, 0xd9, 0, 0, 0, 0x0f, 0x05}}}},
};

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

/* proc(5): the directory has a link of each thread. */
static bool is_single_threaded(void)
{
	struct stat64 st;

	return shim_stat_real(AT_FDCWD, "/proc/self/task", &st, 0) == 0 && st.st_nlink == 3;
}

/* The page stays executable all the time. */
static void write_jump(unsigned char *place, uintptr_t target)
{
	struct jump jump = {.code = {0xff, 0x25}};
	uintptr_t first = (uintptr_t)place & ~(PAGE - 1);
	uintptr_t end = ((uintptr_t)place + sizeof(jump) + PAGE - 1) & ~(PAGE - 1);

	snr_copy((char *)jump.target, (const char *)&target, sizeof(target));
	if (snr_rawcall3(__NR_mprotect, first, end - first, PROT_READ | PROT_WRITE | PROT_EXEC))
		return;
	snr_copy((char *)place, (const char *)&jump, sizeof(jump));
	snr_rawcall3(__NR_mprotect, first, end - first, PROT_READ | PROT_EXEC);
}

void shim_gate_patch(void)
{
	if (!is_single_threaded())
		return;
	for (size_t i = 0; i < sizeof(patches) / sizeof(*patches); i++) {
		unsigned char *code = shim_symbol(patches[i].symbol);
		int place = code ? place_for_jump(code, &patches[i]) : -1;

		if (place >= 0)
			write_jump(code + place, (uintptr_t)patches[i].ours);
	}
}

#endif
