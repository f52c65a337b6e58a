/* SPDX-License-Identifier: MIT
 * `fault` rules: which call fails, and how. Asked by shim and tracer once for a call that is about
 * to be made, since asking counts. Allocates nothing, calls no libc.
 */
#ifndef SNR_FAULT_H
#define SNR_FAULT_H

#include "shared/rewrite.h"

/* Calls on descriptors, in the order of faultops.def: SNR_ON_read, ... */
enum snr_on {
#define ON(name, fd, operations, other, others, size) SNR_ON_##name,
#include "shared/faultops.def"
	SNR_NONS
};

enum snr_on_size { SNR_SIZE_NONE, SNR_SIZE_COUNT, SNR_SIZE_VECTOR };

struct snr_on_call {
	const char *name; /* the kernel's */
	int8_t fd[2];     /* arguments, -1: none */
	uint32_t ops[2];  /* enum snr_fault_op: what is done to each */
	uint8_t size;     /* enum snr_on_size ... */
	uint8_t size_arg;
};

/* SNR_NONS rows, indexed by enum snr_on. */
extern const struct snr_on_call snr_on_calls[];

/* What a call does to the files that it names: enum snr_fault_op, 0 where no rule can make it fail.
 */
uint32_t snr_fault_ops(enum snr_op op, const uint64_t args[SNR_NARGS]);

/* Is there a rule that may make OP, or a call on descriptors, fail? */
bool snr_fault_is_named(const struct snr_image *image, enum snr_op op);
bool snr_fault_is_on(const struct snr_image *image, enum snr_on on);

/* How a call is to fail. */
struct snr_fault_answer {
	uint32_t rule;   /* SNR_NO_RULE: it does not */
	int error;       /* -errno, or 0: ... */
	uint32_t amount; /* ... no more than so many bytes */
};

/* One word a rule, shared by all that takes part in the run. */
struct snr_fault_counts {
	uint32_t *word;
	uint32_t n; /* rules beyond that are not counted: they fail if they fail each time */
};

/* Must the OPS on PATH, a canonical virtual one of LEN bytes, fail now? Each rule for them counts
 * this call; of those whose turn it is the one written last decides. */
struct snr_fault_answer snr_fault_judge(const struct snr_image *image,
					const struct snr_fault_counts *counts, uint32_t ops,
					const char *path, size_t len);

/* The same for a call that names files, for each of its paths in turn, until one has it fail. */
struct snr_fault_answer snr_fault_call(const struct snr_redirector *redirector,
				       const struct snr_fault_counts *counts,
				       struct snr_scratch *scratch, const struct snr_call *call,
				       char name[SNR_PATH_MAX]);

/* The same for a call on descriptors. */
struct snr_fault_answer snr_fault_on(const struct snr_redirector *redirector,
				     const struct snr_fault_counts *counts, enum snr_on on,
				     const uint64_t args[SNR_NARGS], char real[SNR_PATH_MAX],
				     char name[SNR_PATH_MAX]);

#endif
