/* SPDX-License-Identifier: MIT
 * A trapped system call in the registers of a ucontext, and the few instructions that C cannot say.
 * Included by trap.c only. Where the processor has no such traps SHIM_TRAPS is 0.
 */
#ifndef SHIM_TRAP_REGS_H
#define SHIM_TRAP_REGS_H

#include <ucontext.h>

#if defined(__x86_64__)
#define SHIM_TRAPS 1
#define TRAP_ARCH  AUDIT_ARCH_X86_64
/* Registers of the number (which is also the result's), the stack pointer, the instruction pointer,
 * and the arguments. */
#define TRAP_NUMBER    REG_RAX
#define TRAP_STACK     REG_RSP
#define TRAP_NEXT      REG_RIP
#define TRAP_ARGUMENTS REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9

/* The C library's own bytes for this (its __restore_rt): unwinders know them. */
__asm__(".text\n"
	".globl shim_trap_return\n"
	".hidden shim_trap_return\n"
	".type shim_trap_return, @function\n"
	"	nop\n"
	"shim_trap_return:\n"
	"	movq $15, %rax\n" /* __NR_rt_sigreturn */
	"	syscall\n"
	".size shim_trap_return, . - shim_trap_return\n");

/* The system call NUMBER, one that returns from a signal, with the stack pointer at STACK. */
static inline _Noreturn void trap_leave(long number, uintptr_t stack)
{
	__asm__ volatile("movq %1, %%rsp\n\t"
			 "syscall"
			 :
			 : "a"(number), "r"(stack)
			 : "memory");
	__builtin_unreachable();
}

/* A system call that may return twice on one stack: there must be no function to return from. */
static inline __attribute__((always_inline)) long trap_birth(long number, long a, long b, long c,
							     long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

/* Where the stack pointer is then for the handler that was given INFO and CONTEXT (the kernel's
 * struct rt_sigframe). */
static inline uintptr_t trap_frame(const siginfo_t *info, const ucontext_t *context)
{
	return (uintptr_t)context;
}
#elif defined(__i386__)
#define SHIM_TRAPS     1
#define TRAP_ARCH      AUDIT_ARCH_I386
#define TRAP_NUMBER    REG_EAX
#define TRAP_STACK     REG_ESP
#define TRAP_NEXT      REG_EIP
#define TRAP_ARGUMENTS REG_EBX, REG_ECX, REG_EDX, REG_ESI, REG_EDI, REG_EBP

__asm__(".text\n"
	".globl shim_trap_return\n"
	".hidden shim_trap_return\n"
	".type shim_trap_return, @function\n"
	"	nop\n"
	"shim_trap_return:\n"
	"	movl $173, %eax\n" /* __NR_rt_sigreturn */
	"	int $0x80\n"
	".size shim_trap_return, . - shim_trap_return\n");

static inline _Noreturn void trap_leave(long number, uintptr_t stack)
{
	__asm__ volatile("movl %1, %%esp\n\t"
			 "int $0x80"
			 :
			 : "a"(number), "r"(stack)
			 : "memory");
	__builtin_unreachable();
}

static inline __attribute__((always_inline)) long trap_birth(long number, long a, long b, long c,
							     long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

/* Number, two pointers, and then the siginfo. */
static inline uintptr_t trap_frame(const siginfo_t *info, const ucontext_t *context)
{
	return (uintptr_t)info - 3 * sizeof(int);
}
#else
#define SHIM_TRAPS 0
#endif

#endif
