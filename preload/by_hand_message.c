/* SPDX-License-Identifier: MIT
 * sendmsg, recvmsg and their kin: the name of an AF_UNIX socket lies in a struct msghdr, or in an
 * array of those. Called by programs, and from syscall(2). It must never write to the headers of a
 * call that sends: the program may keep them in read-only memory.
 */
#include "preload/socket.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>

SHIM_REAL(ssize_t, sendmsg, (int fd, const struct msghdr *header, int flags))
SHIM_REAL(ssize_t, __sendmsg64, (int fd, const struct msghdr *header, int flags))
SHIM_REAL(int, sendmmsg, (int fd, struct mmsghdr *headers, unsigned n, int flags))
SHIM_REAL(int, __sendmmsg, (int fd, struct mmsghdr *headers, unsigned n, int flags))
SHIM_REAL(int, __sendmmsg64, (int fd, struct mmsghdr *headers, unsigned n, int flags))
SHIM_REAL(ssize_t, recvmsg, (int fd, struct msghdr *header, int flags))
SHIM_REAL(ssize_t, __recvmsg64, (int fd, struct msghdr *header, int flags))
SHIM_REAL(int, recvmmsg,
	  (int fd, struct mmsghdr *headers, unsigned n, int flags, struct timespec *timeout))
SHIM_REAL(int, __recvmmsg64,
	  (int fd, struct mmsghdr *headers, unsigned n, int flags, struct timespec *timeout))

#define MAX_MESSAGES 1024u /* UIO_MAXIOV: sendmmsg(2) and recvmmsg(2) take no more */

/* ---- sendmsg ---- */

static bool names_path(const struct msghdr *header)
{
	return header->msg_name && shim_address_is_path(header->msg_name, header->msg_namelen);
}

static bool message_names_path(const struct msghdr *header)
{
	return shim_redirector() && shim_is_readable(header, sizeof(*header)) && names_path(header);
}

static __attribute__((noinline)) ssize_t send_path(int fd, const struct msghdr *header, int flags,
						   sendmsg_call *real)
{
	struct shim_address instead;
	long planned =
		shim_address_plan(SNR_sendmsg, header->msg_name, header->msg_namelen, &instead);
	struct msghdr changed;

	if (planned < 0)
		return shim_fail(planned);
	if (!planned)
		return real(fd, header, flags);
	changed = *header;
	changed.msg_name = instead.text;
	changed.msg_namelen = instead.len;
	return real(fd, &changed, flags);
}

SHIM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *header, int flags)
{
	if (!message_names_path(header))
		return real_sendmsg()(fd, header, flags);
	return send_path(fd, header, flags, real_sendmsg());
}

SHIM_EXPORT ssize_t __sendmsg64(int fd, const struct msghdr *header, int flags)
{
	if (!message_names_path(header))
		return real___sendmsg64()(fd, header, flags);
	return send_path(fd, header, flags, real___sendmsg64());
}

/* ---- sendmmsg ---- */

/* Copies of headers, and the names that take the place of theirs. */
struct batch {
	unsigned n; /* messages before the first that must fail */
	bool changed;
	size_t size;
	struct mmsghdr *header;
	unsigned char (*text)[SHIM_ADDRESS_SIZE];
};

static bool any_names_path(const struct mmsghdr *headers, unsigned n)
{
	if (!shim_redirector() || !n || !shim_is_readable(headers, n * sizeof(*headers)))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (names_path(&headers[i].msg_hdr))
			return true;
	return false;
}

static bool batch_take(struct batch *batch, unsigned n)
{
	*batch = (struct batch){.size = n * (sizeof(*batch->header) + sizeof(*batch->text))};
	batch->header = shim_map(batch->size);
	batch->text = (void *)(batch->header + n);
	return batch->header != NULL;
}

/* Plan the N messages up to one that must fail. 0 or that one's -errno. */
static long batch_plan(struct batch *batch, const struct mmsghdr *headers, unsigned n)
{
	struct shim_address instead;

	for (unsigned i = 0; i < n; i++) {
		struct msghdr *header = &batch->header[i].msg_hdr;
		long planned = 0;

		batch->header[i] = headers[i];
		if (names_path(header))
			planned = shim_address_plan(SNR_sendmmsg, header->msg_name,
						    header->msg_namelen, &instead);
		if (planned < 0)
			return planned;
		if (planned) {
			snr_copy((char *)batch->text[i], (const char *)instead.text, instead.len);
			header->msg_name = batch->text[i];
			header->msg_namelen = instead.len;
			batch->changed = true;
		}
		batch->n = i + 1;
	}
	return 0;
}

/* sendmmsg(2): what was sent before a message that fails counts. */
static __attribute__((noinline)) int send_paths(int fd, struct mmsghdr *headers, unsigned n,
						int flags, sendmmsg_call *real)
{
	struct batch batch;
	long error;
	int sent;

	if (!batch_take(&batch, n))
		return real(fd, headers, n, flags);
	error = batch_plan(&batch, headers, n);
	if (error && !batch.n)
		sent = (int)shim_fail(error);
	else
		sent = real(fd, batch.changed ? batch.header : headers, batch.n, flags);
	for (int i = 0; batch.changed && i < sent; i++)
		headers[i].msg_len = batch.header[i].msg_len;
	shim_unmap(batch.header, batch.size);
	return sent;
}

static unsigned at_most(unsigned n)
{
	return n < MAX_MESSAGES ? n : MAX_MESSAGES;
}

SHIM_EXPORT int sendmmsg(int fd, struct mmsghdr *headers, unsigned n, int flags)
{
	if (!any_names_path(headers, at_most(n)))
		return real_sendmmsg()(fd, headers, n, flags);
	return send_paths(fd, headers, at_most(n), flags, real_sendmmsg());
}

SHIM_EXPORT int __sendmmsg(int fd, struct mmsghdr *headers, unsigned n, int flags)
{
	if (!any_names_path(headers, at_most(n)))
		return real___sendmmsg()(fd, headers, n, flags);
	return send_paths(fd, headers, at_most(n), flags, real___sendmmsg());
}

SHIM_EXPORT int __sendmmsg64(int fd, struct mmsghdr *headers, unsigned n, int flags)
{
	if (!any_names_path(headers, at_most(n)))
		return real___sendmmsg64()(fd, headers, n, flags);
	return send_paths(fd, headers, at_most(n), flags, real___sendmmsg64());
}

/* ---- recvmsg ---- */

static socklen_t room_for_name(const struct msghdr *header)
{
	return header->msg_name && (int)header->msg_namelen > 0 ? header->msg_namelen : 0;
}

static long give_name(struct msghdr *header, socklen_t size)
{
	long given;

	if (!size || header->msg_namelen <= SNR_ADDRESS_FAMILY)
		return 0;
	given = shim_address_give(header->msg_name, size, header->msg_namelen);
	if (given > 0)
		header->msg_namelen = (socklen_t)given;
	return given < 0 ? given : 0;
}

static bool message_takes_name(const struct msghdr *header)
{
	return shim_redirector() && shim_is_readable(header, sizeof(*header)) &&
	       room_for_name(header);
}

static ssize_t receive(int fd, struct msghdr *header, int flags, recvmsg_call *real)
{
	socklen_t size = room_for_name(header);
	ssize_t result = real(fd, header, flags);
	long error = result < 0 ? 0 : give_name(header, size);

	return error ? shim_fail(error) : result;
}

SHIM_EXPORT ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
	if (!message_takes_name(header))
		return real_recvmsg()(fd, header, flags);
	return receive(fd, header, flags, real_recvmsg());
}

SHIM_EXPORT ssize_t __recvmsg64(int fd, struct msghdr *header, int flags)
{
	if (!message_takes_name(header))
		return real___recvmsg64()(fd, header, flags);
	return receive(fd, header, flags, real___recvmsg64());
}

/* ---- recvmmsg ---- */

static bool any_takes_name(const struct mmsghdr *headers, unsigned n)
{
	if (!shim_redirector() || !n || !shim_is_readable(headers, n * sizeof(*headers)))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (room_for_name(&headers[i].msg_hdr))
			return true;
	return false;
}

/* The kernel overwrites the sizes. A call for very many messages is cut to what we can keep: it may
 * return fewer than asked for at any time. */
#define KEPT_SIZES 512u

static __attribute__((noinline)) int receive_many(int fd, struct mmsghdr *headers, unsigned n,
						  int flags, struct timespec *timeout,
						  recvmmsg_call *real)
{
	socklen_t size[KEPT_SIZES];
	long error = 0;
	int result;

	n = n < KEPT_SIZES ? n : KEPT_SIZES;
	for (unsigned i = 0; i < n; i++)
		size[i] = room_for_name(&headers[i].msg_hdr);
	result = real(fd, headers, n, flags, timeout);
	for (int i = 0; i < result && !error; i++)
		error = give_name(&headers[i].msg_hdr, size[i]);
	return error ? (int)shim_fail(error) : result;
}

SHIM_EXPORT int recvmmsg(int fd, struct mmsghdr *headers, unsigned n, int flags,
			 struct timespec *timeout)
{
	if (!any_takes_name(headers, at_most(n)))
		return real_recvmmsg()(fd, headers, n, flags, timeout);
	return receive_many(fd, headers, at_most(n), flags, timeout, real_recvmmsg());
}

SHIM_EXPORT int __recvmmsg64(int fd, struct mmsghdr *headers, unsigned n, int flags,
			     struct timespec *timeout)
{
	if (!any_takes_name(headers, at_most(n)))
		return real___recvmmsg64()(fd, headers, n, flags, timeout);
	return receive_many(fd, headers, at_most(n), flags, timeout, real___recvmmsg64());
}

/* ---- through syscall(2) ---- */

#ifdef __NR_recvmmsg_time64
/* recvmmsg with 64-bit times where libc may have no function for it. */
static int receive_time64(int fd, struct mmsghdr *headers, unsigned n, int flags,
			  struct timespec *timeout)
{
	long result = snr_rawcall5(__NR_recvmmsg_time64, fd, headers, n, flags, timeout);

	return result < 0 ? (int)shim_fail(result) : (int)result;
}
#endif

long shim_message_call(enum snr_op op, const long *args)
{
	int fd = (int)args[0], flags = (int)args[op == SNR_sendmsg || op == SNR_recvmsg ? 2 : 3];
	void *headers = (void *)args[1];
	unsigned n = (unsigned)args[2];
	void *timeout = (void *)args[4];

	if (op == SNR_sendmsg)
		return sendmsg(fd, headers, flags);
	if (op == SNR_recvmsg)
		return recvmsg(fd, headers, flags);
	if (op == SNR_sendmmsg)
		return sendmmsg(fd, headers, n, flags);
#ifdef __NR_recvmmsg_time64
	if (op == SNR_recvmmsg_time64)
		return any_takes_name(headers, at_most(n))
			       ? receive_many(fd, headers, at_most(n), flags, timeout,
					      receive_time64)
			       : receive_time64(fd, headers, n, flags, timeout);
#endif
	return recvmmsg(fd, headers, n, flags, timeout);
}
