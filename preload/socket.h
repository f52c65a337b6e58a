/* SPDX-License-Identifier: MIT
 * Names of AF_UNIX sockets in this process: what the kernel gets, and what the program gets back.
 * For the wrappers of preload/ only. It must never touch an address of another family.
 */
#ifndef SHIM_SOCKET_H
#define SHIM_SOCKET_H

#include "preload/shim.h"

#include "shared/address.h"

#include <sys/socket.h>

/* The kernel counts a NUL behind a path that fills sun_path: one byte more than struct sockaddr_un.
 */
#define SHIM_ADDRESS_SIZE (SNR_ADDRESS_SIZE + 1)

/* What the kernel gets instead of an address. */
struct shim_address {
	unsigned char text[SHIM_ADDRESS_SIZE];
	socklen_t len;
	int dir; /* bind(2) of a name that cannot be made short enough: TEXT stands in this
		  * directory for the time of the call and is LAST afterwards; else -1 */
	char temporary[24];
	char last[SNR_ADDRESS_SIZE];
};

/* Can the LEN bytes at ADDRESS be the path name of a socket, in a process with rules? False for
 * wild pointers, too. Quick for whatever else a program gives. */
bool shim_address_is_path(const void *address, socklen_t len);

/* Plan the call OP with such an ADDRESS. 0: it stays, 1: INSTEAD takes its place, -errno: the call
 * must fail. */
long shim_address_plan(enum snr_op op, const void *address, socklen_t len,
		       struct shim_address *instead);

/* The kernel has bound a socket to INSTEAD (NULL: to what the program wanted), the program wanted
 * ADDRESS: from now on that comes back. 0 or -errno. */
long shim_address_bound(const void *address, socklen_t len, const struct shim_address *instead);

/* The kernel gave a name of LEN bytes, of which as many as fit lie in the SIZE bytes at ADDRESS.
 * Puts the program's own there. Returns its length, 0 where the kernel's stays, or -EFAULT. */
long shim_address_give(void *address, socklen_t size, socklen_t len);

/* The same where the whole name is at REAL. */
long shim_address_give_whole(const void *real, socklen_t len, void *address, socklen_t size);

/* The part of shim_socket_call for struct msghdr (by_hand_message.c). */
long shim_message_call(enum snr_op op, const long *args);

#endif
