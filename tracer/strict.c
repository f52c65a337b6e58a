/* SPDX-License-Identifier: MIT
 * SECCOMP_MODE_STRICT (seccomp(2)): read, write, exit and the return from a signal handler, and
 * SIGKILL for any other call. The kernel refuses that mode to a process that has a filter, which
 * all of ours have; so it gets one filter more that stops all other calls, and the tracer kills who
 * stops by it. Used inside tracer/ only. It must never let a call pass that the mode forbids.
 */
#include "tracer/strict.h"

#include "tracer/filter.h"
#include "tracer/memory.h"
#include "tracer/proc.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define ALLOWED 4 /* of each ABI */

/* proc(5), Seccomp_filters, since Linux 5.9: is ours the only one? With one of its own the kernel's
 * answer is the right one, EINVAL. */
static bool has_ours_alone(pid_t tid)
{
	return proc_number(tid, "Seccomp_filters") == 1;
}

static unsigned build(struct sock_filter *code)
{
	const uint32_t stop = SECCOMP_RET_TRACE | filter_data(0, FILTER_STRICT);
	unsigned n = 0;

	for (unsigned i = 0; i < arch_nabis; i++) {
		code[n++] = (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0,
						 offsetof(struct seccomp_data, arch)};
		code[n++] = (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K, 0, ALLOWED + 3,
						 arch_abis[i].audit};
		code[n++] = (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0,
						 offsetof(struct seccomp_data, nr)};
		for (unsigned j = 0; j < ALLOWED; j++)
			code[n++] = (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K,
							 (uint8_t)(ALLOWED - j), 0,
							 arch_abis[i].strict[j]};
		code[n++] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, stop};
		code[n++] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	}
	code[n++] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS};
	return n;
}

static int install(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		   uint64_t address, bool by_prctl)
{
	struct sock_filter code[ARCH_MAX_ABIS * (ALLOWED + 5) + 1];
	const unsigned n = build(code);
	/* struct sock_fprog: a length, and a pointer in the next word. */
	const uint64_t wide[2] = {n, address + sizeof(wide)};
	const uint32_t narrow[2] = {n, (uint32_t)(address + sizeof(narrow))};
	const bool is_wide = call->abi->word == 8;
	const struct tracee_piece pieces[] = {{is_wide ? (const void *)wide : narrow,
					       is_wide ? sizeof(wide) : sizeof(narrow)},
					      {code, n * sizeof(*code)}};
	int r = (int)tracee_write(tracer, tracee, address, pieces, 2);

	if (!r)
		r = by_prctl ? tracee_replace_arg(tracee, call, 1, SECCOMP_MODE_FILTER)
			     : tracee_replace_arg(tracee, call, 0, SECCOMP_SET_MODE_FILTER);
	return r ? r : tracee_replace_arg(tracee, call, 2, address);
}

bool strict_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call)
{
	bool by_prctl = (int)call->nr == filter_number(call->abi, FILTER_PRCTL);
	uint64_t address;
	int r;

	if (!has_ours_alone(tracee->tid) || (!by_prctl && (call->arg[1] || call->arg[2])))
		return false;
	address = tracee_scratch(tracer, tracee, SNR_PATH_MAX);
	if (!address)
		return true;
	r = install(tracer, tracee, call, address, by_prctl);
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
	return true;
}
