/* SPDX-License-Identifier: MIT
 * The redirector's questions, answered for a tracee: its strings, its links, its cwd and
 * descriptors. Used inside tracer/ only. It must never answer with what the tracer itself would
 * see where the tracee sees something else.
 */
#include "tracer/creds.h"
#include "tracer/memory.h"

#include "shared/overlay.h"
#include "shared/statx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static long host_read_string(void *context, uint64_t address, char *out, size_t size)
{
	struct tracer *tracer = context;

	return tracee_read_string(tracer, tracer->current, address, out, size);
}

static long host_read_bytes(void *context, uint64_t address, void *out, size_t size)
{
	struct tracer *tracer = context;

	return tracee_read(tracer, tracer->current, address, out, size);
}

/* Does PATH go through the directory NAME of /proc? Gives what follows it. */
static const char *behind_proc(const char *path, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(path, "/proc/", 6) || strncmp(path + 6, name, len))
		return NULL;
	return path[6 + len] == '/' || path[6 + len] == '\0' ? path + 6 + len : NULL;
}

int tracee_view(const struct tracer *tracer, const char *path, char *out, size_t size)
{
	const struct tracee *tracee = tracer->current;
	const char *rest;
	int n;

	if ((rest = behind_proc(path, "self")))
		n = snprintf(out, size, "/proc/%d%s", tracee->tgid, rest);
	else if ((rest = behind_proc(path, "thread-self")))
		n = snprintf(out, size, "/proc/%d/task/%d%s", tracee->tgid, tracee->tid, rest);
	else if (tracer->roots_differ)
		n = snprintf(out, size, "/proc/%d/root%s", tracee->tid, path);
	else
		n = snprintf(out, size, "%s", path);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The links /proc/self and /proc/thread-self themselves. */
static long read_self(const struct tracee *tracee, const char *path, char *out, size_t size)
{
	char text[64];
	int n;

	if (!strcmp(path, "/proc/self"))
		n = snprintf(text, sizeof(text), "%d", tracee->tgid);
	else
		n = snprintf(text, sizeof(text), "%d/task/%d", tracee->tgid, tracee->tid);
	if ((size_t)n > size)
		n = (int)size;
	memcpy(out, text, (size_t)n);
	return n;
}

static long host_read_link(void *context, const char *path, char *out, size_t size)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	ssize_t n;

	if (!strcmp(path, "/proc/self") || !strcmp(path, "/proc/thread-self"))
		return read_self(tracer->current, path, out, size);
	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	n = readlink(view, out, size);
	if (n < 0)
		return -errno;
	/* The text of a link is worth more than the kernel's answer to come: only who may look gets
	 * it. */
	creds_take(tracer);
	if (tracer->creds_differ)
		n = readlink(view, out, size);
	if (n < 0)
		n = -errno;
	creds_return(tracer);
	return n;
}

/* Asked by doing: access(2) judges by other ids than a lookup does. */
static long search_here(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	long r;

	if (fd < 0)
		return -errno;
	r = fstatat(fd, ".", &st, 0) ? -errno : 0;
	close(fd);
	return r;
}

static long host_search(void *context, const char *path)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	long r;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	creds_take(tracer);
	r = search_here(view);
	creds_return(tracer);
	return r;
}

static long host_kind(void *context, const char *path, uint64_t *inode)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	struct stat st;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	if (lstat(view, &st))
		return -errno;
	*inode = st.st_ino;
	return IFTODT(st.st_mode);
}

static long host_upper(void *context, const char *path)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	return snr_upper_look(view);
}

static long host_list(void *context, const char *path, int64_t cookie, char *out, size_t size)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	return snr_upper_list(view, cookie, out, size);
}

static long host_mount(void *context, const char *path, uint64_t *mount)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	struct snr_statx stx;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	if (syscall(SYS_statx, AT_FDCWD, view, 0, SNR_STATX_MNT_ID, &stx))
		return -errno;
	*mount = snr_statx_mount(&stx);
	return 0;
}

static long host_read_only(void *context, const char *path)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	struct statfs fs;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	return statfs(view, &fs) ? -errno : (fs.f_flags & ST_RDONLY) != 0;
}

static long host_access(void *context, const char *path, int mode)
{
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	long r;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	creds_take(tracer);
	r = faccessat(AT_FDCWD, view, mode, AT_EACCESS) ? -errno : 0;
	creds_return(tracer);
	return r;
}

/* The tracee goes through our own descriptor, which /proc lets it do as long as it could trace us,
 * too: that is, as long as it is the same user. */
static long host_shorten(void *context, const char *path, char *out, size_t size)
{
	static int kept[8]; /* open until so many more were asked for: the call comes after us */
	static unsigned next;
	struct tracer *tracer = context;
	char view[SNR_PATH_MAX + 64];
	int fd;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	creds_take(tracer);
	fd = open(view, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	creds_return(tracer);
	if (fd < 0)
		return fd;
	if (kept[next])
		close(kept[next]);
	kept[next] = fd;
	next = (next + 1) % (sizeof(kept) / sizeof(*kept));
	return snprintf(out, size, "/proc/%d/fd/%d", getpid(), fd);
}

static long host_directory(void *context, int dirfd, char *out, size_t size)
{
	struct tracer *tracer = context;
	char path[48];
	ssize_t n;

	if (dirfd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%d/cwd", tracer->current->tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", tracer->current->tid, dirfd);
	n = readlink(path, out, size);
	if (n < 0)
		return errno == ENOENT ? -EBADF : -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return n;
}

static long host_path_only(void *context, int fd)
{
	struct tracer *tracer = context;
	char path[48], text[128];
	const char *flags;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tracer->current->tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return errno == ENOENT ? -EBADF : -errno;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	flags = strstr(text, "flags:");
	return flags && (strtoul(flags + 6, NULL, 8) & O_PATH) != 0;
}

bool tracee_is_elsewhere(struct tracer *tracer)
{
	char path[48], root[SNR_PATH_MAX];
	ssize_t n;

	if (!tracer->roots_differ)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/root", tracer->current->tid);
	n = readlink(path, root, sizeof(root));
	return n != 1 || root[0] != '/';
}

void tracee_host_init(struct tracer *tracer)
{
	tracer->redirector.host = (struct snr_host){
		.context = tracer,
		.read_string = host_read_string,
		.read_bytes = host_read_bytes,
		.read_link = host_read_link,
		.search = host_search,
		.kind = host_kind,
		.upper = host_upper,
		.list = host_list,
		.mount = host_mount,
		.read_only = host_read_only,
		.access = host_access,
		.shorten = host_shorten,
		.directory = host_directory,
		.path_only = host_path_only,
	};
}
