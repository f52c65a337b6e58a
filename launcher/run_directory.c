/* SPDX-License-Identifier: MIT
 * The directory of one run: chosen, made, watched, removed. Part of run_directory.h.
 * It must never follow a symbolic link, nor go into a mount, while it removes.
 */
#include "launcher/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/quiet.h"
#include "launcher/side.h"
#include "shared/rawcall/rawcall.h"
#include "shared/statx.h"

#define PREFIX "snapredir-run."
#define STATE  "state"
#define TRIES                                                                                      \
	100 /* a later run may take what we make for left behind, as long as it has no lock        \
	     */

/* ---- choosing ---- */

/* May this user make something in PLACE? A place in the environment of another user (sudo(8) may
 * keep it) is none of ours. */
static int judge_place(const char *place, bool personal, char *real)
{
	struct stat st;

	if (!place || *place != '/' || !realpath(place, real))
		return place && *place == '/' ? -errno : -ENOENT;
	if (strlen(real) > SNR_PATH_MAX - 128)
		return -ENAMETOOLONG;
	if (faccessat(AT_FDCWD, real, W_OK | X_OK, AT_EACCESS) < 0 || stat(real, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return personal && st.st_uid != geteuid() ? -EPERM : 0;
}

int run_directory_choose(struct run_directory *run)
{
	const char *const places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
	char real[PATH_MAX];
	uint64_t number;
	int error = -ENOENT;

	run->state = -1;
	for (int i = 0; i < 3; i++) {
		error = judge_place(places[i], i == 0, real);
		if (!error)
			break;
	}
	if (error)
		return error;
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&number;
	snprintf(run->path, sizeof(run->path), "%s/" PREFIX "%016llx", real[1] ? real : "",
		 (unsigned long long)number);
	return 0;
}

/* ---- removing ---- */

/* Which mount the open directory FD is on; 0: not known. */
static uint64_t mount_of(int fd)
{
	struct snr_statx stx;

	if (snr_rawcall5(SYS_statx, fd, "", AT_EMPTY_PATH, SNR_STATX_MNT_ID, &stx) < 0)
		return 0;
	return snr_statx_mount(&stx);
}

static void empty(int fd, uint64_t mount, unsigned depth);

static void remove_entry(int fd, const char *name, uint64_t mount, unsigned depth)
{
	int inner;

	if (unlinkat(fd, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0 && errno == EACCES && fchmodat(fd, name, 0700, 0) == 0)
		inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0)
		return;
	if (mount_of(inner) == mount && depth)
		empty(inner, mount, depth - 1);
	else
		close(inner);
	unlinkat(fd, name, AT_REMOVEDIR);
}

/* Remove what is in the directory FD, and close it. */
static void empty(int fd, uint64_t mount, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	fchmod(fd, 0700);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_entry(dirfd(dir), entry->d_name, mount, depth);
	closedir(dir);
}

/* As deep as there are descriptors for. */
static void remove_tree(int place, const char *name)
{
	int fd = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	empty(fd, mount_of(fd), 900);
	unlinkat(place, name, AT_REMOVEDIR);
}

void run_directory_remove(const struct run_directory *run)
{
	remove_tree(AT_FDCWD, run->path);
}

/* ---- what killed runs left behind ---- */

/* NAME in the directory PLACE: ours, and nobody holds its lock? */
static bool is_left_behind(int place, const char *name)
{
	char path[NAME_MAX + sizeof("/" STATE)];
	struct stat st;
	bool left;
	int fd;

	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0 ||
	    fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	snprintf(path, sizeof(path), "%s/" STATE, name);
	fd = openat(place, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Without its file it is about to be made, or empty. */
	if (fd < 0)
		return errno == ENOENT && unlinkat(place, name, AT_REMOVEDIR) == 0;
	left = flock(fd, LOCK_EX | LOCK_NB) == 0;
	/* So that whoever waits for this lock finds that the file is none any more. */
	if (left)
		unlinkat(place, path, 0);
	close(fd);
	return left;
}

static void sweep(const char *path)
{
	char place[SNR_PATH_MAX];
	const struct dirent *entry;
	DIR *dir;

	snprintf(place, sizeof(place), "%.*s", (int)(strrchr(path, '/') - path + 1), path);
	dir = opendir(place);
	while (dir && (entry = readdir(dir)))
		if (is_left_behind(dirfd(dir), entry->d_name))
			remove_tree(dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
}

/* ---- making ---- */

/* -ENOENT: a sweep of another run came between. */
static int make_state(struct run_directory *run, size_t size)
{
	char path[SNR_PATH_MAX + sizeof("/" STATE)];
	struct stat st;
	int fd, error = 0;

	snprintf(path, sizeof(path), "%s/" STATE, run->path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_SH) < 0 || fstat(fd, &st) < 0 || ftruncate(fd, (off_t)size) < 0)
		error = -errno;
	else if (!st.st_nlink)
		error = -ENOENT;
	else if (geteuid() == 0)
		fchmod(fd, 0666); /* in a directory whose name only the run knows */
	if (!error) {
		/* The tracer has a use for low numbers. */
		run->state = fcntl(fd, F_DUPFD_CLOEXEC, 16);
		error = run->state < 0 ? -errno : 0;
	}
	close(fd);
	return error;
}

/* The real name: below another snapredir ours may be the program's. */
static int find_real_name(struct run_directory *run)
{
	char link[64], real[SNR_PATH_MAX];
	long len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", run->state);
	len = snr_rawcall4(SYS_readlinkat, AT_FDCWD, link, real, sizeof(real) - 1);
	if (len < 0)
		return (int)len;
	real[len] = '\0';
	*strrchr(real, '/') = '\0';
	strcpy(run->path, real);
	return 0;
}

int run_directory_make(struct run_directory *run, size_t size)
{
	int error = -ENOENT;

	sweep(run->path);
	for (int i = 0; i < TRIES && error == -ENOENT; i++) {
		if (mkdir(run->path, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (geteuid() == 0)
			chmod(run->path, 0711);
		error = make_state(run, size);
	}
	return error ? error : find_real_name(run);
}

/* ---- watching ---- */

static void close_but(int fd)
{
	unsigned kept = (unsigned)fd;

	if (kept)
		syscall(SYS_close_range, 0, kept - 1, 0);
	if (syscall(SYS_close_range, kept + 1, ~0u, 0) == 0)
		return;
	/* Before Linux 5.9. */
	for (int other = (int)sysconf(_SC_OPEN_MAX); other-- > 0;)
		if (other != fd)
			close(other);
}

/* The lock that is waited for is one of another open file: ours is that of all. */
static _Noreturn void watch(const struct run_directory *run)
{
	char link[64];
	sigset_t all;
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", run->state);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "snapredir-run");
	if (fd < 0 || chdir("/") < 0)
		_exit(1);
	close_but(fd);
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	run_directory_remove(run);
	_exit(0);
}

int run_directory_watch(const struct run_directory *run)
{
	struct quiet quiet;
	int side;

	quiet_begin(&quiet);
	side = side_fork(-1);
	if (side == 0)
		watch(run);
	quiet_end(&quiet);
	return side < 0 ? side : 0;
}
