/* SPDX-License-Identifier: MIT
 * A process beside the tracer: whoever was handed over (hand.c) has a filter that asks a listener
 * about every call that our first filter would stop. The answer is that the kernel shall make it,
 * but for processes without a shim (bare.c). It lives as long as anybody has such a filter, and is
 * started again if it is killed: without it these calls give ENOSYS.
 * Used inside tracer/ only. It must never die of a call that it cannot answer.
 */
#include "tracer/serve.h"

#include "tracer/descriptors.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* A listener, and who asks by it. */
struct served {
	int listener;
	bool is_bare;
	struct bare bare;
	struct bare_detours detours;
};

struct serve {
	pid_t pid;             /* 0: none runs */
	int talk;              /* to it */
	struct served *served; /* what it was told: the descriptors are kept, for the next one */
	unsigned n, size;
	union message *asked; /* what it is about to answer, in memory that both see */
};

static struct served *add(struct serve *serve)
{
	if (serve->n == serve->size) {
		unsigned size = serve->size ? 2 * serve->size : 16;
		struct served *served = realloc(serve->served, size * sizeof(*served));

		if (!served)
			return NULL;
		serve->served = served;
		serve->size = size;
	}
	memset(&serve->served[serve->n], 0, sizeof(*serve->served));
	return &serve->served[serve->n++];
}

static void drop(struct serve *serve, unsigned i)
{
	struct served *served = &serve->served[i];

	close(served->listener);
	if (served->is_bare && served->bare.memory >= 0)
		close(served->bare.memory);
	*served = serve->served[--serve->n];
}

/* ---- the process ---- */

static void answer(struct tracer *tracer, struct served *served)
{
	union message *asked = tracer->serve->asked, reply;

	memset(asked, 0, sizeof(*asked));
	if (ioctl(served->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked->asked))
		return; /* ENOENT: it was killed meanwhile */
	memset(&reply, 0, sizeof(reply));
	reply.answer.id = asked->asked.id;
	reply.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (served->is_bare)
		bare_answer(tracer, &served->bare, &served->detours, &asked->asked, &reply.answer);
	ioctl(served->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply.answer);
}

/* One was killed between a question and its answer. */
static void answer_last(const struct serve *serve, const struct served *served)
{
	struct seccomp_notif_resp reply = {.id = serve->asked->asked.id};

	if (!reply.id)
		return;
	if (served->is_bare)
		reply.error = BARE_AGAIN;
	else
		reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(served->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(2 * sizeof(int))];
};

/* Returns false where the tracer has gone. */
static bool take(struct serve *serve)
{
	struct served got;
	union control control;
	struct iovec data = {&got, sizeof(got)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fds[2] = {-1, -1};
	struct served *served;

	if (recvmsg(serve->talk, &message, MSG_CMSG_CLOEXEC) != sizeof(got) ||
	    !CMSG_FIRSTHDR(&message))
		return false;
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)),
	       CMSG_FIRSTHDR(&message)->cmsg_len - CMSG_LEN(0));
	got.listener = fds[0];
	got.bare.memory = fds[1];
	got.bare.listener = fds[0];
	served = add(serve);
	if (!served) {
		close(fds[0]); /* its calls give ENOSYS: better than to wait for ever */
		return true;
	}
	*served = got;
	ioctl(served->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	answer_last(serve, served);
	return true;
}

static void serve_ready(struct tracer *tracer, const struct pollfd *at)
{
	struct serve *serve = tracer->serve;

	for (unsigned i = serve->n; i-- > 0;) {
		if (at[i].revents & POLLIN)
			answer(tracer, &serve->served[i]);
		else if (at[i].revents) /* its last thread has gone */
			drop(serve, i);
	}
}

/* The first one comes at once. */
static void serve_all(struct tracer *tracer)
{
	struct serve *serve = tracer->serve;
	bool begun = false;

	while (!begun || serve->n) {
		struct pollfd *at = calloc(serve->n + 1, sizeof(*at));

		if (!at)
			continue;
		for (unsigned i = 0; i < serve->n; i++)
			at[i] = (struct pollfd){.fd = serve->served[i].listener, .events = POLLIN};
		at[serve->n] = (struct pollfd){.fd = serve->talk, .events = POLLIN};
		if (poll(at, serve->n + 1, -1) > 0) {
			bool talks = at[serve->n].revents;

			serve_ready(tracer, at);
			if (talks && !take(serve)) { /* the tracer has gone, or nobody comes */
				close(serve->talk);
				serve->talk = -1; /* poll(2): it is passed over */
			}
			begun = begun || talks;
		}
		free(at);
	}
}

/* As a program would be that the tracer knows nothing of, so nothing is remembered. What it hands
 * rules on to is as under engine preload. */
static void be_server(struct tracer *tracer, int talk)
{
	const struct snr_image *image = tracer->redirector.image;
	const int kept[] = {talk, tracer->log_fd, tracer->image_fd};
	struct snr_image *own = malloc(image->size);

	prctl(PR_SET_NAME, "snapredir-serve");
	descriptors_close_but(kept, sizeof(kept) / sizeof(*kept));
	if (!own)
		return;
	memcpy(own, image, image->size);
	own->engine = SNR_ENGINE_PRELOAD;
	tracer->redirector.image = own;
	tracer->redirector.facts = NULL;
	tracer->roots_differ = true;
	tracer->record_fd = -1;
	tracer->serve->talk = talk;
	tracer->serve->n = 0;
	serve_all(tracer);
}

/* ---- in the tracer ---- */

static int start(struct tracer *tracer)
{
	struct serve *serve = tracer->serve;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0) {
		be_server(tracer, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0) {
		int err = errno;

		close(pair[0]);
		return -err;
	}
	serve->pid = pid;
	serve->talk = pair[0];
	return 0;
}

int serve_start(struct tracer *tracer)
{
	struct serve *serve = tracer->serve;

	if (!serve)
		serve = calloc(1, sizeof(*serve));
	if (!serve)
		return -ENOMEM;
	tracer->serve = serve;
	if (!serve->asked) {
		void *shared = mmap(NULL, sizeof(*serve->asked), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (shared == MAP_FAILED)
			return -errno;
		serve->asked = shared;
	}
	return serve->pid ? 0 : start(tracer);
}

/* Where it has ended and is not waited for yet, serve_ended will tell the next one. */
static void tell(const struct serve *serve, const struct served *served)
{
	const int fds[2] = {served->listener, served->bare.memory};
	const size_t size = sizeof(int) * (served->is_bare && fds[1] >= 0 ? 2 : 1);
	union control control;
	struct iovec data = {(void *)(uintptr_t)served, sizeof(*served)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(size)};

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.head), fds, size);
	sendmsg(serve->talk, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Those that nobody asks by any more. */
static void forget_dead(struct serve *serve)
{
	for (unsigned i = serve->n; i-- > 0;) {
		struct pollfd at = {.fd = serve->served[i].listener, .events = 0};

		if (poll(&at, 1, 0) > 0 && (at.revents & POLLHUP))
			drop(serve, i);
	}
}

static int start_with_all(struct tracer *tracer)
{
	struct serve *serve = tracer->serve;
	int r = start(tracer);

	for (unsigned i = 0; !r && i < serve->n; i++)
		tell(serve, &serve->served[i]);
	return r;
}

int serve_listener(struct tracer *tracer, int listener, const struct bare *bare)
{
	struct serve *serve = tracer->serve;
	struct served *served;

	forget_dead(serve);
	served = add(serve);
	if (!served) {
		close(listener);
		if (bare && bare->memory >= 0)
			close(bare->memory);
		return -ENOMEM;
	}
	served->listener = listener;
	served->bare.memory = -1;
	if (bare) {
		served->is_bare = true;
		served->bare = *bare;
	}
	if (serve->pid)
		tell(serve, served);
	return serve->pid ? 0 : start_with_all(tracer);
}

/* Where another one is being handed over, serve_ended will start it again. */
void serve_spare(struct tracer *tracer)
{
	struct serve *serve = tracer->serve;

	if (!serve || !serve->pid || serve->n || serve->talk < 0)
		return;
	close(serve->talk);
	serve->talk = -1;
}

bool serve_ended(struct tracer *tracer, pid_t pid)
{
	struct serve *serve = tracer->serve;

	if (!serve || !serve->pid || pid != serve->pid)
		return false;
	if (serve->talk >= 0)
		close(serve->talk);
	serve->pid = 0;
	forget_dead(serve);
	/* Without it they get ENOSYS, which is what they get when we leave, too. */
	if (serve->n && start_with_all(tracer))
		while (serve->n)
			drop(serve, 0);
	return true;
}
