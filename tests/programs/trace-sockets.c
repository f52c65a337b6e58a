/* SPDX-License-Identifier: MIT
 * Names of AF_UNIX sockets given to and taken from the kernel by every call that has one. Run by
 * tests/integration/trace-sockets.sh in an empty directory given by its redirected name. It must
 * print the same with and without a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD offsetof(struct sockaddr_un, sun_path)

static const char *dir;

static socklen_t name(struct sockaddr_un *address, const char *last)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (last[0] == '/' || last[0] == '.')
		snprintf(address->sun_path, sizeof(address->sun_path), "%s", last);
	else
		snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", dir, last);
	return (socklen_t)(HEAD + strlen(address->sun_path) + 1);
}

static void show(const char *what, int r, const struct sockaddr_un *address, socklen_t len,
		 socklen_t size)
{
	socklen_t have = len < size ? len : size;

	if (r < 0)
		printf("%s: %s\n", what, strerror(errno));
	else if (have <= HEAD)
		printf("%s: length %u, no name\n", what, len);
	else
		printf("%s: length %u, \"%.*s\"\n", what, len,
		       (int)strnlen(address->sun_path, have - HEAD), address->sun_path);
}

static void done(const char *what, long r)
{
	printf("%s: %s\n", what, r < 0 ? strerror(errno) : "done");
}

typedef int ask(int, struct sockaddr *, socklen_t *);

static void ask_name(const char *what, ask *function, int fd, socklen_t size)
{
	struct sockaddr_un address;
	socklen_t len = size;
	int r;

	memset(&address, '~', sizeof(address));
	r = function(fd, (struct sockaddr *)&address, &len);
	show(what, r, &address, len, size);
}

static int bound(int type, const char *last)
{
	struct sockaddr_un address;
	socklen_t len = name(&address, last);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	done("bind", bind(fd, (struct sockaddr *)&address, len));
	ask_name("getsockname", getsockname, fd, sizeof(address));
	return fd;
}

static void streams(const char *last)
{
	struct sockaddr_un address;
	socklen_t len = name(&address, last), size = sizeof(address);
	int server = bound(SOCK_STREAM, last), client = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	struct stat st;

	done("bind again", bind(client, (struct sockaddr *)&address, len));
	done("connect before listen", connect(client, (struct sockaddr *)&address, len));
	done("listen", listen(server, 4));
	done("connect", connect(client, (struct sockaddr *)&address, len));
	ask_name("getpeername", getpeername, client, sizeof(address));
	fd = accept(server, (struct sockaddr *)&address, &size);
	show("accept", fd, &address, size, sizeof(address));
	ask_name("getsockname of the accepted", getsockname, fd, sizeof(address));
	done("stat", address.sun_path[0] ? 0 : lstat(last[0] == '.' ? last : dir, &st));
	done("send", send(client, "x", 1, 0));
	done("recv", recv(fd, &(char){0}, 1, 0));
	close(fd);
	close(client);
	client = bound(SOCK_STREAM, "client");
	len = name(&address, last);
	done("connect of a bound one", connect(client, (struct sockaddr *)&address, len));
	size = sizeof(address);
	fd = accept4(server, (struct sockaddr *)&address, &size, SOCK_CLOEXEC);
	show("accept4", fd, &address, size, sizeof(address));
	close(fd);
	close(client);
	close(server);
}

static void receive(const char *what, int fd)
{
	struct sockaddr_un address;
	char text[16];
	struct iovec vector = {text, sizeof(text)};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_iov = &vector,
				 .msg_iovlen = 1};
	ssize_t r = recvmsg(fd, &message, MSG_DONTWAIT);

	show(what, (int)r, &address, message.msg_namelen, sizeof(address));
}

static void datagrams(void)
{
	struct sockaddr_un to, from;
	socklen_t to_len = name(&to, "receiver"), from_len = sizeof(from);
	int receiver = bound(SOCK_DGRAM, "receiver"), sender = bound(SOCK_DGRAM, "sender");
	char text[] = "text";
	struct iovec vector = {text, 4};
	struct msghdr message = {.msg_name = &to,
				 .msg_namelen = to_len,
				 .msg_iov = &vector,
				 .msg_iovlen = 1};
	ssize_t r;

	done("sendto", sendto(sender, text, 4, 0, (struct sockaddr *)&to, to_len));
	r = recvfrom(receiver, text, 4, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	show("recvfrom", (int)r, &from, from_len, sizeof(from));
	done("sendto nobody", sendto(sender, text, 4, 0, NULL, 0));
	done("sendmsg", sendmsg(sender, &message, 0));
	printf("the header: %s\n",
	       message.msg_name == &to && message.msg_namelen == to_len ? "kept" : "changed");
	receive("recvmsg", receiver);
	receive("recvmsg of nothing", receiver);
	name(&to, "missing");
	done("sendmsg to a missing one", sendmsg(sender, &message, 0));
	close(receiver);
	close(sender);
}

static void many(void)
{
	struct sockaddr_un to[4], from[4];
	char text[4][8];
	struct iovec vector[4];
	struct mmsghdr message[4];
	int receiver = bound(SOCK_DGRAM, "receives"), other = bound(SOCK_DGRAM, "other");
	int sender = bound(SOCK_DGRAM, "sends"), r;

	memset(message, 0, sizeof(message));
	for (int i = 0; i < 4; i++) {
		snprintf(text[i], sizeof(text[i]), "%.*s", i + 1, "abcdef");
		vector[i] = (struct iovec){text[i], (size_t)i + 1};
		message[i].msg_hdr = (struct msghdr){.msg_name = &to[i],
						     .msg_namelen = name(&to[i], "receives"),
						     .msg_iov = &vector[i],
						     .msg_iovlen = 1};
	}
	message[2].msg_hdr.msg_namelen = name(&to[2], "other");
	message[3].msg_hdr.msg_namelen = name(&to[3], "missing");
	r = sendmmsg(sender, message, 4, 0);
	printf("sendmmsg: %d, lengths %u %u %u %u\n", r, message[0].msg_len, message[1].msg_len,
	       message[2].msg_len, message[3].msg_len);
	for (int i = 0; i < 4; i++) {
		message[i].msg_hdr.msg_name = &from[i];
		message[i].msg_hdr.msg_namelen = sizeof(from[i]);
		vector[i].iov_len = 8;
	}
	r = recvmmsg(receiver, message, 4, MSG_DONTWAIT, NULL);
	printf("recvmmsg: %d\n", r);
	for (int i = 0; i < r; i++)
		show("message", (int)message[i].msg_len, &from[i], message[i].msg_hdr.msg_namelen,
		     sizeof(from[i]));
	receive("the other", other);
	close(receiver);
	close(other);
	close(sender);
}

/* Lengths and pointers that the kernel refuses, or takes in its own way. */
static void odd(void)
{
	struct sockaddr_un address;
	socklen_t len = name(&address, "odd");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	done("length 0", bind(fd, (struct sockaddr *)&address, 0));
	done("length 1", bind(fd, (struct sockaddr *)&address, 1));
	done("length 111", bind(fd, (struct sockaddr *)&address, 111));
	done("negative length", bind(fd, (struct sockaddr *)&address, (socklen_t)-1));
	done("nowhere", bind(fd, (struct sockaddr *)8, len));
	done("NULL", bind(fd, NULL, len));
	done("no NUL", bind(fd, (struct sockaddr *)&address, len - 1));
	ask_name("no NUL", getsockname, fd, sizeof(address));
	for (socklen_t size = 2; size < 8; size++)
		ask_name("short", getsockname, fd, size);
	ask_name("negative", getsockname, fd, (socklen_t)-1);
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, "\0snapredir-test", 15);
	done("abstract", connect(fd, (struct sockaddr *)&address, HEAD + 15));
	address.sun_family = AF_INET;
	done("another family", connect(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

/* Names of 107 bytes and more, once they are redirected. */
static void long_names(void)
{
	struct sockaddr_un address;
	int fd, client;
	socklen_t len;

	for (size_t n = 60; n <= 107; n += 47) {
		char last[128];

		memset(last, 'l', sizeof(last));
		last[n - strlen(dir) - 1] = '\0';
		fd = bound(SOCK_STREAM, last);
		listen(fd, 1);
		client = socket(AF_UNIX, SOCK_STREAM, 0);
		len = name(&address, last);
		done("connect", connect(client, (struct sockaddr *)&address, len));
		ask_name("getpeername", getpeername, client, sizeof(address));
		close(bound(SOCK_STREAM, last));
		done("unlink", unlink(address.sun_path));
		close(client);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	dir = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	streams("stream");
	if (chdir(dir))
		return 1;
	streams("./relative");
	datagrams();
	many();
	odd();
	dir = argv[2];
	long_names();
	return 0;
}
