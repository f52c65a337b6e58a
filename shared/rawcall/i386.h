/* SPDX-License-Identifier: MIT
 * A system call on i386: number in eax, arguments in ebx ecx edx esi edi ebp, by int 0x80 (the
 * vDSO's faster entry needs the auxiliary vector, which not every caller has). ebp may be the frame
 * pointer, so the sixth argument goes through the stack. Included by shared/rawcall/rawcall.h only.
 * Never sets errno.
 */
#ifndef SNR_RAWCALL_I386_H
#define SNR_RAWCALL_I386_H

static inline long snr_rawcall(long nr, long a, long b, long c, long d, long e, long f)
{
	long result;
	long last[2] = {a, f};

	__asm__ volatile("pushl %%ebp\n\t"
			 "pushl %%ebx\n\t"
			 "movl 4(%%ebx), %%ebp\n\t"
			 "movl (%%ebx), %%ebx\n\t"
			 "int $0x80\n\t"
			 "popl %%ebx\n\t"
			 "popl %%ebp"
			 : "=a"(result)
			 : "a"(nr), "b"(last), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

#endif
