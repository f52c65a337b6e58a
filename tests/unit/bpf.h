/* SPDX-License-Identifier: MIT
 * Running a seccomp filter outside of the kernel. Included by tests of tracer/filter.c, behind
 * cmocka.h. It must never install one.
 */
#ifndef TESTS_BPF_H
#define TESTS_BPF_H

#include "tracer/filter.h"

#include <linux/seccomp.h>
#include <string.h>

struct program {
	struct sock_filter code[FILTER_MAX];
	int size;
};

/* What running it showed. */
struct outcome {
	uint32_t action;
	bool looked_further; /* it loaded more than nr and arch */
	int steps;
};

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset % 4 == 0 && offset + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool jump_taken(const struct sock_filter *at, uint32_t a)
{
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		return a == at->k;
	case BPF_JGE:
		return a >= at->k;
	case BPF_JGT:
		return a > at->k;
	case BPF_JSET:
		return (a & at->k) != 0;
	}
	fail_msg("jump %#x", at->code);
	return false;
}

/* The part of BPF that seccomp filters of ours and of libseccomp use. */
static struct outcome simulate(const struct program *program, const struct seccomp_data *data)
{
	struct outcome outcome = {0};
	uint32_t a = 0;

	for (int pc = 0; pc < program->size; pc++) {
		const struct sock_filter *at = &program->code[pc];

		outcome.steps++;
		if (at->code == (BPF_LD | BPF_W | BPF_ABS)) {
			outcome.looked_further |= at->k > offsetof(struct seccomp_data, arch);
			a = load_word(data, at->k);
		} else if (at->code == (BPF_RET | BPF_K)) {
			outcome.action = at->k;
			return outcome;
		} else if (at->code == (BPF_RET | BPF_A)) {
			outcome.action = a;
			return outcome;
		} else if (at->code == (BPF_ALU | BPF_OR | BPF_K)) {
			a |= at->k;
		} else if (at->code == (BPF_JMP | BPF_JA)) {
			pc += (int)at->k;
		} else if (at->code == (BPF_ALU | BPF_AND | BPF_K)) {
			a &= at->k;
		} else {
			assert_int_equal(BPF_CLASS(at->code), BPF_JMP);
			pc += jump_taken(at, a) ? at->jt : at->jf;
		}
	}
	fail_msg("ran off the end");
	return outcome;
}

#endif
