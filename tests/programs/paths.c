/* SPDX-License-Identifier: MIT
 * Does path operations in the order of its arguments and prints what came of each: OP PATH [PATH].
 * Run by the integration tests in every form it is built in (dynamic, static, musl, 32-bit).
 * It must print nothing that differs from run to run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[PATH_MAX];

static int do_read(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int do_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0)
		return -1;
	if (write(fd, "written\n", 8) != 8)
		return -1;
	return close(fd);
}

static int describe(int result, const struct stat *st)
{
	if (result == 0)
		snprintf(text, sizeof(text), "mode %o size %ld", (unsigned int)st->st_mode,
			 S_ISREG(st->st_mode) ? (long)st->st_size : 0L);
	return result;
}

static int do_stat(const char *path)
{
	struct stat st;

	return describe(stat(path, &st), &st);
}

static int do_lstat(const char *path)
{
	struct stat st;

	return describe(lstat(path, &st), &st);
}

/* openat and fstatat: the last component relative to a descriptor of its directory. */
static int do_at(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	struct stat st;
	int fd, result;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash) {
		errno = EINVAL;
		return -1;
	}
	*slash = '\0';
	fd = open(slash == dir ? "/" : dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -1;
	result = fstatat(fd, slash + 1, &st, 0);
	close(fd);
	return describe(result, &st);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int do_list(const char *path)
{
	char *names[256];
	size_t n = 0, used = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return -1;
	while ((entry = readdir(dir)) && n < 256)
		if (entry->d_name[0] != '.')
			names[n++] = strdup(entry->d_name);
	closedir(dir);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < n && used < sizeof(text); i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", names[i]);
		free(names[i]);
	}
	return 0;
}

static int do_readlink(const char *path)
{
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n >= 0)
		text[n] = '\0';
	return n < 0 ? -1 : 0;
}

static int do_realpath(const char *path)
{
	return realpath(path, text) ? 0 : -1;
}

static int do_chdir(const char *path)
{
	if (chdir(path) != 0)
		return -1;
	return getcwd(text, sizeof(text)) ? 0 : -1;
}

static int do_access(const char *path)
{
	return access(path, R_OK | W_OK);
}

static int do_mkdir(const char *path)
{
	return mkdir(path, 0755);
}

static int do_chmod(const char *path)
{
	return chmod(path, 0600);
}

static int do_truncate(const char *path)
{
	return truncate(path, 3);
}

/* A socket is bound at PATH, found by its name and connected to. */
static int do_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX}, name;
	socklen_t size = sizeof(name);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	int result = -1;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(server, 1) == 0 &&
	    connect(client, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    getsockname(server, (struct sockaddr *)&name, &size) == 0) {
		snprintf(text, sizeof(text), "bound as %s", name.sun_path);
		result = 0;
	}
	close(server);
	close(client);
	return result;
}

/* Runs PATH without arguments and tells its status. */
static int do_run(const char *path)
{
	char *argv[] = {(char *)path, NULL}, *envp[] = {NULL};
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve(path, argv, envp);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	snprintf(text, sizeof(text), "status %d", WEXITSTATUS(status));
	return 0;
}

static const struct {
	const char *name;
	int (*one)(const char *);
	int (*two)(const char *, const char *);
} operations[] = {
	{"read", do_read, NULL},
	{"write", do_write, NULL},
	{"stat", do_stat, NULL},
	{"lstat", do_lstat, NULL},
	{"at", do_at, NULL},
	{"list", do_list, NULL},
	{"readlink", do_readlink, NULL},
	{"realpath", do_realpath, NULL},
	{"chdir", do_chdir, NULL},
	{"access", do_access, NULL},
	{"mkdir", do_mkdir, NULL},
	{"rmdir", rmdir, NULL},
	{"unlink", unlink, NULL},
	{"chmod", do_chmod, NULL},
	{"truncate", do_truncate, NULL},
	{"socket", do_socket, NULL},
	{"run", do_run, NULL},
	{"rename", NULL, rename},
	{"link", NULL, link},
	{"symlink", NULL, symlink},
};

#define NOPERATIONS (sizeof(operations) / sizeof(operations[0]))

int main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++) {
		size_t op = 0;
		int result;

		while (op < NOPERATIONS && strcmp(operations[op].name, argv[i]) != 0)
			op++;
		if (op == NOPERATIONS || (operations[op].two && i + 2 >= argc)) {
			fprintf(stderr, "paths: %s is no operation\n", argv[i]);
			return 2;
		}
		text[0] = '\0';
		errno = 0;
		printf("%s %s", argv[i], argv[i + 1]);
		i++;
		if (operations[op].two) {
			printf(" %s", argv[i + 1]);
			result = operations[op].two(argv[i], argv[i + 1]);
			i++;
		} else {
			result = operations[op].one(argv[i]);
		}
		printf(": %s\n", result ? strerror(errno) : (text[0] ? text : "done"));
	}
	return 0;
}
