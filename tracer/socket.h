/* SPDX-License-Identifier: MIT
 * Calls that take or give the name of an AF_UNIX socket. Used inside tracer/ only.
 * It must never touch an address of another family.
 */
#ifndef SNR_TRACER_SOCKET_H
#define SNR_TRACER_SOCKET_H

#include "shared/address.h"
#include "tracer/tracee.h"

#include <string.h>

/* Does ROW take or give a socket's name? */
bool socket_is_call(const struct snr_pathop *row);

/* At the seccomp stop of such a call. */
void socket_enter(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		  enum snr_op op);
/* At its exit stop, where TRACEE->due is one of the two that stand for sockets. Returns 0 or
 * -errno. */
int socket_leave(struct tracer *tracer, struct tracee *tracee);

/* --- socket_names.c --- */

/* An address. The kernel's own may be one byte longer than struct sockaddr_un: it counts a NUL
 * behind a path that fills sun_path. */
struct socket_name {
	unsigned char text[SNR_ADDRESS_SIZE + 2];
	uint32_t len;
};

/* What became of a name. */
struct socket_change {
	enum snr_verdict verdict;
	int result; /* SNR_FINISHED: -errno */
	uint32_t rule;
	struct socket_name name; /* SNR_CHANGED: what the kernel gets */
	/* bind(2) of a name that cannot be made short enough: NAME stands in its directory for the
	 * time of the call, and is then to be renamed to LAST. */
	int dir; /* a descriptor of the tracer's, or -1 */
	char temporary[16];
	char last[SNR_ADDRESS_SIZE];
};

/* What the current tracee's call must get instead of NAME. BINDS: bind(2). */
void socket_plan(struct tracer *tracer, const struct socket_name *name, bool binds,
		 struct socket_change *change);

/* The program binds OWN, and the kernel REAL: from now on REAL comes back as OWN. */
void socket_remember(struct tracer *tracer, const struct socket_name *own,
		     const struct socket_name *real);
/* The program binds NAME, and so does the kernel: it comes back as it is. */
void socket_forget(struct tracer *tracer, const struct socket_name *name);
/* Has any name been remembered? If not, no call needs an exit stop. */
bool socket_knows(const struct tracer *tracer);
/* The program's name, in OUT, of a socket that the kernel calls REAL, of which only HAVE bytes are
 * known where the program's buffer was short. False: it stays. */
bool socket_reverse(const struct tracer *tracer, const struct socket_name *real, uint32_t have,
		    struct socket_name *out);
void socket_forget_all(struct tracer *tracer);

/* --- between socket.c and socket_back.c --- */

#define MAX_MESSAGES 1024u /* UIO_MAXIOV: sendmmsg(2) and recvmmsg(2) take no more */

/* A call with its arguments, wherever they are. */
struct socket_call {
	const struct arch_call *call;
	enum snr_op op;
	const struct snr_pathop *row;
	uint64_t arg[SNR_NARGS];
	bool in_array; /* socketcall: the second register points to 32-bit words */
};

/* struct msghdr and struct mmsghdr of a pointer size (<linux/socket.h>). */
struct socket_layout {
	uint8_t name_len; /* offset of msg_namelen; msg_name comes first */
	uint8_t msg_len;  /* of mmsghdr, behind the msghdr */
	uint8_t header;   /* size of msghdr */
	uint8_t element;  /* size of mmsghdr */
};

static inline const struct socket_layout *socket_layout(const struct arch_abi *abi)
{
	static const struct socket_layout wide = {8, 56, 56, 64}, narrow = {4, 28, 28, 32};

	return abi->word == 8 ? &wide : &narrow;
}

/* Little-endian, as all machines with two word sizes that we know. */
static inline uint64_t socket_get_pointer(const char *at, unsigned word)
{
	uint64_t value = 0;

	memcpy(&value, at, word);
	return value;
}

static inline void socket_put_pointer(char *at, uint64_t value, unsigned word)
{
	memcpy(at, &value, word);
}

static inline uint32_t socket_get_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void socket_put_u32(char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* The headers of a call with messages. */
struct messages {
	const struct socket_layout *layout;
	unsigned word;
	size_t n, stride;
	char *headers;
	struct socket_change *change; /* one a message */
	struct socket_name *name;     /* the program's, one a message */
	size_t changed;               /* how many of them are not as the program gave them */
	bool refused;                 /* message N, the last that was looked at, must not be sent */
};

/* Read the headers in argument ARG, as many as the next argument says (MANY) or one. False: none,
 * or not readable. messages_free is due in either case. */
bool messages_read(struct tracer *tracer, const struct tracee *tracee,
		   const struct socket_call *socket, int arg, bool many, struct messages *messages);
void messages_free(struct messages *messages);

/* Read the address at ADDRESS of LEN bytes. False: it is no AF_UNIX one, or not readable. */
bool socket_read_name(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		      uint64_t len, struct socket_name *name);

/* Note what a call that gives names is to fill in. False: nothing. */
bool socket_expect_messages(struct tracer *tracer, struct tracee *tracee,
			    const struct socket_call *socket);
bool socket_expect_address(struct tracer *tracer, struct tracee *tracee,
			   const struct socket_call *socket);
/* Note that CHANGE ends with a renaming. False: no memory. */
bool socket_expect_last(struct tracee *tracee, const struct socket_change *change);

#endif
