/* SPDX-License-Identifier: MIT
 * Names of sockets that the kernel gives: kept in mind at the entry of the call, turned into the
 * program's at its exit. Used by socket.c and leave.c only. It must never write more than the
 * program's buffer holds.
 */
#include "tracer/socket.h"

#include "tracer/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is kept from the entry to the exit of a call that gives names. The kernel overwrites the
 * sizes. */
struct tracee_names {
	bool rename; /* only the next three count */
	int dir;
	char temporary[16], last[SNR_ADDRESS_SIZE];
	bool many, message;
	uint64_t name; /* an address: of the name, and of its length */
	uint64_t len;
	uint64_t headers; /* of messages */
	size_t n;
	uint32_t size[]; /* of the buffers */
};

bool socket_expect_messages(struct tracer *tracer, struct tracee *tracee,
			    const struct socket_call *socket)
{
	int arg = snr_pathop_find(socket->row, SNR_ROLE_OUTMMSG);
	bool many = arg >= 0, any = false;
	struct messages messages;
	struct tracee_names *names = NULL;

	if (!many)
		arg = snr_pathop_find(socket->row, SNR_ROLE_OUTMSG);
	if (messages_read(tracer, tracee, socket, arg, many, &messages))
		names = calloc(1, sizeof(*names) + messages.n * sizeof(*names->size));
	for (size_t i = 0; names && i < messages.n; i++) {
		const char *header = messages.headers + i * messages.stride;

		if (socket_get_pointer(header, messages.word))
			names->size[i] = socket_get_u32(header + messages.layout->name_len);
		any |= names->size[i] != 0;
	}
	if (any) {
		names->message = true;
		names->many = many;
		names->headers = socket->arg[arg];
		names->n = messages.n;
		tracee->names = names;
	} else {
		free(names);
	}
	messages_free(&messages);
	return any;
}

bool socket_expect_address(struct tracer *tracer, struct tracee *tracee,
			   const struct socket_call *socket)
{
	uint64_t name = socket->arg[snr_pathop_find(socket->row, SNR_ROLE_OUTADDR)];
	uint64_t len = socket->arg[snr_pathop_find(socket->row, SNR_ROLE_OUTADDRLEN)];
	struct tracee_names *names;
	uint32_t size;

	if (!name || tracee_read(tracer, tracee, len, &size, sizeof(size)) || (int32_t)size <= 0)
		return false;
	names = calloc(1, sizeof(*names) + sizeof(*names->size));
	if (!names)
		return false;
	names->name = name;
	names->len = len;
	names->size[0] = size;
	tracee->names = names;
	return true;
}

/* The kernel has a name of LEN bytes and wrote as many of them as fit into the SIZE bytes at
 * ADDRESS. Returns the length of the program's name, or 0 where it stays. */
static uint32_t give_back(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			  uint32_t size, uint32_t len)
{
	struct socket_name real = {.len = len}, own;
	struct tracee_piece piece = {own.text, 0};
	uint32_t have = len < size ? len : size;
	uint16_t family;

	if (have < sizeof(family) || len > sizeof(real.text) ||
	    tracee_read(tracer, tracee, address, real.text, have))
		return 0;
	memcpy(&family, real.text, sizeof(family));
	if (family != AF_UNIX || !socket_reverse(tracer, &real, have, &own))
		return 0;
	piece.size = own.len < size ? own.len : size;
	return tracee_write(tracer, tracee, address, &piece, 1) ? 0 : own.len;
}

static int give_address(struct tracer *tracer, const struct tracee *tracee)
{
	const struct tracee_names *names = tracee->names;
	uint32_t len;
	struct tracee_piece piece = {&len, sizeof(len)};

	if (tracee_read(tracer, tracee, names->len, &len, sizeof(len)))
		return 0;
	len = give_back(tracer, tracee, names->name, names->size[0], len);
	if (len && tracee_write(tracer, tracee, names->len, &piece, 1))
		return -EFAULT;
	return 0;
}

static int give_messages(struct tracer *tracer, const struct tracee *tracee, size_t n)
{
	const struct tracee_names *names = tracee->names;
	const struct socket_layout *layout = socket_layout(tracee->abi);
	size_t stride = names->many ? layout->element : layout->header;
	char header[64];

	for (size_t i = 0; i < n && i < names->n; i++) {
		uint64_t at = names->headers + i * stride;
		struct tracee_piece piece;
		uint32_t len;

		if (!names->size[i] || tracee_read(tracer, tracee, at, header, layout->header))
			continue;
		len = give_back(tracer, tracee, socket_get_pointer(header, tracee->abi->word),
				names->size[i], socket_get_u32(header + layout->name_len));
		piece = (struct tracee_piece){&len, sizeof(len)};
		if (len && tracee_write(tracer, tracee, at + layout->name_len, &piece, 1))
			return -EFAULT;
	}
	return 0;
}

/* sendmmsg(2) was given a copy of the headers: the program looks into its own for what was sent. */
static int give_counts(struct tracer *tracer, const struct tracee *tracee, size_t n)
{
	const struct socket_layout *layout = socket_layout(tracee->abi);

	for (size_t i = 0; i < n && i < tracee->out_size; i++) {
		uint64_t at = i * layout->element + layout->msg_len;
		uint32_t len;
		struct tracee_piece piece = {&len, sizeof(len)};

		if (tracee_read(tracer, tracee, tracee->divert + at, &len, sizeof(len)) ||
		    tracee_write(tracer, tracee, tracee->out + at, &piece, 1))
			return -EFAULT;
	}
	return 0;
}

/* The socket was bound to a short name that stands for a long one: give it that. */
static int give_last(const struct tracee *tracee, int64_t result)
{
	const struct tracee_names *names = tracee->names;

	if (result < 0)
		return 0;
	if (!renameat2(names->dir, names->temporary, names->dir, names->last, RENAME_NOREPLACE))
		return 0;
	result = errno == EEXIST ? -EADDRINUSE : -errno;
	unlinkat(names->dir, names->temporary, 0);
	return arch_set_result(tracee->tid, result);
}

bool socket_expect_last(struct tracee *tracee, const struct socket_change *change)
{
	struct tracee_names *names = calloc(1, sizeof(*names));

	if (!names)
		return false;
	names->dir = change->dir;
	memcpy(names->temporary, change->temporary, sizeof(names->temporary));
	memcpy(names->last, change->last, sizeof(names->last));
	names->rename = true;
	tracee->names = names;
	return true;
}

int socket_leave(struct tracer *tracer, struct tracee *tracee)
{
	int64_t result;
	int r = arch_get_result(tracee->tid, &result);

	if (!r && tracee->names && tracee->names->rename)
		return give_last(tracee, result);
	if (r || result < 0)
		return r;
	if (!tracee->names)
		r = give_counts(tracer, tracee, (size_t)result);
	else if (!tracee->names->message)
		r = give_address(tracer, tracee);
	else
		r = give_messages(tracer, tracee, tracee->names->many ? (size_t)result : 1);
	/* What the program may not write to, the kernel could not either. */
	return r == -EFAULT ? arch_set_result(tracee->tid, r) : r;
}
