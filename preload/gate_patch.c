/* SPDX-License-Identifier: MIT
 * Engine hybrid: glibc 2.33 to 2.38 makes fstat of newfstatat(2) with an empty path, also where
 * opendir, fopen and others call it inside, past every wrapper; the tracer's filter cannot tell
 * that from a call with a name. The function's first instruction becomes a jump to ours. For gate.c
 * only. It must never change a function that is not exactly of that kind, nor one that may be
 * running.
 */
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <fcntl.h>
#include <sys/mman.h>

#ifdef SNR_GATE_ADDRESS

#define PAGE     4096ul

#define SHORTEST 2 /* of what comes behind the flag: a call of the kernel, or a jump to one */

/* jmp *0(%rip), and the address. */
struct jump {
	unsigned char code[6];
	unsigned char target[8];
};

/* Names no file, so that the tracer has nothing to do with it, open gate or not: what libc would
 * call where a filter of the program's own expects that. */
static int patched_fstat(int fd, void *st)
{
	long result = shim_gate_is_open()
			      ? snr_rawcall2(__NR_fstat, fd, st)
			      : snr_rawcall4(__NR_newfstatat, fd, "", st, AT_EMPTY_PATH);

	return (int)shim_result(result);
}

/* Where a jump has room before the function's first return, in one that loads AT_EMPTY_PATH into a
 * register (mov $0x1000, %ecx or %r10d): the offset behind an endbr64. -1: another kind. */
static int place_for_jump(const unsigned char *code)
{
	static const unsigned char flag[] = {0x00, 0x10, 0x00, 0x00};
	int start =
		code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa ? 4 : 0;

	for (int i = start; i < 32; i++) {
		if (code[i] == 0xc3)
			return -1;
		if ((code[i] == 0xb9 || code[i] == 0xba) &&
		    snr_equal((const char *)code + i + 1, (const char *)flag, sizeof(flag)))
			return i + 5 + SHORTEST - start >= (int)sizeof(struct jump) ? start : -1;
	}
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
	unsigned char *code = shim_symbol("fstat64");
	int place = code ? place_for_jump(code) : -1;

	if (place >= 0 && is_single_threaded())
		write_jump(code + place, (uintptr_t)patched_fstat);
}

#endif
