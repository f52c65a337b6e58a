/* SPDX-License-Identifier: MIT
 * Engine hybrid, the tracer's side of shared/gate.h: the board, and when a gate has to be closed.
 * Used inside tracer/ only. It must never write to memory of a tracee that is not the gate's.
 */
#include "tracer/gate.h"

#include "shared/gate.h"
#include "tracer/memory.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef SNR_GATE_ADDRESS

#define WORDS (SNR_GATE_ADDRESS + SNR_GATE_PAGE)

static int make_board(struct tracer *tracer)
{
	int fd = memfd_create("snapredir-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *got;

	if (fd < 0)
		return -1;
	if (!ftruncate(fd, SNR_GATE_PAGE) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)) {
		got = mmap(NULL, SNR_GATE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (got != MAP_FAILED) {
			tracer->board = got;
			tracer->board->cookie = tracer->signature;
			return fd;
		}
	}
	close(fd);
	return -1;
}

/* Both are moved out of the way first: either may stand where the other has to go. */
static bool move(int image_fd, int board_fd, int first)
{
	int image = fcntl(image_fd, F_DUPFD_CLOEXEC, 10);
	int board = fcntl(board_fd, F_DUPFD_CLOEXEC, 10);

	return image >= 0 && board >= 0 && dup3(image, first, O_CLOEXEC) == first &&
	       dup3(board, first + 1, O_CLOEXEC) == first + 1;
}

void gate_make(struct tracer *tracer, int image_fd, int log_fd, int *first)
{
	int board = make_board(tracer);

	if (board < 0)
		return;
	*first = log_fd == 3 || log_fd == 4 ? 5 : 3;
	tracer->facts.common = &tracer->board->epoch;
	if (move(image_fd, board, *first))
		snprintf(tracer->gate, sizeof(tracer->gate), "%d:%d:%016llx", *first, getpid(),
			 (unsigned long long)tracer->board->cookie);
}

static void mark_filtered(struct tracer *tracer, pid_t tgid)
{
	for (unsigned i = 0; i < tracer->table_size; i++)
		for (struct tracee *tracee = tracer->table[i]; tracee; tracee = tracee->next)
			if (tracee->tgid == tgid)
				tracee->filtered = true;
}

bool gate_is_there(struct tracer *tracer, struct tracee *tracee)
{
	uint64_t magic;

	if (tracer->board && !tracee->space->gated)
		tracee->space->gated = !tracee_read(tracer, tracee, WORDS, &magic, sizeof(magic)) &&
				       magic == SNR_GATE_MAGIC;
	return tracee->space->gated;
}

/* In the words of TRACEE's gate. A tracee that cannot be written to has gone. */
static void write_word(struct tracer *tracer, const struct tracee *tracee, size_t offset,
		       uint32_t value)
{
	const struct tracee_piece piece = {&value, sizeof(value)};

	tracee_write(tracer, tracee, WORDS + offset, &piece, 1);
}

void gate_close(struct tracer *tracer, struct tracee *tracee)
{
	if (!tracer->board)
		return;
	mark_filtered(tracer, tracee->tgid);
	if (gate_is_there(tracer, tracee))
		write_word(tracer, tracee, offsetof(struct snr_gate_words, closed), 1);
}

/* The number never comes again, neither for this process nor for those that were copied from it. */
void gate_tell_move(struct tracer *tracer, struct tracee *tracee)
{
	write_word(tracer, tracee, offsetof(struct snr_gate_words, told.moves), ++tracer->moves);
}

static void tell_guests(struct tracer *tracer, const struct tracee *tracee)
{
	write_word(tracer, tracee, offsetof(struct snr_gate_words, told.apart),
		   tracee->space->guests);
}

void gate_add_guest(struct tracer *tracer, struct tracee *tracee)
{
	if (tracee->guest || !tracer->board)
		return;
	tracee->guest = true;
	tracee->space->guests++;
	if (gate_is_there(tracer, tracee))
		tell_guests(tracer, tracee);
}

static struct tracee *find_other(const struct tracer *tracer, const struct tracee *tracee)
{
	for (unsigned i = 0; i < tracer->table_size; i++)
		for (struct tracee *other = tracer->table[i]; other; other = other->next)
			if (other != tracee && other->space == tracee->space)
				return other;
	return NULL;
}

void gate_drop_guest(struct tracer *tracer, struct tracee *tracee)
{
	const struct tracee *other;

	if (!tracee->guest)
		return;
	tracee->guest = false;
	tracee->space->guests--;
	other = tracee->space->gated ? find_other(tracer, tracee) : NULL;
	if (other)
		tell_guests(tracer, other);
}

void gate_begin(struct tracer *tracer, struct tracee *child, const struct tracee *parent)
{
	if (parent->space->guests && gate_is_there(tracer, child))
		tell_guests(tracer, child);
}

void gate_close_all(struct tracer *tracer)
{
	if (tracer->board)
		__atomic_store_n(&tracer->board->closed, 1, __ATOMIC_RELEASE);
}

#else

bool gate_is_there(struct tracer *tracer, struct tracee *tracee)
{
	return false;
}

void gate_tell_move(struct tracer *tracer, struct tracee *tracee)
{
}

void gate_add_guest(struct tracer *tracer, struct tracee *tracee)
{
}

void gate_drop_guest(struct tracer *tracer, struct tracee *tracee)
{
}

void gate_begin(struct tracer *tracer, struct tracee *child, const struct tracee *parent)
{
}

void gate_make(struct tracer *tracer, int image_fd, int log_fd, int *first)
{
}

void gate_close(struct tracer *tracer, struct tracee *tracee)
{
}

void gate_close_all(struct tracer *tracer)
{
}

#endif
