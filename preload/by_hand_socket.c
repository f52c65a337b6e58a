/* SPDX-License-Identifier: MIT
 * Calls that take or give the name of an AF_UNIX socket.
 * Called by programs, and from syscall(2). What has no such name must cost next to nothing: all
 * other families and all connected sockets go straight to the real function.
 */
#include "preload/socket.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <errno.h>
#include <linux/net.h>
#include <time.h>
#include <unistd.h>

SHIM_REAL(int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len))
SHIM_REAL(int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len))
SHIM_REAL(int, __connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len))
SHIM_REAL(ssize_t, sendto,
	  (int fd, const void *bytes, size_t size, int flags, __CONST_SOCKADDR_ARG address,
	   socklen_t len))
SHIM_REAL(int, getsockname, (int fd, __SOCKADDR_ARG address, socklen_t *len))
SHIM_REAL(int, getpeername, (int fd, __SOCKADDR_ARG address, socklen_t *len))
SHIM_REAL(int, accept, (int fd, __SOCKADDR_ARG address, socklen_t *len))
SHIM_REAL(int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *len, int flags))
SHIM_REAL(ssize_t, recvfrom,
	  (int fd, void *bytes, size_t size, int flags, __SOCKADDR_ARG address, socklen_t *len))
SHIM_REAL(ssize_t, __recvfrom_chk,
	  (int fd, void *bytes, size_t size, size_t room, int flags, __SOCKADDR_ARG address,
	   socklen_t *len))

#define MUST_CHECK __attribute__((noinline))

/* ---- forward ---- */

static MUST_CHECK int bind_path(int fd, const struct sockaddr *address, socklen_t len)
{
	struct shim_address instead;
	long planned = shim_address_plan(SNR_bind, address, len, &instead);
	int result;

	if (planned < 0)
		return (int)shim_fail(planned);
	if (planned)
		result =
			real_bind()(fd, (const struct sockaddr *)(void *)instead.text, instead.len);
	else
		result = real_bind()(fd, address, len);
	if (result < 0)
		return result;
	planned = shim_address_bound(address, len, planned ? &instead : NULL);
	return planned < 0 ? (int)shim_fail(planned) : result;
}

SHIM_EXPORT int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
	if (!shim_address_is_path(address.__sockaddr__, len))
		return real_bind()(fd, address, len);
	return bind_path(fd, address.__sockaddr__, len);
}

static MUST_CHECK int connect_path(int fd, const struct sockaddr *address, socklen_t len,
				   connect_call *real)
{
	struct shim_address instead;
	long planned = shim_address_plan(SNR_connect, address, len, &instead);

	if (planned < 0)
		return (int)shim_fail(planned);
	if (!planned)
		return real(fd, address, len);
	return real(fd, (const struct sockaddr *)(void *)instead.text, instead.len);
}

SHIM_EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
	if (!shim_address_is_path(address.__sockaddr__, len))
		return real_connect()(fd, address, len);
	return connect_path(fd, address.__sockaddr__, len, real_connect());
}

SHIM_EXPORT int __connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
	if (!shim_address_is_path(address.__sockaddr__, len))
		return real___connect()(fd, address, len);
	return connect_path(fd, address.__sockaddr__, len, real___connect());
}

static MUST_CHECK ssize_t sendto_path(int fd, const void *bytes, size_t size, int flags,
				      const struct sockaddr *address, socklen_t len)
{
	struct shim_address instead;
	long planned = shim_address_plan(SNR_sendto, address, len, &instead);

	if (planned < 0)
		return shim_fail(planned);
	if (!planned)
		return real_sendto()(fd, bytes, size, flags, address, len);
	return real_sendto()(fd, bytes, size, flags, (const struct sockaddr *)(void *)instead.text,
			     instead.len);
}

SHIM_EXPORT ssize_t sendto(int fd, const void *bytes, size_t size, int flags,
			   __CONST_SOCKADDR_ARG address, socklen_t len)
{
	if (!shim_address_is_path(address.__sockaddr__, len))
		return real_sendto()(fd, bytes, size, flags, address, len);
	return sendto_path(fd, bytes, size, flags, address.__sockaddr__, len);
}

/* ---- back ---- */

/* Can a name come back in ADDRESS? Its room goes to *SIZE. */
static bool expects_name(const void *address, const socklen_t *len, socklen_t *size)
{
	if (!address || !shim_redirector() || !shim_is_readable(len, sizeof(*len)))
		return false;
	*size = *len;
	return true;
}

typedef int ask_call(int fd, __SOCKADDR_ARG address, socklen_t *len);

/* The name of FD that ASK tells, of which the program had room for a part only. */
static long give_again(ask_call *ask, int fd, void *address, socklen_t size)
{
	struct sockaddr_storage whole;
	socklen_t len = sizeof(whole);
	int saved = errno;

	if (ask(fd, (struct sockaddr *)&whole, &len) == 0)
		return shim_address_give_whole(&whole, len, address, size);
	errno = saved;
	return 0;
}

/* RESULT of a call that gave a name of socket FD, which ASK would tell, too. */
static long give_name(long result, ask_call *ask, int fd, void *address, socklen_t size,
		      socklen_t *len)
{
	sa_family_t family = AF_UNIX;
	long given;

	if (*len <= SNR_ADDRESS_FAMILY)
		return result;
	if (size >= sizeof(family))
		__builtin_memcpy(&family, address, sizeof(family));
	if (__builtin_expect(family != AF_UNIX, 1))
		return result;
	given = *len > size && ask ? give_again(ask, fd, address, size)
				   : shim_address_give(address, size, *len);
	if (given < 0)
		return shim_fail(given);
	if (given)
		*len = (socklen_t)given;
	return result;
}

SHIM_EXPORT int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
	socklen_t size;
	int result;

	if (!expects_name(address.__sockaddr__, len, &size))
		return real_getsockname()(fd, address, len);
	result = real_getsockname()(fd, address, len);
	return result < 0 ? result
			  : (int)give_name(result, real_getsockname(), fd, address.__sockaddr__,
					   size, len);
}

SHIM_EXPORT int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
	socklen_t size;
	int result;

	if (!expects_name(address.__sockaddr__, len, &size))
		return real_getpeername()(fd, address, len);
	result = real_getpeername()(fd, address, len);
	return result < 0 ? result
			  : (int)give_name(result, real_getpeername(), fd, address.__sockaddr__,
					   size, len);
}

SHIM_EXPORT int accept(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
	socklen_t size;
	int result;

	if (!expects_name(address.__sockaddr__, len, &size))
		return real_accept()(fd, address, len);
	result = real_accept()(fd, address, len);
	return result < 0 ? result
			  : (int)give_name(result, real_getpeername(), result, address.__sockaddr__,
					   size, len);
}

SHIM_EXPORT int accept4(int fd, __SOCKADDR_ARG address, socklen_t *len, int flags)
{
	socklen_t size;
	int result;

	if (!expects_name(address.__sockaddr__, len, &size))
		return real_accept4()(fd, address, len, flags);
	result = real_accept4()(fd, address, len, flags);
	return result < 0 ? result
			  : (int)give_name(result, real_getpeername(), result, address.__sockaddr__,
					   size, len);
}

SHIM_EXPORT ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, __SOCKADDR_ARG address,
			     socklen_t *len)
{
	socklen_t room;
	ssize_t result;

	if (!expects_name(address.__sockaddr__, len, &room))
		return real_recvfrom()(fd, bytes, size, flags, address, len);
	result = real_recvfrom()(fd, bytes, size, flags, address, len);
	return result < 0 ? result : give_name(result, NULL, fd, address.__sockaddr__, room, len);
}

extern ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t buffer, int flags,
			      __SOCKADDR_ARG address, socklen_t *len);

SHIM_EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t buffer, int flags,
				   __SOCKADDR_ARG address, socklen_t *len)
{
	socklen_t room;
	ssize_t result;

	if (!expects_name(address.__sockaddr__, len, &room))
		return real___recvfrom_chk()(fd, bytes, size, buffer, flags, address, len);
	result = real___recvfrom_chk()(fd, bytes, size, buffer, flags, address, len);
	return result < 0 ? result : give_name(result, NULL, fd, address.__sockaddr__, room, len);
}

/* ---- through syscall(2) ---- */

bool shim_is_socket_call(const struct snr_pathop *op)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (op->role[i] >= SNR_ROLE_SOCKADDR)
			return true;
	return false;
}

/* What the arguments of a system call are as C. */
#define FD      ((int)args[0])
#define BYTES   ((void *)args[1])
#define SIZE    ((size_t)args[2])
#define NAME(n) ((struct sockaddr *)args[n])
#define LEN(n)  ((socklen_t *)args[n])

static long call_with_address(enum snr_op op, const long *args)
{
	switch (op) {
	case SNR_bind:
		return bind(FD, NAME(1), (socklen_t)args[2]);
	case SNR_connect:
		return connect(FD, NAME(1), (socklen_t)args[2]);
	case SNR_sendto:
		return sendto(FD, BYTES, SIZE, (int)args[3], NAME(4), (socklen_t)args[5]);
	case SNR_getsockname:
		return getsockname(FD, NAME(1), LEN(2));
	case SNR_getpeername:
		return getpeername(FD, NAME(1), LEN(2));
	case SNR_accept:
		return accept(FD, NAME(1), LEN(2));
	case SNR_accept4:
		return accept4(FD, NAME(1), LEN(2), (int)args[3]);
	default:
		return recvfrom(FD, BYTES, SIZE, (int)args[3], NAME(4), LEN(5));
	}
}

/* <linux/net.h>: what socketcall's first argument stands for. */
static int multiplexed(long number)
{
	static const uint8_t ops[] = {
		[SYS_BIND] = SNR_bind,
		[SYS_CONNECT] = SNR_connect,
		[SYS_ACCEPT] = SNR_accept,
		[SYS_GETSOCKNAME] = SNR_getsockname,
		[SYS_GETPEERNAME] = SNR_getpeername,
		[SYS_SENDTO] = SNR_sendto,
		[SYS_RECVFROM] = SNR_recvfrom,
		[SYS_SENDMSG] = SNR_sendmsg,
		[SYS_RECVMSG] = SNR_recvmsg,
		[SYS_ACCEPT4] = SNR_accept4,
		[SYS_RECVMMSG] = SNR_recvmmsg,
		[SYS_SENDMMSG] = SNR_sendmmsg,
	};

	_Static_assert(SNR_NOPS < 256, "an operation fits in a byte");
	return number >= SYS_BIND && number < (long)sizeof(ops) && ops[number] ? ops[number] : -1;
}

static long call_multiplexed(long number, const long *args)
{
	static const uint8_t counts[] = {[SYS_SENDTO] = 6,
					 [SYS_RECVFROM] = 6,
					 [SYS_ACCEPT4] = 4,
					 [SYS_RECVMMSG] = 5,
					 [SYS_SENDMMSG] = 4};
	int op = multiplexed(args[0]);
	size_t n = op >= 0 && args[0] < (long)sizeof(counts) ? counts[args[0]] : 0;
	const long *words = (const long *)args[1];
	long copy[SNR_NARGS] = {0}, result;

	n = n ? n : 3;
	if (op >= 0 && shim_is_readable(words, n * sizeof(*words))) {
		for (size_t i = 0; i < n; i++)
			copy[i] = words[i];
		return shim_socket_call((enum snr_op)op, 0, copy);
	}
	result = snr_rawcall2(number, args[0], args[1]);
	return result < 0 && result > -4096 ? shim_fail(result) : result;
}

long shim_socket_call(enum snr_op op, long number, const long *args)
{
	const struct snr_pathop *row = &snr_pathops[op];

	if (snr_pathop_find(row, SNR_ROLE_SOCKARGS) >= 0)
		return call_multiplexed(number, args);
	if (snr_pathop_find(row, SNR_ROLE_SOCKADDR) >= 0 ||
	    snr_pathop_find(row, SNR_ROLE_OUTADDR) >= 0)
		return call_with_address(op, args);
	return shim_message_call(op, args);
}
