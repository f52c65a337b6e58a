/* SPDX-License-Identifier: MIT
 * Registers, the program's own string and the memory below its stack pointer before and after a
 * path call. Run by tests/integration/trace-registers.sh. Prints one line a path and kind of stack.
 * It must print the same with and without a tracer.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__

#define PATTERN 0x5a

/* In: what the registers shall hold. Out: what they hold behind the call; rax is the result. */
struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* Load all registers, point the stack at STACK, make the call, store all registers. */
__attribute__((naked, noinline)) static void call_with(struct registers *registers, void *stack)
{
	__asm__("push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
		"mov %rsp, saved_stack(%rip)\n"
		"mov %rdi, saved_registers(%rip)\n"
		"mov %rsi, %rsp\n"
		"mov 0(%rdi), %rax\n mov 8(%rdi), %rbx\n mov 24(%rdi), %rdx\n"
		"mov 32(%rdi), %rsi\n mov 48(%rdi), %rbp\n mov 56(%rdi), %r8\n"
		"mov 64(%rdi), %r9\n mov 72(%rdi), %r10\n mov 88(%rdi), %r12\n"
		"mov 96(%rdi), %r13\n mov 104(%rdi), %r14\n mov 112(%rdi), %r15\n"
		"mov 40(%rdi), %rdi\n"
		"syscall\n"
		"mov %rdi, saved_rdi(%rip)\n"
		"mov saved_registers(%rip), %rdi\n"
		"mov %rax, 0(%rdi)\n mov %rbx, 8(%rdi)\n mov %rdx, 24(%rdi)\n"
		"mov %rsi, 32(%rdi)\n mov %rbp, 48(%rdi)\n mov %r8, 56(%rdi)\n"
		"mov %r9, 64(%rdi)\n mov %r10, 72(%rdi)\n mov %r12, 88(%rdi)\n"
		"mov %r13, 96(%rdi)\n mov %r14, 104(%rdi)\n mov %r15, 112(%rdi)\n"
		"mov saved_rdi(%rip), %rax\n mov %rax, 40(%rdi)\n"
		"mov saved_stack(%rip), %rsp\n"
		"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
		"ret\n");
}

__asm__(".local saved_stack\n.comm saved_stack,8,8\n"
	".local saved_registers\n.comm saved_registers,8,8\n"
	".local saved_rdi\n.comm saved_rdi,8,8\n");

static int differences(const struct registers *before, const struct registers *after)
{
	int n = 0;
	const uint64_t *a = &before->rbx, *b = &after->rbx;

	for (size_t i = 0; i < sizeof(*before) / sizeof(uint64_t) - 1; i++)
		n += a[i] != b[i];
	return n;
}

static void try(const char *what, long nr, const char *path, uint64_t arg0, int path_arg,
		char *stack, size_t below)
{
	char *copy = strdup(path);
	struct registers before = {0}, after;
	size_t touched = 0;

	before.rax = (uint64_t)nr;
	before.rbx = 0x1111111111111111;
	before.rdx = 0; /* O_RDONLY, F_OK */
	before.rdi = path_arg == 0 ? (uintptr_t)copy : arg0;
	before.rsi = path_arg == 1 ? (uintptr_t)copy : 0;
	before.rbp = 0x2222222222222222;
	before.r8 = 0x3333333333333333;
	before.r9 = 0x4444444444444444;
	before.r10 = 0;
	before.r12 = 0x5555555555555555;
	before.r13 = 0x6666666666666666;
	before.r14 = 0x7777777777777777;
	before.r15 = 0x8888888888888888;
	after = before;
	memset(stack - below, PATTERN, below);
	call_with(&after, stack);
	for (size_t i = 1; i <= below; i++)
		touched += stack[-(long)i] != PATTERN;
	printf("%s %s: %s, %d registers changed, %zu bytes below the stack, string %s\n", what,
	       path, (int64_t)after.rax < 0 ? strerror(-(int)after.rax) : "done",
	       differences(&before, &after), touched, strcmp(copy, path) ? "changed" : "kept");
	if ((int64_t)after.rax > 2)
		close((int)after.rax);
	free(copy);
}

/* 512 bytes above an unmapped page, as a small coroutine has. */
static char *small_stack(void)
{
	char *area = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED || mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE))
		exit(1);
	return area + 4096 + 512;
}

int main(int argc, char **argv)
{
	static char big[65536];
	char *small = small_stack();

	for (int round = 0; round < 3; round++) {
		for (int i = 1; i < argc; i++) {
			try("open", SYS_open, argv[i], 0, 0, big + sizeof(big) - 64, 60000);
			try("openat", SYS_openat, argv[i], (uint64_t)AT_FDCWD, 1, small, 500);
			try("access", SYS_access, argv[i], 0, 0, small, 512);
			try("rmdir", SYS_rmdir, argv[i], 0, 0, small, 512);
		}
	}
	return 0;
}

#else

int main(void)
{
	puts("x86-64 only");
	return 0;
}

#endif
