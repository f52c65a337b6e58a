/* SPDX-License-Identifier: MIT
 * Registers of a stopped tracee: the same functions for each processor, one <cpu>.c a processor.
 * Only tracer/ calls it. It must know no paths, no table of calls and no memory of the tracee.
 */
#ifndef SNR_TRACER_ARCH_H
#define SNR_TRACER_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARCH_NARGS 6

/* A way to make system calls that this machine's kernel serves. */
struct arch_abi {
	uint32_t audit;   /* AUDIT_ARCH_*: seccomp_data.arch */
	uint32_t ceiling; /* numbers from here on belong to an ABI we do not serve, 0: none */
	uint8_t word;     /* bytes of a pointer */
	uint8_t index;    /* in arch_abis */
	const char *gate; /* the instruction that makes a call, as it stands in the vDSO */
	uint8_t gate_size;
	uint64_t gate_ip; /* of calls that the shim has planned itself (shared/gate.h), 0: none */
	uint16_t prctl;   /* number of prctl(2) */
	uint16_t
		strict[4]; /* numbers of what SECCOMP_MODE_STRICT allows: kernel/seccomp.c, mode1 */
	const char *const *numbers; /* by filter code, in decimal; anything else: it has none */
};

/* Native first. */
#define ARCH_MAX_ABIS 2
extern const struct arch_abi arch_abis[];
extern const unsigned arch_nabis;

/* A call at its seccomp stop. */
struct arch_call {
	const struct arch_abi *abi;
	uint64_t nr;
	uint64_t arg[ARCH_NARGS]; /* of a 32-bit ABI: zero-extended */
	uint16_t data;            /* what the filter said */
};

/* All general registers, in whatever form the processor's kernel gives them. */
struct arch_regs {
	uint64_t word[40];
};

/* ptrace(2) without libc's ways: returns -errno, and PEEK requests store through DATA. */
long arch_ptrace(int request, pid_t tid, uint64_t addr, uint64_t data);

/* At a seccomp stop: the call. Uses PTRACE_GET_SYSCALL_INFO, before Linux 5.3 the registers and the
 * architecture that the filter left in its data. Returns 0 or -errno (-ESRCH: it was killed). */
int arch_read_call(pid_t tid, struct arch_call *call);
/* The older way, for kernels without the request and for the tests. */
int arch_read_call_by_registers(pid_t tid, struct arch_call *call);

/* The register of argument ARG of a call made by ABI, whole, even where the call sees half of it.
 * Returns 0 or -errno. */
int arch_get_arg(pid_t tid, const struct arch_abi *abi, int arg, uint64_t *value);
int arch_set_arg(pid_t tid, const struct arch_abi *abi, int arg, uint64_t value);

/* At a seccomp stop: let the kernel skip the call and return RESULT (or -errno). No exit stop is
 * needed. seccomp(2): "the tracer can skip the system call by changing the number to -1". */
int arch_finish_call(pid_t tid, int64_t result);

/* At an exit stop. */
int arch_get_result(pid_t tid, int64_t *result);
int arch_set_result(pid_t tid, int64_t result);

/* At a signal-delivery-stop: the number of the call that ended with EINTR for it. Returns 0,
 * -ENOENT where there is none, or another -errno. */
int arch_get_interrupted(pid_t tid, uint64_t *nr);
/* There: let the kernel make that call AGAIN, if no signal is delivered, or not after all. */
int arch_restart_interrupted(pid_t tid, bool again);
/* At a system call's stop: its number. Returns 0 or -errno. */
int arch_get_number(pid_t tid, uint64_t *nr);

/* At a seccomp stop: turn the call into an anonymous private mapping of SIZE bytes, made by the
 * same ABI, and keep the registers in SAVED. At the exit stop that follows, arch_run_again puts
 * them back so that the original call is made once more. Both return 0 or -errno. */
int arch_inject_map(pid_t tid, const struct arch_abi *abi, uint64_t size, struct arch_regs *saved);
int arch_run_again(pid_t tid, const struct arch_regs *saved);
/* At the exit stop of a call whose registers were not changed: make it once more. */
int arch_repeat(pid_t tid);

/* At a seccomp stop: skip the call now, and make it once more when the tracee runs on. Returns 0 or
 * -errno. */
int arch_put_off(pid_t tid);

/* At any stop: make the image run the call NR with N arguments at IP, where an instruction of ABI's
 * for it stands, and keep the registers in SAVED. Returns 0 or -errno. */
int arch_call_at(pid_t tid, const struct arch_abi *abi, uint64_t ip, uint64_t nr,
		 const uint64_t *args, int n, struct arch_regs *saved);
int arch_set_regs(pid_t tid, const struct arch_regs *regs);

/* --- code for a process that another tracer has: bare.c --- */

#define ARCH_JUMP   14  /* bytes of a jump */
#define ARCH_DETOUR 160 /* of a detour, at most */

/* A jump to the address TO. */
void arch_write_jump(uint8_t out[ARCH_JUMP], uint64_t to);
/* Make the call NR of the native ABI with ARGS, put SAVED into the argument registers and jump to
 * BACK. Returns the size. */
unsigned arch_write_detour(uint8_t out[ARCH_DETOUR], uint64_t nr, const uint64_t args[ARCH_NARGS],
			   const uint64_t saved[ARCH_NARGS], uint64_t back);
/* Make the call NR with the argument registers as they are, and jump to BACK. Returns the size. */
unsigned arch_write_call(uint8_t *out, uint64_t nr, uint64_t back);
/* Of registers at a call that is to be made: its number, its arguments, where it comes back to; and
 * let it begin at IP instead. */
void arch_begin_at(struct arch_regs *regs, uint64_t ip, uint64_t *nr, uint64_t args[ARCH_NARGS],
		   uint64_t *back);

#define ARCH_FRAME 4 /* words of a signal frame that tell where a call has come back */

/* Look in the N WORDS of a stack for what a handler returns to, if that is IP with RESULT, and turn
 * it into the call NR, to be made again. Returns the index of the ARCH_FRAME words that were
 * changed, or -1. */
int arch_find_frame(uint64_t *words, unsigned n, uint64_t ip, int64_t result, uint64_t nr);

/* The ABI of images whose pointers have WORD bytes. */
const struct arch_abi *arch_abi_of_word(unsigned word);

/* At a fork, vfork or clone event of the parent: the CLONE_* flags. clone3's flags are in memory:
 * *ADDRESS is then where (struct clone_args), else 0. LAST is the ABI of the parent's last seccomp
 * stop, which clone3 always has. Returns 0 or -errno. */
int arch_clone_flags(pid_t tid, const struct arch_abi *last, uint64_t *flags, uint64_t *address);

#endif
