/* SPDX-License-Identifier: MIT
 * Every call that takes or gives the name of an AF_UNIX socket. Run by
 * tests/integration/ops-socket.sh in a directory of its own. It must print no length or name but
 * the program's own.
 */
#include "tests/programs/ops.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HEAD offsetof(struct sockaddr_un, sun_path)

/* A call of the kernel's for each word size: i386 has no accept, only accept4. */
#ifdef SYS_accept
#define ACCEPT(fd, address, len) WAY(accept(fd, address, len), SYS_accept, fd, address, len)
#else
#define ACCEPT(fd, address, len) WAY(accept(fd, address, len), SYS_accept4, fd, address, len, 0)
#endif

static socklen_t name_of(struct sockaddr_un *address, const char *path)
{
	size_t len;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	len = strnlen(path, sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, len);
	return (socklen_t)(HEAD + len + 1);
}

static void show(const char *call, const char *name, long result, const struct sockaddr_un *address,
		 socklen_t len, socklen_t room)
{
	if (result < 0) {
		said(call, name, result);
		return;
	}
	len = len < room ? len : room;
	if (len <= HEAD)
		printf("%s %s: length %u, no name\n", call, name, len);
	else if (!address->sun_path[0])
		printf("%s %s: length %u, abstract\n", call, name, len);
	else
		printf("%s %s: length %u, %.*s\n", call, name, len,
		       (int)strnlen(address->sun_path, len - HEAD), address->sun_path);
}

static int bound(int kind, const char *path)
{
	struct sockaddr_un address;
	socklen_t len = name_of(&address, path), out = sizeof(address);
	int fd = socket(AF_UNIX, kind, 0);

	said("bind", path, WAY(bind(fd, (void *)&address, len), SYS_bind, fd, &address, len));
	memset(&address, 'x', sizeof(address));
	show("getsockname", path,
	     WAY(getsockname(fd, (void *)&address, &out), SYS_getsockname, fd, &address, &out),
	     &address, out, sizeof(address));
	memset(&address, 'x', sizeof(address));
	out = HEAD + 6;
	show("getsockname, short", path,
	     WAY(getsockname(fd, (void *)&address, &out), SYS_getsockname, fd, &address, &out),
	     &address, out, HEAD + 6);
	printf("\tlength told: %u\n", out);
	return fd;
}

static void stream(const char *path, const char *client)
{
	struct sockaddr_un address;
	socklen_t len, out = sizeof(address);
	int server = bound(SOCK_STREAM, path);
	int fd = bound(SOCK_STREAM, client), peer;

	said("listen", path, listen(server, 5));
	len = name_of(&address, path);
	if (said("connect", path,
		 WAY(connect(fd, (void *)&address, len), SYS_connect, fd, &address, len)) < 0)
		goto out;
	peer = (int)ACCEPT(server, (void *)&address, &out);
	show("accept", path, peer, &address, out, sizeof(address));
	out = sizeof(address);
	show("getpeername", path,
	     WAY(getpeername(fd, (void *)&address, &out), SYS_getpeername, fd, &address, &out),
	     &address, out, sizeof(address));
	out = sizeof(address);
	show("getpeername of the other", path,
	     WAY(getpeername(peer, (void *)&address, &out), SYS_getpeername, peer, &address, &out),
	     &address, out, sizeof(address));
	close(peer);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	len = name_of(&address, path);
	said("connect again", path,
	     WAY(connect(fd, (void *)&address, len), SYS_connect, fd, &address, len));
	out = sizeof(address);
	peer = (int)WAY(accept4(server, (void *)&address, &out, SOCK_CLOEXEC), SYS_accept4, server,
			&address, &out, SOCK_CLOEXEC);
	show("accept4, unbound", path, peer, &address, out, sizeof(address));
	close(peer);
out:
	close(fd);
	close(server);
}

static void take(const char *call, int server)
{
	struct sockaddr_un address;
	char text[16];
	struct iovec piece = {text, sizeof(text)};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_iov = &piece,
				 .msg_iovlen = 1};
	struct mmsghdr several = {.msg_hdr = message};
	socklen_t out = sizeof(address);

	memset(&address, 'x', sizeof(address));
	if (call[4] == 'f') {
		show(call, "",
		     WAY(recvfrom(server, text, sizeof(text), MSG_DONTWAIT, (void *)&address, &out),
			 SYS_recvfrom, server, text, sizeof(text), MSG_DONTWAIT, &address, &out),
		     &address, out, sizeof(address));
	} else if (call[4] == 'm' && call[5] == 's') {
		show(call, "",
		     WAY(recvmsg(server, &message, MSG_DONTWAIT), SYS_recvmsg, server, &message,
			 MSG_DONTWAIT),
		     &address, message.msg_namelen, sizeof(address));
#ifdef SYS_recvmmsg_time64
	} else if (call[8] == '_') {
		show(call, "",
		     OPS_CALL(SYS_recvmmsg_time64, server, &several, 1, MSG_DONTWAIT, NULL),
		     &address, several.msg_hdr.msg_namelen, sizeof(address));
#endif
	} else {
		show(call, "",
		     WAY(recvmmsg(server, &several, 1, MSG_DONTWAIT, NULL), SYS_recvmmsg, server,
			 &several, 1, MSG_DONTWAIT, NULL),
		     &address, several.msg_hdr.msg_namelen, sizeof(address));
	}
}

static void datagrams(const char *path, const char *client)
{
	struct sockaddr_un address;
	socklen_t len;
	struct iovec piece = {(char *)"hello", 5};
	struct msghdr message = {.msg_name = &address, .msg_iov = &piece, .msg_iovlen = 1};
	struct mmsghdr several[3];
	int server = bound(SOCK_DGRAM, path), fd = bound(SOCK_DGRAM, client);

	len = name_of(&address, path);
	message.msg_namelen = len;
	said("sendto", path,
	     WAY(sendto(fd, "hello", 5, 0, (void *)&address, len), SYS_sendto, fd, "hello", 5, 0,
		 &address, len));
	take("recvfrom", server);
	said("sendmsg", path, WAY(sendmsg(fd, &message, 0), SYS_sendmsg, fd, &message, 0));
	take("recvmsg", server);
	several[0].msg_hdr = several[1].msg_hdr = several[2].msg_hdr = message;
	printf("sendmmsg %s: %ld\n", path,
	       WAY(sendmmsg(fd, several, 3, 0), SYS_sendmmsg, fd, several, 3, 0));
	take("recvmmsg", server);
	take("recvmmsg_time64", server);
	take("recvfrom", server);
	take("recvfrom of nothing", server);
	printf("name afterwards: %s\n", address.sun_path);
	close(fd);
	close(server);
}

static void bad(void)
{
	struct sockaddr_un address;
	socklen_t len = name_of(&address, in("s1")), out = (socklen_t)-5;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	static const long lengths[] = {-1, 0, 1, 2, 3, 8, 110, 111, 128, 129, 4096, 1 << 30};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char text[32];

		snprintf(text, sizeof(text), "with length %ld", lengths[i]);
		said("connect", text,
		     WAY(connect(fd, (void *)&address, (socklen_t)lengths[i]), SYS_connect, fd,
			 &address, lengths[i]));
	}
	said("connect", "NULL", WAY(connect(fd, NULL, len), SYS_connect, fd, NULL, len));
	said("connect", "wild", WAY(connect(fd, (void *)8, len), SYS_connect, fd, 8, len));
	said("connect", "a closed descriptor",
	     WAY(connect(999, (void *)&address, len), SYS_connect, 999, &address, len));
	said("connect", "no socket",
	     WAY(connect(0, (void *)&address, len), SYS_connect, 0, &address, len));
	address.sun_family = AF_INET;
	said("connect", "another family",
	     WAY(connect(fd, (void *)&address, len), SYS_connect, fd, &address, len));
	said("getsockname", "a negative length",
	     WAY(getsockname(fd, (void *)&address, &out), SYS_getsockname, fd, &address, &out));
	said("getsockname", "no length",
	     WAY(getsockname(fd, (void *)&address, NULL), SYS_getsockname, fd, &address, NULL));
	out = sizeof(address);
	said("getsockname", "NULL",
	     WAY(getsockname(fd, NULL, &out), SYS_getsockname, fd, NULL, &out));
	/* all 108 bytes, and no NUL behind them */
	memset(&address, 'n', sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, "/opt/acme/", 10);
	said("bind", "108 bytes",
	     WAY(bind(fd, (void *)&address, sizeof(address)), SYS_bind, fd, &address,
		 sizeof(address)));
	out = sizeof(address);
	show("getsockname", "108 bytes",
	     WAY(getsockname(fd, (void *)&address, &out), SYS_getsockname, fd, &address, &out),
	     &address, out, sizeof(address));
	printf("\tlength told: %u\n", out);
	close(fd);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"s1",         "sub/s2", "home/s3",   "inner/s4",
					    "missing/s5", "file",   "dangling",  "back",
					    "link",       "loop",   "sub/up/s6", NULL};

	ops_start(argc, argv);
	for (const char *const *name = names; *name; name++) {
		char path[PATH_MAX], client[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", ops_base, *name);
		snprintf(client, sizeof(client), "%s/%s.client", ops_base, *name);
		stream(path, client);
		unlink(path);
		unlink(client);
		datagrams(path, client);
	}
	chdir(in("sub"));
	stream("relative", "../relative.client");
	datagrams("./relative2", "../inner/client2");
	bound(SOCK_DGRAM, "");
	bad();
	return 0;
}
