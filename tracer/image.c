/* SPDX-License-Identifier: MIT
 * A new image's own name. The kernel copies the path it is given to the top of the stack
 * (AT_EXECFN) and its last component into comm; the first is written over, the second set by a
 * prctl(2) that the tracee makes before its first instruction. Used by exec.c and leave.c only.
 * It must never run an instruction of the program's own.
 */
#include "tracer/image.h"

#include "tracer/memory.h"
#include "tracer/proc.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COMM_SIZE 16   /* TASK_COMM_LEN: proc(5), comm */
#define VDSO_SIZE 8192 /* every vDSO is smaller, or has its calls within this */

struct tracee_image {
	unsigned word;
	bool rename;           /* comm would be another one */
	size_t room;           /* length of the kernel's copy of the path */
	uint64_t execfn;       /* where that is */
	struct arch_regs regs; /* of the image's start */
	char own[SNR_PATH_MAX + 64];
};

/* linux/string.h, kbasename. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void image_expect(struct tracee *tracee, const char *own, const char *path, unsigned word,
		  bool by_file, char *out)
{
	size_t len = strlen(path), own_len = strlen(own), pad = 0;
	struct tracee_image *image = NULL;

	image_forget(tracee);
	if (own_len < sizeof(image->own) && word)
		image = calloc(1, sizeof(*image));
	if (image) {
		pad = own_len > len && own_len < SNR_PATH_MAX ? own_len - len : 0;
		image->word = word;
		image->rename =
			!by_file && strncmp(base_name(own), base_name(path), COMM_SIZE - 1) != 0;
		image->room = len + pad;
		memcpy(image->own, own, own_len + 1);
		tracee->image = image;
	}
	memset(out, '/', pad);
	memcpy(out + pad, path, len + 1);
}

void image_forget(struct tracee *tracee)
{
	free(tracee->image);
	tracee->image = NULL;
}

/* Entry TYPE of the auxiliary vector of SIZE bytes, or 0. */
static uint64_t find_entry(const char *vector, size_t size, unsigned word, uint64_t type)
{
	for (size_t at = 0; at + 2 * word <= size; at += 2 * word) {
		uint64_t key = 0, value = 0;

		memcpy(&key, vector + at, word);
		memcpy(&value, vector + at + word, word);
		if (key == type)
			return value;
	}
	return 0;
}

/* Where the vDSO makes a system call of its own; 0: nowhere. */
static uint64_t find_gate(struct tracer *tracer, const struct tracee *tracee,
			  const struct arch_abi *abi, uint64_t vdso)
{
	char *text = tracer->name;
	uint64_t found = 0;

	for (unsigned page = 0; vdso && !found && page < VDSO_SIZE; page += SNR_PATH_MAX) {
		const char *at;

		if (tracee_read(tracer, tracee, vdso + page, text, SNR_PATH_MAX))
			break;
		at = memmem(text, SNR_PATH_MAX, abi->gate, abi->gate_size);
		if (at)
			found = vdso + page + (uint64_t)(at - text);
	}
	return found;
}

/* How many seccomp filters a process has; 0 where the kernel (before 5.9) does not tell. */
static long count_filters(pid_t tid)
{
	long n = proc_number(tid, "Seccomp_filters");

	return n < 0 ? 0 : n;
}

bool image_may_call(const struct tracee *tracee)
{
	long n = count_filters(tracee->tid);

	return n == 0 || n == count_filters(getpid()) + 1;
}

/* Write the own name over the kernel's copy of the path, whose length tells that it is the right
 * one. */
static bool write_own(struct tracer *tracer, const struct tracee *tracee)
{
	struct tracee_image *image = tracee->image;
	struct tracee_piece piece = {image->own, image->room + 1};

	if (strlen(image->own) > image->room || piece.size > sizeof(image->own) ||
	    tracee_read_string(tracer, tracee, image->execfn, tracer->name, SNR_PATH_MAX) !=
		    (long)image->room)
		return false;
	return !tracee_write(tracer, tracee, image->execfn, &piece, 1);
}

void image_begin(struct tracer *tracer, struct tracee *tracee)
{
	struct tracee_image *image = tracee->image;
	char vector[1024];
	ssize_t n = proc_read(tracee->tid, "auxv", vector, sizeof(vector));
	bool named;

	tracee->gate = 0;
	if (n <= 0) {
		image_forget(tracee);
		return;
	}
	image->execfn = find_entry(vector, (size_t)n, image->word, AT_EXECFN);
	named = image->execfn && write_own(tracer, tracee);
	if (named && image->rename && image_may_call(tracee))
		tracee->gate =
			find_gate(tracer, tracee, arch_abi_of_word(image->word),
				  find_entry(vector, (size_t)n, image->word, AT_SYSINFO_EHDR));
	if (named && image->rename && tracee->gate)
		tracee->due = TRACEE_STARTED;
	else
		image_forget(tracee);
}

uint64_t image_find_call(struct tracer *tracer, const struct tracee *tracee)
{
	char vector[1024];
	ssize_t n = proc_read(tracee->tid, "auxv", vector, sizeof(vector));

	return n <= 0 ? 0
		      : find_gate(tracer, tracee, &arch_abis[0],
				  find_entry(vector, (size_t)n, arch_abis[0].word,
					     AT_SYSINFO_EHDR));
}

/* exec's exit stop, then the entry and the exit of prctl. No handler is set in a new image, so that
 * no signal can come in between but one that stops or kills it. */
int image_go_on(struct tracee *tracee, enum tracee_due due)
{
	struct tracee_image *image = tracee->image;
	const struct arch_abi *abi = arch_abi_of_word(image->word);
	int r = 0;

	switch (due) {
	case TRACEE_STARTED: {
		uint64_t name = image->execfn + (uint64_t)(base_name(image->own) - image->own);

		r = arch_call_at(tracee->tid, abi, tracee->gate, abi->prctl,
				 (const uint64_t[]){PR_SET_NAME, name}, 2, &image->regs);
		tracee->due = TRACEE_NAMING;
		break;
	}
	case TRACEE_NAMING:
		tracee->due = TRACEE_RENAMED;
		break;
	default:
		r = arch_set_regs(tracee->tid, &image->regs);
		image_forget(tracee);
	}
	return r;
}
