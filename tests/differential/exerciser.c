/* SPDX-License-Identifier: MIT
 * Performs a script of file operations (standard input) and prints what each one gave back.
 * Run by tests/differential/run, once over bind mounts and once under an engine.
 * It must never print what differs from run to run: inode numbers, times of now, pids.
 */
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE     (1 << 18)
#define MAX_PROTECTED 64
/* Times below this were set by the script or by the world; later ones are "now". */
#define SCRIPTED_TIMES 1000000000

static char line[LINE_SIZE];
static size_t line_len;

static struct {
	dev_t dev;
	ino_t ino;
} protected_dirs[MAX_PROTECTED];
static int nprotected;
static bool count_dir_links = true;
static bool tell_root_dirs = true;
static bool keeps_searchable;

struct flag_name {
	enum flag_set set;
	const char *name;
	unsigned value;
};

#define FLAG(set, name)                                                                            \
	{                                                                                          \
		set, #name, name                                                                   \
	}
static const struct flag_name flag_names[] = {
	FLAG(OPEN_FLAGS, O_RDONLY),
	FLAG(OPEN_FLAGS, O_WRONLY),
	FLAG(OPEN_FLAGS, O_RDWR),
	FLAG(OPEN_FLAGS, O_CREAT),
	FLAG(OPEN_FLAGS, O_EXCL),
	FLAG(OPEN_FLAGS, O_TRUNC),
	FLAG(OPEN_FLAGS, O_APPEND),
	FLAG(OPEN_FLAGS, O_NOFOLLOW),
	FLAG(OPEN_FLAGS, O_DIRECTORY),
	FLAG(OPEN_FLAGS, O_PATH),
	FLAG(OPEN_FLAGS, O_TMPFILE),
	FLAG(AT_FLAGS, AT_SYMLINK_NOFOLLOW),
	FLAG(AT_FLAGS, AT_SYMLINK_FOLLOW),
	FLAG(AT_FLAGS, AT_REMOVEDIR),
	FLAG(AT_FLAGS, AT_EMPTY_PATH),
	FLAG(AT_FLAGS, AT_EACCESS),
	FLAG(RENAME_FLAGS, RENAME_NOREPLACE),
	FLAG(RENAME_FLAGS, RENAME_EXCHANGE),
	FLAG(RESOLVE_FLAGS, RESOLVE_BENEATH),
	FLAG(RESOLVE_FLAGS, RESOLVE_IN_ROOT),
	FLAG(RESOLVE_FLAGS, RESOLVE_NO_SYMLINKS),
	FLAG(RESOLVE_FLAGS, RESOLVE_NO_MAGICLINKS),
	FLAG(RESOLVE_FLAGS, RESOLVE_NO_XDEV),
	FLAG(ACCESS_FLAGS, F_OK),
	FLAG(ACCESS_FLAGS, R_OK),
	FLAG(ACCESS_FLAGS, W_OK),
	FLAG(ACCESS_FLAGS, X_OK),
};

void say(const char *format, ...)
{
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(line + line_len, sizeof line - line_len, format, ap);
	va_end(ap);
	if (len > 0)
		line_len += (size_t)len;
	if (line_len > sizeof line - 2)
		line_len = sizeof line - 2;
}

void say_end(void)
{
	size_t done = 0;

	line[line_len++] = '\n';
	while (done < line_len) {
		ssize_t got = write(STDOUT_FILENO, line + done, line_len - done);

		if (got <= 0)
			_exit(3);
		done += (size_t)got;
	}
	line_len = 0;
}

long say_result(long result)
{
	if (result >= 0) {
		say(" ok");
		return result;
	}
	const char *name = strerrorname_np(errno);

	if (name)
		say(" %s", name);
	else
		say(" errno %d", errno);
	return result;
}

static char type_letter(mode_t mode)
{
	static const char letters[] = "?pc?d?b?-?l?s???";

	return letters[(mode & S_IFMT) >> 12];
}

void ignore_dir_links(void)
{
	count_dir_links = false;
}

void ignore_root_dirs(void)
{
	tell_root_dirs = false;
}

/* Of what /proc shows the kernel forgets the times when it likes, and processes come and go. */
static bool is_of_proc(const struct stat *st)
{
	struct stat proc;

	return stat("/proc", &proc) == 0 && proc.st_dev == st->st_dev;
}

/* A directory of the machine's own, where others work too: the root, a sticky one. */
static bool is_of_machine(const struct stat *st)
{
	struct stat root;

	return (st->st_mode & S_ISVTX) || is_of_proc(st) ||
	       (stat("/", &root) == 0 && root.st_ino == st->st_ino && root.st_dev == st->st_dev);
}

void say_stat(const struct stat *st)
{
	if (S_ISDIR(st->st_mode) && !st->st_uid && !tell_root_dirs) {
		say(" d of root");
		return;
	}
	say(" %c%04o u%d", type_letter(st->st_mode), (unsigned)st->st_mode & 07777,
	    (int)st->st_uid);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return;
	if (!S_ISDIR(st->st_mode))
		say(" size %lld", (long long)st->st_size);
	if (!S_ISDIR(st->st_mode) || (count_dir_links && !is_of_machine(st)))
		say(" links %ld", (long)st->st_nlink);
	if (st->st_mtime < SCRIPTED_TIMES && !is_of_proc(st))
		say(" time %lld", (long long)st->st_mtime);
}

char *path_of(const char *token)
{
	if (!strcmp(token, "%NULL"))
		return NULL;
	if (!strcmp(token, "%BAD"))
		return (char *)8;
	return (char *)token;
}

bool is_plain(const char *token)
{
	return !strcmp(token, "-");
}

int slot_of(const char *token)
{
	return SLOT_BASE + atoi(token) % SLOTS;
}

int dirfd_of(const char *token)
{
	if (!strcmp(token, "cwd") || is_plain(token))
		return AT_FDCWD;
	if (!strcmp(token, "bad"))
		return -7;
	return slot_of(token);
}

unsigned parse_octal(const char *token)
{
	return (unsigned)strtoul(token, NULL, 8);
}

unsigned parse_flags(const char *token, enum flag_set set)
{
	unsigned flags = 0;

	while (*token && strcmp(token, "0")) {
		size_t len = strcspn(token, "|"), i, n = sizeof flag_names / sizeof *flag_names;

		for (i = 0; i < n; i++) {
			const struct flag_name *f = &flag_names[i];

			if (f->set == set && strlen(f->name) == len &&
			    !strncmp(f->name, token, len))
				break;
		}
		if (i == n) {
			fprintf(stderr, "exerciser: unknown flag: %s\n", token);
			exit(2);
		}
		flags |= flag_names[i].value;
		token += len + (token[len] == '|');
	}
	return flags;
}

void protect_path(const char *path)
{
	struct stat st;

	if (nprotected == MAX_PROTECTED || lstat(path, &st) < 0)
		return;
	protected_dirs[nprotected].dev = st.st_dev;
	protected_dirs[nprotected++].ino = st.st_ino;
}

void keep_searchable(void)
{
	keeps_searchable = true;
}

bool must_stay_searchable(int dirfd, const char *path)
{
	return keeps_searchable && is_protected(dirfd, path, 0);
}

bool is_protected(int dirfd, const char *path, int flags)
{
	struct stat st;

	if (!path || path == (char *)8 || fstatat(dirfd, path, &st, flags) < 0)
		return false;
	for (int i = 0; i < nprotected; i++)
		if (protected_dirs[i].dev == st.st_dev && protected_dirs[i].ino == st.st_ino)
			return true;
	return false;
}

static const struct op_kind *find_kind(const char *name)
{
	const struct op_kind *tables[] = {ops_open, ops_look, ops_change, ops_run, ops_rare};

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct op_kind *k = tables[t]; k->name; k++)
			if (!strcmp(k->name, name))
				return k;
	return NULL;
}

/* A line is: number TAB api (L or S) TAB kind TAB argument TAB argument ... */
static void run_line(char *text)
{
	struct op op = {0};
	char *kind_name = NULL, *field;
	int n = 0;

	while ((field = strsep(&text, "\t"))) {
		if (n == 0)
			op.number = atoi(field);
		else if (n == 1)
			op.raw = *field == 'S';
		else if (n == 2)
			kind_name = field;
		else if (op.argc < MAX_ARGS)
			op.arg[op.argc++] = field;
		n++;
	}
	const struct op_kind *kind = kind_name ? find_kind(kind_name) : NULL;

	if (!kind || op.argc < kind->argc) {
		fprintf(stderr, "exerciser: operation %d: no such kind or too few arguments: %s\n",
			op.number, kind_name ? kind_name : "");
		exit(2);
	}
	say("%d", op.number);
	errno = 0;
	kind->run(&op);
	say_end();
}

static char *read_script(void)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	ssize_t got;

	while (text && (got = read(STDIN_FILENO, text + size, room - size - 1)) > 0) {
		size += (size_t)got;
		if (room - size < 4096)
			text = realloc(text, room *= 2);
	}
	if (text)
		text[size] = '\0';
	return text;
}

int main(void)
{
	/* Random operations as root belong into the namespace that runner.py makes. */
	if (access("/", W_OK) == 0 || access("/dev", W_OK) == 0) {
		fprintf(stderr,
			"exerciser: / or /dev is writable: start me by tests/differential/run\n");
		return 2;
	}
	char *text = read_script(), *next;
	int null = open("/dev/null", O_RDONLY);

	if (!text || null < 0)
		return 2;
	dup2(null, STDIN_FILENO);
	close(null);
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	while ((next = strsep(&text, "\n")))
		if (*next)
			run_line(next);
	say("end");
	say_end();
	return 0;
}
