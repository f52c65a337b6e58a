/* SPDX-License-Identifier: MIT
 * libc's functions under the names that only some programs have for them: those of large files,
 * those with underscores, fortified ones, and those that few programs call. Run by
 * tests/integration/preload-aliases.sh in a directory of its own. It must never print what differs
 * from run to run.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <mntent.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>

/* A libc that lacks one has no line for it. */
#define WEAK __attribute__((weak))
extern FILE *__setmntent(const char *path, const char *mode) WEAK;
extern FILE *_IO_popen(const char *command, const char *mode) WEAK;
extern int __connect(int fd, const struct sockaddr *address, socklen_t size) WEAK;
extern int __sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags) WEAK;
extern ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags,
			      struct sockaddr *address, socklen_t *length) WEAK;

static void said(const char *call, long result)
{
	printf("%s: %s\n", call, result < 0 ? strerror(errno) : "ok");
}
#define SAY(call) (errno = 0, said(#call, (call)))

static void streamed(const char *call, FILE *stream)
{
	char line[80] = "";

	if (!stream)
		printf("%s: %s\n", call, strerror(errno));
	else
		printf("%s: %s", call, fgets(line, sizeof(line), stream) ? line : "empty\n");
}

/* The linker warns of those who call these. */
static const char *named(const char *function, char *text)
{
	char *(*call)(char *) = (char *(*)(char *))dlsym(RTLD_DEFAULT, function);

	return call ? call(text) : "none";
}

static void look(void)
{
	struct statvfs64 file_system;
	key_t one = ftok("/opt/acme/file", 'a'), other = ftok("file", 'a');
	char text[PATH_MAX] = "";
	FILE *stream = fopen("/dev/null", "r");

	SAY(statvfs64("/opt/acme/file", &file_system));
	SAY(statvfs64("/opt/acme/missing", &file_system));
	printf("ftok: %s\n", one == -1 ? strerror(errno) : one == other ? "the same" : "differs");
	SAY(ftok("/opt/acme/missing", 'a'));
	printf("getwd: %s\n", named("getwd", text));
	stream = freopen64("/opt/acme/file", "r", stream);
	streamed("freopen64", stream);
	if (stream)
		fclose(stream);
	if (__setmntent) {
		stream = __setmntent("/opt/acme/mtab", "r");
		streamed("__setmntent", stream);
		if (stream)
			endmntent(stream);
	}
	if (_IO_popen) {
		stream = _IO_popen("cat /opt/acme/file", "r");
		streamed("_IO_popen", stream);
		if (stream)
			printf("pclose %d\n", pclose(stream));
	}
}

static void make_names(void)
{
	char first[] = "/opt/acme/nameXXXXXX", second[] = "nameXXXXXX";

	printf("mktemp: %.14s %zu\n", named("mktemp", first), strlen(first));
	printf("__mktemp: %.4s %zu\n", named("__mktemp", second), strlen(second));
}

static int show_file(const char *path, const struct stat64 *st, int type)
{
	printf("ftw64 %s: %d %o\n", path, type, st->st_mode);
	return 0;
}

static int show_walk(const char *path, const struct stat64 *st, int type, struct FTW *place)
{
	printf("nftw64 %s: %d %o %d %d\n", path, type, st->st_mode, place->base, place->level);
	return 0;
}

static void list_all(void)
{
	char base[] = "/opt/acme/sub", *paths[] = {base, NULL};
	FTS64 *tree = fts64_open(paths, FTS_PHYSICAL, NULL);
	FTSENT64 *entry;
	struct dirent64 **names;
	glob64_t found;
	int n = scandir64("/opt/acme", &names, NULL, alphasort64);

	for (int i = 0; i < n; i++)
		printf("scandir64 %s\n", names[i]->d_name);
	SAY(ftw64("/opt/acme/sub", show_file, 10));
	SAY(nftw64("/opt/acme/sub", show_walk, 10, FTW_PHYS));
	n = glob64("/opt/acme/*/f*", 0, NULL, &found);
	for (size_t i = 0; !n && i < found.gl_pathc; i++)
		printf("glob64 %s\n", found.gl_pathv[i]);
	while (tree && (entry = fts64_read(tree)))
		printf("fts64 %s %d\n", entry->fts_path, entry->fts_info);
	if (tree)
		fts64_close(tree);
}

static void send_names(void)
{
	struct sockaddr_un address = {AF_UNIX, "/opt/acme/socket"}, mine = {AF_UNIX, "mine"};
	struct sockaddr_un from = {0};
	socklen_t size = sizeof(from);
	char data[8] = "";
	struct iovec part = {data, 1};
	struct mmsghdr message = {.msg_hdr = {&address, sizeof(address), &part, 1, NULL, 0, 0}};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);

	SAY(bind(server, (struct sockaddr *)&address, sizeof(address)));
	SAY(bind(client, (struct sockaddr *)&mine, sizeof(mine)));
	if (__sendmmsg)
		SAY(__sendmmsg(client, &message, 1, 0));
	if (__recvfrom_chk) {
		SAY(__recvfrom_chk(server, data, 8, 8, MSG_DONTWAIT, (struct sockaddr *)&from,
				   &size));
		printf("from %s\n", from.sun_path);
	}
	if (__connect)
		SAY(__connect(client, (struct sockaddr *)&address, sizeof(address)));
	size = sizeof(from);
	SAY(getpeername(client, (struct sockaddr *)&from, &size));
	printf("peer %s\n", from.sun_path);
	close(server);
	close(client);
}

static void account(void)
{
	struct utmp entry = {.ut_type = USER_PROCESS,
			     .ut_pid = 7,
			     .ut_line = "tty",
			     .ut_id = "7",
			     .ut_user = "acme"};
	struct utmpx extended = {.ut_type = USER_PROCESS, .ut_pid = 8, .ut_line = "tty"};
	struct utmp *found;
	struct spwd shadow, *one;
	char room[1000];

	SAY(utmpname("/opt/acme/utmp"));
	setutent();
	printf("pututline %s\n", pututline(&entry) ? "ok" : strerror(errno));
	setutent();
	found = getutent();
	printf("getutent %s\n", found ? found->ut_user : "nobody");
	endutent();
	SAY(utmpxname("/opt/acme/utmp"));
	setutxent();
	printf("getutxent %s\n", getutxent() ? "somebody" : "nobody");
	endutxent();
	updwtmp("/opt/acme/wtmp", &entry);
	updwtmpx("/opt/acme/wtmp", &extended);
	setspent();
	while (getspent_r(&shadow, room, sizeof(room), &one) == 0)
		printf("shadow %s\n", one->sp_namp);
	endspent();
}

int main(void)
{
	if (chdir("/opt/acme") < 0)
		return 1;
	look();
	make_names();
	list_all();
	send_names();
	account();
	return 0;
}
