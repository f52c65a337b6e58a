/* SPDX-License-Identifier: MIT
 * A process beside the tracer: whoever was handed over (hand.c) has a filter that asks a listener
 * about every call that our first filter would stop, and the listener's answer is always that the
 * kernel shall make it. It lives as long as the tracer, and as anybody has such a filter.
 * Used inside tracer/ only. It must never die of a call that it cannot answer.
 */
#include "tracer/serve.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/seccomp.h, since Linux 6.6: the asker runs on this processor as soon as it is answered. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif

/* The structures of a newer kernel may be larger than those of its headers here. */
union message {
	struct seccomp_notif asked;
	struct seccomp_notif_resp answer;
	char room[1024];
};

struct listeners {
	struct pollfd *at; /* the first one is the tracer */
	unsigned n, size;
};

static void answer(int listener)
{
	union message message;
	__u64 id;

	memset(&message, 0, sizeof(message));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &message.asked))
		return; /* ENOENT: it was killed meanwhile */
	id = message.asked.id;
	memset(&message, 0, sizeof(message));
	message.answer.id = id;
	message.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &message.answer);
}

static bool add(struct listeners *all, int fd)
{
	if (all->n == all->size) {
		unsigned size = all->size ? 2 * all->size : 16;
		struct pollfd *at = realloc(all->at, size * sizeof(*at));

		if (!at)
			return false;
		all->at = at;
		all->size = size;
	}
	all->at[all->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return true;
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/* A listener from the tracer, -1: the tracer has gone. */
static int take_listener(int tracer)
{
	union control control;
	char byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(tracer, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void take(struct listeners *all)
{
	int fd = take_listener(all->at[0].fd);

	if (fd < 0)
		all->at[0].fd = -1; /* poll(2): it is passed over */
	else if (!add(all, fd))
		close(fd); /* its calls give ENOSYS: better than to wait for ever */
	else
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

static void serve(int tracer)
{
	struct listeners all = {.n = 0};

	if (!add(&all, tracer))
		return;
	while (all.n > 1 || all.at[0].fd >= 0) {
		if (poll(all.at, all.n, -1) < 0)
			continue;
		for (unsigned i = all.n; i-- > 1;) {
			if (all.at[i].revents & POLLIN) {
				answer(all.at[i].fd);
			} else if (all.at[i].revents) {
				/* Its last thread has gone. */
				close(all.at[i].fd);
				all.at[i] = all.at[--all.n];
			}
		}
		if (all.at[0].fd >= 0 && all.at[0].revents)
			take(&all);
	}
}

/* CLONE_PARENT: for the tracer, which waits for whatever there is, it is no child. */
static int start(void)
{
	int pair[2];
	long pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = syscall(SYS_clone, CLONE_PARENT, NULL, NULL, NULL, 0);
	if (pid < 0) {
		int err = errno;

		close(pair[0]);
		close(pair[1]);
		return -err;
	}
	if (pid == 0) {
		prctl(PR_SET_NAME, "snapredir-serve");
		if (dup2(pair[1], 0) == 0 && !syscall(SYS_close_range, 1, ~0u, 0))
			serve(0);
		_exit(0);
	}
	close(pair[1]);
	return pair[0];
}

static int send_listener(int server, int listener)
{
	union control control;
	char byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(listener));
	memcpy(CMSG_DATA(&control.head), &listener, sizeof(listener));
	return sendmsg(server, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int serve_listener(int *server, int listener)
{
	int r = 0;

	if (*server < 0)
		*server = start();
	r = *server < 0 ? *server : send_listener(*server, listener);
	close(listener);
	return r;
}
