/* SPDX-License-Identifier: MIT
 * Calls that take or give the name of an AF_UNIX socket: in registers, in struct msghdr, in arrays
 * of those, and behind i386's socketcall. Used by enter.c and leave.c only. It must never touch an
 * address of another family, nor write more than the program's buffer holds.
 */
#include "tracer/socket.h"

#include "tracer/memory.h"
#include "tracer/overlay.h"
#include "tracer/note.h"

#include <errno.h>
#include <linux/net.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool socket_is_call(const struct snr_pathop *row)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (row->role[i] >= SNR_ROLE_SOCKADDR)
			return true;
	return false;
}

/* <linux/net.h>: what socketcall's first argument stands for. */
static const struct {
	uint8_t number, nargs;
	enum snr_op op;
} multiplexed[] = {
	{SYS_BIND, 3, SNR_bind},
	{SYS_CONNECT, 3, SNR_connect},
	{SYS_ACCEPT, 3, SNR_accept},
	{SYS_GETSOCKNAME, 3, SNR_getsockname},
	{SYS_GETPEERNAME, 3, SNR_getpeername},
	{SYS_SENDTO, 6, SNR_sendto},
	{SYS_RECVFROM, 6, SNR_recvfrom},
	{SYS_SENDMSG, 3, SNR_sendmsg},
	{SYS_RECVMSG, 3, SNR_recvmsg},
	{SYS_ACCEPT4, 4, SNR_accept4},
	{SYS_RECVMMSG, 5, SNR_recvmmsg},
	{SYS_SENDMMSG, 4, SNR_sendmmsg},
};

/* False: no socket's name is in it. */
static bool unfold(struct tracer *tracer, const struct tracee *tracee, struct socket_call *socket)
{
	uint32_t words[SNR_NARGS];

	for (size_t i = 0; i < sizeof(multiplexed) / sizeof(*multiplexed); i++) {
		size_t n = multiplexed[i].nargs;

		if (multiplexed[i].number != socket->call->arg[0])
			continue;
		if (tracee_read(tracer, tracee, socket->call->arg[1], words, n * sizeof(*words)))
			return false;
		for (size_t j = 0; j < n; j++)
			socket->arg[j] = words[j];
		socket->op = multiplexed[i].op;
		socket->row = &snr_pathops[socket->op];
		socket->in_array = true;
		return true;
	}
	return false;
}

/* Put NARGS values VALUE into the arguments ARG; the slot at ADDRESS has room for an array behind
 * the first USED bytes. */
static int set_args(struct tracer *tracer, struct tracee *tracee, const struct socket_call *socket,
		    uint64_t address, size_t used, const int *arg, const uint64_t *value, int nargs)
{
	uint32_t words[SNR_NARGS];
	struct tracee_piece piece = {words, sizeof(words)};
	int r = 0;

	if (!socket->in_array) {
		for (int i = 0; !r && i < nargs; i++)
			r = tracee_replace_arg(tracee, socket->call, arg[i], value[i]);
		return r;
	}
	for (int i = 0; i < SNR_NARGS; i++)
		words[i] = (uint32_t)socket->arg[i];
	for (int i = 0; i < nargs; i++)
		words[arg[i]] = (uint32_t)value[i];
	used = (used + 7) & ~(size_t)7;
	if (tracee_write(tracer, tracee, address + used, &piece, 1))
		return -EFAULT;
	return tracee_replace_arg(tracee, socket->call, 1, address + used);
}

static void go_on(struct tracer *tracer, struct tracee *tracee, int r)
{
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
}

/* The address at ADDRESS of LEN bytes, if it can be an AF_UNIX one. */
bool socket_read_name(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		      uint64_t len, struct socket_name *name)
{
	uint16_t family;

	if (!address || (uint32_t)len <= sizeof(family) || (uint32_t)len > SNR_ADDRESS_SIZE)
		return false;
	name->len = (uint32_t)len;
	if (tracee_read(tracer, tracee, address, name->text, name->len))
		return false;
	memcpy(&family, name->text, sizeof(family));
	return family == 1; /* AF_UNIX */
}

static bool binds(const struct socket_call *socket)
{
	return (socket->row->effects & SNR_CREATES) != 0;
}

/* CHANGE of NAME takes place now. */
static void commit(struct tracer *tracer, struct tracee *tracee, const struct socket_call *socket,
		   const struct socket_name *name, const struct socket_change *change)
{
	if (change->verdict == SNR_CHANGED && binds(socket))
		socket_remember(tracer, name, &change->name);
	if (change->verdict == SNR_UNCHANGED && binds(socket))
		socket_forget(tracer, name);
	note_name(tracer, tracee, socket->op, name, change);
}

static void enter_address(struct tracer *tracer, struct tracee *tracee,
			  const struct socket_call *socket)
{
	int arg[2] = {snr_pathop_find(socket->row, SNR_ROLE_SOCKADDR),
		      snr_pathop_find(socket->row, SNR_ROLE_SOCKLEN)};
	struct socket_name name;
	struct socket_change change;
	struct tracee_piece piece;
	uint64_t value[2] = {0};
	int r;

	if (!socket_read_name(tracer, tracee, socket->arg[arg[0]], socket->arg[arg[1]], &name)) {
		tracee_resume(tracee, 0);
		return;
	}
	if (binds(socket) && snr_has_overlays(tracer->redirector.image) &&
	    !overlay_prepare(tracer, tracee))
		return;
	socket_plan(tracer, &name, binds(socket), &change);
	if (change.verdict == SNR_CHANGED) {
		value[0] = tracee_scratch(tracer, tracee, SNR_PATH_MAX);
		if (!value[0])
			return;
	}
	commit(tracer, tracee, socket, &name, &change);
	if (change.verdict == SNR_FINISHED) {
		tracee_finish(tracer, tracee, change.result);
		return;
	}
	if (change.verdict == SNR_UNCHANGED) {
		tracee_resume(tracee, 0);
		return;
	}
	piece = (struct tracee_piece){change.name.text, change.name.len};
	value[1] = change.name.len;
	r = (int)tracee_write(tracer, tracee, value[0], &piece, 1);
	if (!r)
		r = set_args(tracer, tracee, socket, value[0], change.name.len, arg, value, 2);
	if (!r && change.dir >= 0) {
		tracee->due = TRACEE_NAMED;
		r = socket_expect_last(tracee, &change) ? 0 : -ENOMEM;
	}
	go_on(tracer, tracee, r);
}

void messages_free(struct messages *messages)
{
	free(messages->headers);
	free(messages->change);
	free(messages->name);
}

/* Reads the headers of a call with messages. False: none, or not readable. */
bool messages_read(struct tracer *tracer, const struct tracee *tracee,
		   const struct socket_call *socket, int arg, bool many, struct messages *messages)
{
	*messages = (struct messages){.layout = socket_layout(socket->call->abi),
				      .word = socket->call->abi->word,
				      .n = many ? (uint32_t)socket->arg[arg + 1] : 1};
	messages->stride = many ? messages->layout->element : messages->layout->header;
	if (messages->n > MAX_MESSAGES)
		messages->n = MAX_MESSAGES;
	messages->headers = calloc(messages->n + 1, messages->stride);
	return messages->headers && messages->n &&
	       !tracee_read(tracer, tracee, socket->arg[arg], messages->headers,
			    messages->n * messages->stride);
}

static void messages_plan(struct tracer *tracer, const struct tracee *tracee,
			  const struct socket_call *socket, struct messages *messages)
{
	messages->change = calloc(messages->n, sizeof(*messages->change));
	messages->name = calloc(messages->n, sizeof(*messages->name));
	if (!messages->change || !messages->name)
		return;
	for (size_t i = 0; i < messages->n; i++) {
		const char *header = messages->headers + i * messages->stride;
		struct socket_change *change = &messages->change[i];

		change->verdict = SNR_UNCHANGED;
		if (!socket_read_name(tracer, tracee, socket_get_pointer(header, messages->word),
				      socket_get_u32(header + messages->layout->name_len),
				      &messages->name[i]))
			continue;
		socket_plan(tracer, &messages->name[i], binds(socket), change);
		messages->changed += change->verdict != SNR_UNCHANGED;
		if (change->verdict != SNR_FINISHED)
			continue;
		/* The kernel sends what comes before a message that fails, and says how many that
		 * were; it fails itself where there are none. */
		messages->refused = true;
		messages->n = i;
		return;
	}
}

/* Write headers and names to the slot at ADDRESS. */
static int messages_write(struct tracer *tracer, const struct tracee *tracee,
			  struct messages *messages, uint64_t address)
{
	size_t size = messages->n * messages->stride;
	uint64_t at = address + ((size + 7) & ~(size_t)7);
	struct tracee_piece piece;

	for (size_t i = 0; i < messages->n; i++) {
		char *header = messages->headers + i * messages->stride;
		const struct socket_change *change = &messages->change[i];

		if (change->verdict != SNR_CHANGED)
			continue;
		piece = (struct tracee_piece){change->name.text, change->name.len};
		if (tracee_write(tracer, tracee, at, &piece, 1))
			return -EFAULT;
		socket_put_pointer(header, at, messages->word);
		socket_put_u32(header + messages->layout->name_len, change->name.len);
		at += SNR_ADDRESS_SIZE + 2;
	}
	piece = (struct tracee_piece){messages->headers, size};
	return (int)tracee_write(tracer, tracee, address, &piece, 1);
}

static void commit_messages(struct tracer *tracer, struct tracee *tracee,
			    const struct socket_call *socket, const struct messages *messages)
{
	for (size_t i = 0; i < messages->n + messages->refused; i++)
		if (messages->change[i].verdict != SNR_UNCHANGED)
			commit(tracer, tracee, socket, &messages->name[i], &messages->change[i]);
}

static void send_changed(struct tracer *tracer, struct tracee *tracee,
			 const struct socket_call *socket, int arg, bool many,
			 struct messages *messages)
{
	size_t size = messages->n * (messages->stride + SNR_ADDRESS_SIZE + 2) + 8;
	int args[2] = {arg, arg + 1};
	uint64_t value[2] = {0, messages->n};
	uint64_t address = tracee_scratch(tracer, tracee, size + SNR_NARGS * sizeof(uint32_t) + 8);
	int r;

	if (!address)
		return;
	value[0] = address;
	commit_messages(tracer, tracee, socket, messages);
	r = messages_write(tracer, tracee, messages, address);
	if (!r)
		r = set_args(tracer, tracee, socket, address, size, args, value,
			     messages->refused ? 2 : 1);
	if (!r && many) {
		tracee->out = socket->arg[arg];
		tracee->out_size = messages->n;
		tracee->divert = address;
		tracee->due = TRACEE_SENT;
	}
	go_on(tracer, tracee, r);
}

static void enter_messages(struct tracer *tracer, struct tracee *tracee,
			   const struct socket_call *socket)
{
	int arg = snr_pathop_find(socket->row, SNR_ROLE_MMSG);
	bool many = arg >= 0;
	struct messages messages;

	if (!many)
		arg = snr_pathop_find(socket->row, SNR_ROLE_MSG);
	if (messages_read(tracer, tracee, socket, arg, many, &messages))
		messages_plan(tracer, tracee, socket, &messages);
	if (messages.changed == 0) {
		tracee_resume(tracee, 0);
	} else if (messages.refused && messages.n == 0) {
		commit_messages(tracer, tracee, socket, &messages);
		tracee_finish(tracer, tracee, messages.change[0].result);
	} else {
		send_changed(tracer, tracee, socket, arg, many, &messages);
	}
	messages_free(&messages);
}

/* Only names that were changed when they were bound are changed back. */
static void enter_giving(struct tracer *tracer, struct tracee *tracee,
			 const struct socket_call *socket)
{
	bool message = snr_pathop_find(socket->row, SNR_ROLE_OUTADDR) < 0;

	if (socket_knows(tracer) && (message ? socket_expect_messages(tracer, tracee, socket)
					     : socket_expect_address(tracer, tracee, socket)))
		tracee->due = TRACEE_NAMED;
	tracee_resume(tracee, 0);
}

void socket_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		  enum snr_op op)
{
	struct socket_call socket = {.call = call, .op = op, .row = &snr_pathops[op]};

	memcpy(socket.arg, call->arg, sizeof(socket.arg));
	if (snr_pathop_find(socket.row, SNR_ROLE_SOCKARGS) >= 0 && !unfold(tracer, tracee, &socket))
		tracee_resume(tracee, 0);
	else if (socket.row->effects & SNR_REVERSES)
		enter_giving(tracer, tracee, &socket);
	else if (snr_pathop_find(socket.row, SNR_ROLE_SOCKADDR) >= 0)
		enter_address(tracer, tracee, &socket);
	else
		enter_messages(tracer, tracee, &socket);
}
