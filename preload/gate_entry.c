/* SPDX-License-Identifier: MIT
 * How the shim's system calls reach the kernel: by an instruction of its own, or from the gate once
 * that is open (gate.c). For preload/ only, by shared/rawcall. It must work before the shim's
 * constructor has run, and before anything of it was relocated.
 */
#include "preload/gate.h"

#ifdef SNR_GATE_ADDRESS

/* 0: where it stands here. */
uintptr_t shim_gate_entry;

const struct snr_image *shim_gate_image;

/* Arguments as C hands them over go where the kernel takes them. No frame: the gate returns to the
 * caller. */
__asm__(".text\n"
	".globl snr_rawcall\n"
	".hidden snr_rawcall\n"
	".hidden shim_gate_entry\n"
	".type snr_rawcall, @function\n"
	"snr_rawcall:\n"
	"	.cfi_startproc\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	movq %rdx, %rsi\n"
	"	movq %rcx, %rdx\n"
	"	movq shim_gate_entry(%rip), %r11\n"
	"	movq %r8, %r10\n"
	"	movq %r9, %r8\n"
	"	movq 8(%rsp), %r9\n"
	"	testq %r11, %r11\n"
	"	jz 1f\n"
	"	jmpq *%r11\n"
	"1:	syscall\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size snr_rawcall, . - snr_rawcall\n");

#endif
