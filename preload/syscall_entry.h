/* SPDX-License-Identifier: MIT
 * The entry of syscall(2), in assembly: only so can it jump on with registers and stack untouched.
 * A C function may use the stack words of its arguments as it likes, and here they may be the
 * caller's own variables. Included by by_hand_syscall.c only. It must never write above its own
 * frame.
 */
#ifndef SHIM_SYSCALL_ENTRY_H
#define SHIM_SYSCALL_ENTRY_H

/* The two functions of by_hand_syscall.c that the entry calls. */
void *shim_syscall_target(long number);
long shim_syscall_path(long number, const long *words);

#if defined(__x86_64__)
/* The words a to f are laid out as an array; the last comes from the caller's stack. */
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	pushq 8(%rsp)\n"
	"	pushq %r9\n"
	"	pushq %r8\n"
	"	pushq %rcx\n"
	"	pushq %rdx\n"
	"	pushq %rsi\n"
	"	pushq %rdi\n"
	"	.cfi_def_cfa_offset 64\n"
	"	call shim_syscall_target\n"
	"	testq %rax, %rax\n"
	"	jz 1f\n"
	"	popq %rdi\n"
	"	popq %rsi\n"
	"	popq %rdx\n"
	"	popq %rcx\n"
	"	popq %r8\n"
	"	popq %r9\n"
	"	addq $8, %rsp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	jmp *%rax\n"
	"1:	.cfi_def_cfa_offset 64\n"
	"	movq (%rsp), %rdi\n"
	"	leaq 8(%rsp), %rsi\n"
	"	call shim_syscall_path\n"
	"	addq $56, %rsp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size syscall, . - syscall\n");
#elif defined(__i386__)
/* All words are on the stack already. */
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	subl $8, %esp\n"
	"	pushl 12(%esp)\n"
	"	.cfi_def_cfa_offset 16\n"
	"	call shim_syscall_target\n"
	"	addl $12, %esp\n"
	"	.cfi_def_cfa_offset 4\n"
	"	testl %eax, %eax\n"
	"	jz 1f\n"
	"	jmp *%eax\n"
	"1:	leal 8(%esp), %edx\n"
	"	subl $4, %esp\n"
	"	pushl %edx\n"
	"	pushl 12(%esp)\n"
	"	.cfi_def_cfa_offset 16\n"
	"	call shim_syscall_path\n"
	"	addl $12, %esp\n"
	"	.cfi_def_cfa_offset 4\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size syscall, . - syscall\n");
#elif defined(__aarch64__)
/* All words are in registers; x16 is the register for jumps through veneers. */
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, %function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-80]!\n"
	"	.cfi_def_cfa_offset 80\n"
	"	.cfi_offset 29, -80\n"
	"	.cfi_offset 30, -72\n"
	"	mov x29, sp\n"
	"	stp x0, x1, [sp, #16]\n"
	"	stp x2, x3, [sp, #32]\n"
	"	stp x4, x5, [sp, #48]\n"
	"	str x6, [sp, #64]\n"
	"	bl shim_syscall_target\n"
	"	cbz x0, 1f\n"
	"	mov x16, x0\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldp x2, x3, [sp, #32]\n"
	"	ldp x4, x5, [sp, #48]\n"
	"	ldr x6, [sp, #64]\n"
	"	ldp x29, x30, [sp], #80\n"
	"	br x16\n"
	"1:	ldr x0, [sp, #16]\n"
	"	add x1, sp, #24\n"
	"	bl shim_syscall_path\n"
	"	ldp x29, x30, [sp], #80\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size syscall, . - syscall\n");
#endif

#endif
