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

void gate_close(struct tracer *tracer, struct tracee *tracee)
{
	const uint64_t words = SNR_GATE_ADDRESS + SNR_GATE_PAGE;
	const uint32_t closed = 1;
	const struct tracee_piece piece = {&closed, sizeof(closed)};
	uint64_t magic;

	if (!tracer->board)
		return;
	mark_filtered(tracer, tracee->tgid);
	if (!tracee_read(tracer, tracee, words, &magic, sizeof(magic)) && magic == SNR_GATE_MAGIC)
		tracee_write(tracer, tracee, words + offsetof(struct snr_gate_words, closed),
			     &piece, 1);
}

void gate_close_all(struct tracer *tracer)
{
	if (tracer->board)
		__atomic_store_n(&tracer->board->closed, 1, __ATOMIC_RELEASE);
}

#else

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
