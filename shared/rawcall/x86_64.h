/* SPDX-License-Identifier: MIT
 * A system call on x86-64: number in rax, arguments in rdi rsi rdx r10 r8 r9; rcx and r11 are lost.
 * Included by shared/rawcall/rawcall.h only. Never sets errno.
 */
#ifndef SNR_RAWCALL_X86_64_H
#define SNR_RAWCALL_X86_64_H

#ifdef SNR_RAWCALL_BY_GATE

/* The shim: preload/gate_entry.c. */
__attribute__((visibility("hidden"))) long snr_rawcall(long nr, long a, long b, long c, long d,
						       long e, long f);

#else

static inline long snr_rawcall(long nr, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#endif

#endif
