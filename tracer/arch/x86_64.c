/* SPDX-License-Identifier: MIT
 * x86-64 registers of a tracee that makes x86-64 or i386 calls. Only tracer/ calls it.
 * It must not use PTRACE_GETREGSET, which gives a 32-bit tracee's registers in another layout.
 */
#ifdef __x86_64__
#include "tracer/arch/arch.h"

#include "shared/gate.h"
#include "tracer/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

/* <asm/unistd.h>: numbers of the x32 ABI carry this bit. */
#define X32_BIT 0x40000000u

enum { ABI_64, ABI_32 };

/* Numbers of the i386 table (<asm/unistd_32.h>, which cannot be had beside the 64-bit one). */
enum {
	NR32_EXIT = 1,
	NR32_FORK = 2,
	NR32_READ = 3,
	NR32_WRITE = 4,
	NR32_SIGRETURN = 119,
	NR32_CLONE = 120,
	NR32_PRCTL = 172,
	NR32_VFORK = 190,
	NR32_MMAP2 = 192
};

extern const char *const arch_numbers_x86_64[], *const arch_numbers_i386[];

const struct arch_abi arch_abis[] = {
	{.audit = AUDIT_ARCH_X86_64,
	 .ceiling = X32_BIT,
	 .word = 8,
	 .index = ABI_64,
	 .gate = "\x0f\x05", /* syscall */
	 .gate_size = 2,
	 .gate_ip = SNR_GATE_IP,
	 .prctl = SYS_prctl,
	 .strict = {SYS_read, SYS_write, SYS_exit, SYS_rt_sigreturn},
	 .numbers = arch_numbers_x86_64},
	{.audit = AUDIT_ARCH_I386,
	 .word = 4,
	 .index = ABI_32,
	 .gate = "\xcd\x80", /* int $0x80 */
	 .gate_size = 2,
	 .prctl = NR32_PRCTL,
	 .strict = {NR32_READ, NR32_WRITE, NR32_EXIT, NR32_SIGRETURN},
	 .numbers = arch_numbers_i386},
};
const unsigned arch_nabis = sizeof(arch_abis) / sizeof(*arch_abis);

_Static_assert(sizeof(struct user_regs_struct) <= sizeof(struct arch_regs), "struct arch_regs");

#define REG(name) offsetof(struct user, regs.name)

static const uint16_t arg_offset[][ARCH_NARGS] = {
	[ABI_64] = {REG(rdi), REG(rsi), REG(rdx), REG(r10), REG(r8), REG(r9)},
	[ABI_32] = {REG(rbx), REG(rcx), REG(rdx), REG(rsi), REG(rdi), REG(rbp)},
};

long arch_ptrace(int request, pid_t tid, uint64_t addr, uint64_t data)
{
	long r = syscall(SYS_ptrace, (long)request, (long)tid, addr, data);

	return r < 0 ? -errno : r;
}

static int get_regs(pid_t tid, struct user_regs_struct *regs)
{
	return (int)arch_ptrace(PTRACE_GETREGS, tid, 0, (uintptr_t)regs);
}

static int set_regs(pid_t tid, const struct user_regs_struct *regs)
{
	return (int)arch_ptrace(PTRACE_SETREGS, tid, 0, (uintptr_t)regs);
}

static int peek(pid_t tid, uint16_t offset, uint64_t *value)
{
	return (int)arch_ptrace(PTRACE_PEEKUSR, tid, offset, (uintptr_t)value);
}

static int poke(pid_t tid, uint16_t offset, uint64_t value)
{
	return (int)arch_ptrace(PTRACE_POKEUSR, tid, offset, value);
}

static uint64_t *arg_in(struct user_regs_struct *regs, const struct arch_abi *abi, int arg)
{
	size_t offset = arg_offset[abi->index][arg] - offsetof(struct user, regs);

	return (uint64_t *)(void *)((char *)regs + offset);
}

/* The kernel looks at 32 bits, whatever a 64-bit program has in the upper half. */
static void cut_arguments(struct arch_call *call)
{
	if (call->abi->word == 4)
		for (int i = 0; i < ARCH_NARGS; i++)
			call->arg[i] = (uint32_t)call->arg[i];
}

int arch_read_call_by_registers(pid_t tid, struct arch_call *call)
{
	struct user_regs_struct regs;
	unsigned long message;
	int r = (int)arch_ptrace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&message);

	if (!r)
		r = get_regs(tid, &regs);
	if (r)
		return r;
	call->data = (uint16_t)message;
	call->abi = &arch_abis[filter_abi_of(call->data) < arch_nabis ? filter_abi_of(call->data)
								      : ABI_64];
	call->nr = regs.orig_rax;
	for (int i = 0; i < ARCH_NARGS; i++)
		call->arg[i] = *arg_in(&regs, call->abi, i);
	cut_arguments(call);
	return 0;
}

int arch_read_call(pid_t tid, struct arch_call *call)
{
	struct ptrace_syscall_info info;
	long r = arch_ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), (uintptr_t)&info);

	if (r == -EIO || r == -EINVAL)
		return arch_read_call_by_registers(tid, call);
	if (r < 0)
		return (int)r;
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return -EPROTO;
	call->abi = &arch_abis[info.arch == AUDIT_ARCH_I386 ? ABI_32 : ABI_64];
	call->nr = info.seccomp.nr;
	call->data = (uint16_t)info.seccomp.ret_data;
	memcpy(call->arg, info.seccomp.args, sizeof(call->arg));
	cut_arguments(call);
	return 0;
}

int arch_get_arg(pid_t tid, const struct arch_abi *abi, int arg, uint64_t *value)
{
	return peek(tid, arg_offset[abi->index][arg], value);
}

int arch_set_arg(pid_t tid, const struct arch_abi *abi, int arg, uint64_t value)
{
	return poke(tid, arg_offset[abi->index][arg], value);
}

/* A number of -1 at the seccomp stop makes the kernel go straight to the exit, with whatever rax
 * holds: kernel/seccomp.c, "Check if the tracer forced the syscall to be skipped". It is also no
 * number that a signal would restart. */
int arch_finish_call(pid_t tid, int64_t result)
{
	int r = poke(tid, REG(orig_rax), (uint64_t)-1);

	return r ? r : poke(tid, REG(rax), (uint64_t)result);
}

int arch_get_result(pid_t tid, int64_t *result)
{
	return peek(tid, REG(rax), (uint64_t *)result);
}

int arch_set_result(pid_t tid, int64_t result)
{
	return poke(tid, REG(rax), (uint64_t)result);
}

/* include/linux/errno.h: what a call gives that is always made again; arch_do_signal_or_restart
 * acts on it behind the signal-delivery-stop. */
#define ERESTARTNOINTR 513

int arch_get_interrupted(pid_t tid, uint64_t *nr)
{
	uint64_t result;
	int r = peek(tid, REG(rax), &result);

	if (!r && (int32_t)result != -EINTR)
		return -ENOENT;
	if (!r)
		r = peek(tid, REG(orig_rax), nr);
	/* -1: it did not come out of a call. */
	return r ? r : (int32_t)*nr < 0 ? -ENOENT : 0;
}

int arch_restart_interrupted(pid_t tid, bool again)
{
	return poke(tid, REG(rax), again ? (uint64_t)-ERESTARTNOINTR : (uint64_t)-EINTR);
}

int arch_get_number(pid_t tid, uint64_t *nr)
{
	return peek(tid, REG(orig_rax), nr);
}

static void set_map_call(struct user_regs_struct *regs, const struct arch_abi *abi, uint64_t size)
{
	const uint64_t arg[ARCH_NARGS] = {
		0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};

	for (int i = 0; i < ARCH_NARGS; i++)
		*arg_in(regs, abi, i) = arg[i];
	regs->orig_rax = abi->index == ABI_32 ? NR32_MMAP2 : SYS_mmap;
}

int arch_inject_map(pid_t tid, const struct arch_abi *abi, uint64_t size, struct arch_regs *saved)
{
	struct user_regs_struct regs;
	int r = get_regs(tid, &regs);

	if (r)
		return r;
	memcpy(saved, &regs, sizeof(regs));
	set_map_call(&regs, abi, size);
	return set_regs(tid, &regs);
}

/* Both `syscall` and `int $0x80` take two bytes; behind `sysenter` the kernel comes back to the
 * vDSO's landing place, in front of which an `int $0x80` stands for just this purpose. */
int arch_run_again(pid_t tid, const struct arch_regs *saved)
{
	struct user_regs_struct regs;

	memcpy(&regs, saved, sizeof(regs));
	regs.rax = regs.orig_rax;
	regs.rip -= 2;
	return set_regs(tid, &regs);
}

int arch_repeat(pid_t tid)
{
	struct arch_regs saved;
	struct user_regs_struct regs;
	int r = get_regs(tid, &regs);

	memcpy(&saved, &regs, sizeof(regs));
	return r ? r : arch_run_again(tid, &saved);
}

/* The numbers of the two tables that make a process do not clash: no cs needs to be looked at,
 * which would be wrong for an int 0x80 in a 64-bit program. */
int arch_clone_flags(pid_t tid, const struct arch_abi *last, uint64_t *flags, uint64_t *address)
{
	struct user_regs_struct regs;
	int r = get_regs(tid, &regs);

	*address = 0;
	*flags = 0;
	if (r)
		return r;
	if (regs.orig_rax == SYS_clone)
		*flags = regs.rdi;
	else if (regs.orig_rax == NR32_CLONE)
		*flags = (uint32_t)regs.rbx;
	else if (regs.orig_rax == SYS_vfork || regs.orig_rax == NR32_VFORK)
		*flags = CLONE_VM | CLONE_VFORK;
	else if (regs.orig_rax == SYS_clone3)
		*address = last->word == 4 ? (uint32_t)regs.rbx : regs.rdi;
	return 0;
}

int arch_call_at(pid_t tid, const struct arch_abi *abi, uint64_t ip, uint64_t nr,
		 const uint64_t *args, int n, struct arch_regs *saved)
{
	struct user_regs_struct regs;
	int r = get_regs(tid, &regs);

	if (r)
		return r;
	memcpy(saved, &regs, sizeof(regs));
	regs.rip = ip;
	regs.rax = nr;
	regs.orig_rax = (unsigned long)-1; /* whatever call it came from is not made again */
	for (int i = 0; i < n; i++)
		*arg_in(&regs, abi, i) = args[i];
	return set_regs(tid, &regs);
}

int arch_put_off(pid_t tid)
{
	struct user_regs_struct regs;
	int r = get_regs(tid, &regs);

	if (r)
		return r;
	regs.rax = regs.orig_rax;
	regs.orig_rax = (unsigned long)-1;
	regs.rip -= 2;
	return set_regs(tid, &regs);
}

int arch_set_regs(pid_t tid, const struct arch_regs *saved)
{
	struct user_regs_struct regs;

	memcpy(&regs, saved, sizeof(regs));
	return set_regs(tid, &regs);
}

/* Intel's manual, volume 2: jmp *0(%rip), and the address behind it. */
void arch_write_jump(uint8_t out[ARCH_JUMP], uint64_t to)
{
	static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};

	memcpy(out, jump, sizeof(jump));
	memcpy(out + sizeof(jump), &to, sizeof(to));
}

/* movabs $VALUE, and the register by its prefix and opcode. */
static unsigned put_load(uint8_t *out, const uint8_t reg[2], uint64_t value)
{
	memcpy(out, reg, 2);
	memcpy(out + 2, &value, sizeof(value));
	return 2 + sizeof(value);
}

unsigned arch_write_detour(uint8_t out[ARCH_DETOUR], uint64_t nr, const uint64_t args[ARCH_NARGS],
			   const uint64_t saved[ARCH_NARGS], uint64_t back)
{
	static const uint8_t rax[2] = {0x48, 0xb8};
	static const uint8_t arg[ARCH_NARGS][2] = {{0x48, 0xbf}, {0x48, 0xbe}, {0x48, 0xba},
						   {0x49, 0xba}, {0x49, 0xb8}, {0x49, 0xb9}};
	unsigned at = put_load(out, rax, nr);

	for (int i = 0; i < ARCH_NARGS; i++)
		at += put_load(out + at, arg[i], args[i]);
	out[at++] = 0x0f; /* syscall */
	out[at++] = 0x05;
	for (int i = 0; i < ARCH_NARGS; i++)
		at += put_load(out + at, arg[i], saved[i]);
	arch_write_jump(out + at, back);
	return at + ARCH_JUMP;
}

unsigned arch_write_call(uint8_t *out, uint64_t nr, uint64_t back)
{
	static const uint8_t rax[2] = {0x48, 0xb8};
	unsigned at = put_load(out, rax, nr);

	out[at++] = 0x0f; /* syscall */
	out[at++] = 0x05;
	arch_write_jump(out + at, back);
	return at + ARCH_JUMP;
}

void arch_begin_at(struct arch_regs *saved, uint64_t ip, uint64_t *nr, uint64_t args[ARCH_NARGS],
		   uint64_t *back)
{
	struct user_regs_struct regs;

	memcpy(&regs, saved, sizeof(regs));
	*nr = regs.rax;
	*back = regs.rip + 2;
	for (int i = 0; i < ARCH_NARGS; i++)
		args[i] = *arg_in(&regs, &arch_abis[ABI_64], i);
	regs.rip = ip;
	memcpy(saved, &regs, sizeof(regs));
}

/* struct sigcontext (asm/sigcontext.h): ax, cx, sp, ip. */
int arch_find_frame(uint64_t *words, unsigned n, uint64_t ip, int64_t result, uint64_t nr)
{
	for (unsigned i = 0; i + ARCH_FRAME <= n; i++) {
		if (words[i] != (uint64_t)result || words[i + 3] != ip)
			continue;
		words[i] = nr;
		words[i + 3] = ip - 2;
		return (int)i;
	}
	return -1;
}

const struct arch_abi *arch_abi_of_word(unsigned word)
{
	return &arch_abis[word == 4 ? ABI_32 : ABI_64];
}
#endif
