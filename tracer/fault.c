/* SPDX-License-Identifier: MIT
 * `fault` rules in the tracer: a call gets its error at its one stop, a shorter size, or, where it
 * has to be made (close), its error behind it. Used inside tracer/ only.
 * It must never ask twice for one call: asking counts.
 */
#include "tracer/fault.h"

#include "tracer/filter.h"
#include "tracer/memory.h"
#include "tracer/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VECTOR 1024u /* UIO_MAXIOV; with more the kernel refuses the call (readv(2)) */

int fault_init(struct tracer *tracer)
{
	const struct snr_image *image = tracer->redirector.image;

	if (!image->fault_ops)
		return 0;
	tracer->faults.word = calloc(image->nrules, sizeof(*tracer->faults.word));
	tracer->faults.n = image->nrules;
	return tracer->faults.word ? 0 : -ENOMEM;
}

bool fault_named(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op)
{
	struct snr_call named = {.op = op};
	struct snr_fault_answer answer;

	if (tracee->fault.asked || !snr_fault_is_named(tracer->redirector.image, op))
		return false;
	memcpy(named.arg, call->arg, sizeof(named.arg));
	answer = snr_fault_call(&tracer->redirector, &tracer->faults, &tracer->scratch, &named,
				tracer->name);
	tracee->fault.asked = true;
	if (answer.rule == SNR_NO_RULE || tracee_seeks_shim(tracer, &named))
		return false;
	note_fault(tracer, tracee, snr_pathops[op].name, &answer);
	tracee_finish(tracer, tracee, answer.error);
	return true;
}

/* ---- calls on descriptors ---- */

/* One word of a struct iovec. */
static uint64_t word_at(const char *at, unsigned word)
{
	uint64_t value = 0;

	memcpy(&value, at, word); /* both our machines are little-endian */
	return value;
}

/* Cut the struct iovecs in BYTES, N of them, so that they hold no more than AMOUNT. Returns how
 * many are left, or -1: they hold no more. */
static int cut_vector(char *bytes, uint64_t n, unsigned word, uint64_t amount)
{
	for (uint64_t i = 0; i < n; i++) {
		char *size = bytes + (2 * i + 1) * word;

		if (word_at(size, word) > amount) {
			memcpy(size, &amount, word);
			return (int)i + (amount > 0);
		}
		amount -= word_at(size, word);
	}
	return -1;
}

/* A copy of the vector, cut, takes its place. Returns 1 if the call is to be made now, 0 if TRACEE
 * was resumed, or -errno. */
static int replace_vector(struct tracer *tracer, struct tracee *tracee,
			  const struct arch_call *call, int arg, char *bytes)
{
	unsigned word = call->abi->word;
	uint64_t n = call->arg[arg + 1], address;
	struct tracee_piece piece = {bytes, n * 2 * word};
	int left, r;

	if (tracee_read(tracer, tracee, call->arg[arg], bytes, piece.size))
		return 1;
	left = cut_vector(bytes, n, word, tracee->fault.answer.amount);
	if (left < 0)
		return 1;
	address = tracee_scratch(tracer, tracee, piece.size);
	if (!address)
		return 0;
	r = (int)tracee_write(tracer, tracee, address, &piece, 1);
	if (!r)
		r = tracee_replace_arg(tracee, call, arg, address);
	if (!r)
		r = tracee_replace_arg(tracee, call, arg + 1, (uint64_t)left);
	return r ? r : 1;
}

static int shorten(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		   enum snr_on on)
{
	const struct snr_on_call *row = &snr_on_calls[on];
	uint64_t amount = tracee->fault.answer.amount;
	int arg = row->size_arg, r;
	char *bytes;

	if (row->size == SNR_SIZE_COUNT) {
		r = call->arg[arg] > amount ? tracee_replace_arg(tracee, call, arg, amount) : 0;
		return r ? r : 1;
	}
	if (row->size == SNR_SIZE_NONE || !call->arg[arg + 1] || call->arg[arg + 1] > MAX_VECTOR)
		return 1;
	bytes = malloc(call->arg[arg + 1] * 2 * call->abi->word);
	r = bytes ? replace_vector(tracer, tracee, call, arg, bytes) : -ENOMEM;
	free(bytes);
	return r;
}

/* Under hybrid ld.so loads our shim, which no rule is about (tracee_seeks_shim). */
static bool is_shim(const struct tracer *tracer, const char *name)
{
	const struct snr_image *image = tracer->redirector.image;

	return image->engine == SNR_ENGINE_HYBRID &&
	       !strcmp(name, snr_string(image, image->shim64));
}

static void ask(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		enum snr_on on)
{
	struct snr_fault_answer *answer = &tracee->fault.answer;

	*answer = snr_fault_on(&tracer->redirector, &tracer->faults, on, call->arg, tracer->text[0],
			       tracer->name);
	tracee->fault.asked = true;
	if (answer->rule != SNR_NO_RULE && is_shim(tracer, tracer->name))
		answer->rule = SNR_NO_RULE;
	if (answer->rule != SNR_NO_RULE)
		note_fault(tracer, tracee, snr_on_calls[on].name, answer);
}

void fault_on(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
	      enum snr_on on)
{
	const struct snr_fault_answer *answer = &tracee->fault.answer;
	int go_on = 1;

	if (!tracee->fault.asked)
		ask(tracer, tracee, call, on);
	if (answer->rule == SNR_NO_RULE) {
		tracee_resume(tracee, 0);
		return;
	}
	if (answer->error && on != SNR_ON_close) {
		tracee_finish(tracer, tracee, answer->error);
		return;
	}
	/* close(2): the descriptor is gone, whatever the error. */
	if (answer->error)
		tracee->due = TRACEE_FAULT;
	else
		go_on = shorten(tracer, tracee, call, on);
	if (go_on < 0)
		tracee_fail(tracer, tracee, "cannot change a call", go_on);
	else if (go_on)
		tracee_resume(tracee, 0);
}

int fault_leave(const struct tracee *tracee)
{
	int64_t result;
	int r = arch_get_result(tracee->tid, &result);

	return r || result < 0 ? r : arch_set_result(tracee->tid, tracee->fault.answer.error);
}
