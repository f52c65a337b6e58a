/* SPDX-License-Identifier: MIT
 * Shared memory and semaphores by name: libc opens files in /dev/shm by itself. Where a rule leads
 * such a file elsewhere it is opened here, a semaphore's through a temporary name beside it, so
 * that nobody sees it half made. Called by programs, which must not do so in signal handlers
 * (POSIX).
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

SHIM_REAL(int, shm_open, (const char *name, int flags, mode_t mode))
SHIM_REAL(int, shm_unlink, (const char *name))
SHIM_REAL_POINTER(sem_t *, sem_open, (const char *name, int flags, ...))
SHIM_REAL(int, sem_close, (sem_t * semaphore))
SHIM_REAL(int, sem_unlink, (const char *name))
SHIM_REAL(int, sem_init, (sem_t * semaphore, int shared, unsigned value))

#define FOLDER    "/dev/shm/"
#define FILE_SIZE (sizeof(FOLDER) + NAME_MAX)
#define ATTEMPTS  50 /* as glibc's NRETRIES */

/* The file of NAME with PREFIX, in PATH. False where libc refuses such a name, or no rule is there.
 */
static bool find_file(const char *name, const char *prefix, char path[FILE_SIZE])
{
	struct snr_builder builder = {.out = path, .size = FILE_SIZE};
	long len = name && shim_redirector() ? shim_string_length(name, SNR_PATH_MAX) : -1;

	for (; len > 0 && *name == '/'; len--)
		name++;
	for (long i = 0; i < len; i++)
		if (name[i] == '/')
			return false;
	snr_add_text(&builder, FOLDER);
	snr_add_text(&builder, prefix);
	snr_add(&builder, name, len > 0 ? (size_t)len : 0);
	return len > 0 && snr_finish(&builder) >= 0;
}

/* Plan to open PATH with FLAGS. NULL: libc does it. */
static struct shim_slot *plan_open(const char *path, int flags)
{
	return shim_plan(SNR_open, (long)path, flags, 0, 0, 0);
}

/* Ends the plan: what the opening of the file gave. */
static long open_planned(struct shim_slot *slot, const char *path, int flags, mode_t mode)
{
	const struct snr_plan *plan = &slot->plan;
	long result = plan->result;

	if (plan->verdict != SNR_FINISHED)
		result = snr_rawcall4(__NR_openat, AT_FDCWD,
				      plan->verdict == SNR_CHANGED ? plan->text[0] : path,
				      flags | O_LARGEFILE, mode);
	shim_slot_release(slot);
	return result;
}

static int result_of(long result)
{
	return result < 0 ? (int)shim_fail(result) : (int)result;
}

/* unlink(2) of PATH, if a rule applies to it. False: it is libc's. */
static bool unlinks(const char *path, int *result)
{
	struct shim_slot *slot = shim_plan(SNR_unlink, (long)path, 0, 0, 0, 0);
	long error;

	if (!slot)
		return false;
	error = slot->plan.result;
	if (slot->plan.verdict != SNR_FINISHED)
		error = snr_rawcall3(__NR_unlinkat, AT_FDCWD,
				     slot->plan.npaths ? slot->plan.text[0] : path, 0);
	shim_slot_release(slot);
	*result = result_of(error == -EPERM ? -EACCES : error); /* as POSIX has it */
	return true;
}

/* ---- shared memory ---- */

SHIM_EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
	int all = flags | O_CLOEXEC | O_NOFOLLOW;
	char path[FILE_SIZE];
	struct shim_slot *slot = find_file(name, "", path) ? plan_open(path, all) : NULL;
	long result;

	if (!slot)
		return real_shm_open()(name, flags, mode);
	result = open_planned(slot, path, all, mode);
	/* A directory's name is just another unsuitable one. */
	return result_of(result == -EISDIR ? -EINVAL : result);
}

SHIM_EXPORT int shm_unlink(const char *name)
{
	char path[FILE_SIZE];
	int result;

	if (!find_file(name, "", path) || !unlinks(path, &result))
		return real_shm_unlink()(name);
	return result;
}

SHIM_EXPORT int sem_unlink(const char *name)
{
	char path[FILE_SIZE];
	int result;

	if (!find_file(name, "sem.", path) || !unlinks(path, &result))
		return real_sem_unlink()(name);
	return result;
}

/* ---- the semaphores that we mapped ---- */

/* Who opens one twice gets the same address, and must close it as often. */
struct mapping {
	sem_t *semaphore;
	uint64_t device, inode;
	unsigned uses; /* 0: free */
};

#define MAPPINGS 100

struct mappings {
	struct mapping mapping[MAPPINGS];
	struct mappings *next;
};

static struct mappings mappings;
static int busy;

/* Another thread is done in no time; one that was lost by fork(2) never is, and then we go on. */
static void enter(void)
{
	for (int i = 0; i < 1000 && __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE); i++)
		snr_rawcall1(__NR_sched_yield, 0);
}

static void leave(void)
{
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

/* The mapping of the file that ST tells, or, without it, the one at SEMAPHORE. */
static struct mapping *find_mapping(const sem_t *semaphore, const struct stat64 *st)
{
	for (struct mappings *some = &mappings; some; some = some->next)
		for (int i = 0; i < MAPPINGS; i++) {
			struct mapping *mapping = &some->mapping[i];

			if (mapping->uses &&
			    (st ? mapping->device == st->st_dev && mapping->inode == st->st_ino
				: mapping->semaphore == semaphore))
				return mapping;
		}
	return NULL;
}

static struct mapping *free_mapping(void)
{
	struct mappings *some = &mappings;

	for (;; some = some->next) {
		for (int i = 0; i < MAPPINGS; i++)
			if (!some->mapping[i].uses)
				return &some->mapping[i];
		if (!some->next)
			some->next = shim_map(sizeof(*some));
		if (!some->next)
			return NULL;
	}
}

/* mmap(2) of a semaphore's file. NULL or its address; *ERROR is set then. */
static sem_t *map_file(long fd, long *error)
{
#ifdef __NR_mmap2
	long number = __NR_mmap2;
#else
	long number = __NR_mmap;
#endif
	long result =
		snr_rawcall6(number, 0, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (result < 0 && result > -4096) {
		*error = result;
		return NULL;
	}
	return (sem_t *)result;
}

/* The semaphore in file FD, mapped at READY or not yet: the one address at which it is used. */
static sem_t *add_mapping(long fd, sem_t *ready, long *error)
{
	struct mapping *mapping;
	struct stat64 st;

	*error = shim_stat_descriptor(fd, &st);
	if (*error)
		return NULL;
	enter();
	mapping = find_mapping(NULL, &st);
	if (mapping) {
		if (ready)
			shim_unmap(ready, sizeof(*ready));
		ready = mapping->semaphore;
		mapping->uses++;
	} else {
		ready = ready ? ready : map_file(fd, error);
		mapping = ready ? free_mapping() : NULL;
		if (mapping)
			*mapping = (struct mapping){ready, st.st_dev, st.st_ino, 1};
	}
	leave();
	return ready;
}

/* ---- semaphores ---- */

/* What stands in the file is what this libc's own functions understand. */
static sem_t *make_semaphore(long fd, unsigned value, long *error)
{
	sem_t *semaphore;

#if defined(__i386__)
	*error = snr_rawcall3(__NR_ftruncate64, fd, sizeof(*semaphore), 0);
#else
	*error = snr_rawcall2(__NR_ftruncate, fd, sizeof(*semaphore));
#endif
	semaphore = *error ? NULL : map_file(fd, error);
	if (semaphore && real_sem_init()(semaphore, 1, value) < 0) {
		*error = -errno;
		shim_unmap(semaphore, sizeof(*semaphore));
		return NULL;
	}
	return semaphore;
}

/* A new file beside the real PATH, with six letters behind its name: what a profile allows, by a
 * prefix, of names stays so. Its name comes in TEMPORARY. Descriptor or -errno. */
static long open_beside(const char *path, char temporary[SNR_PATH_MAX], mode_t mode)
{
	size_t len = snr_length(path), name = len;
	long fd = -EEXIST;

	while (name && path[name - 1] != '/')
		name--;
	if (len - name > NAME_MAX - SHIM_LETTERS)
		len = name + NAME_MAX - SHIM_LETTERS;
	if (len + SHIM_LETTERS >= SNR_PATH_MAX)
		return -ENAMETOOLONG;
	snr_copy(temporary, path, len);
	temporary[len + SHIM_LETTERS] = '\0';
	for (int i = 0; i < ATTEMPTS && fd == -EEXIST; i++) {
		shim_random_letters(temporary + len);
		fd = snr_rawcall4(__NR_openat, AT_FDCWD, temporary,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	}
	return fd == -EEXIST ? -EAGAIN : fd;
}

/* Make a semaphore at the real PATH, where there must be none (-EEXIST). */
static sem_t *create_at(const char *path, mode_t mode, unsigned value, long *error)
{
	char temporary[SNR_PATH_MAX];
	sem_t *semaphore;
	long fd = open_beside(path, temporary, mode);

	*error = fd < 0 ? fd : 0;
	if (fd < 0)
		return NULL;
	semaphore = make_semaphore(fd, value, error);
	if (semaphore)
		*error = snr_rawcall5(__NR_linkat, AT_FDCWD, temporary, AT_FDCWD, path, 0);
	if (semaphore && *error) {
		shim_unmap(semaphore, sizeof(*semaphore));
		semaphore = NULL;
	}
	if (semaphore)
		semaphore = add_mapping(fd, semaphore, error);
	snr_rawcall3(__NR_unlinkat, AT_FDCWD, temporary, 0);
	snr_rawcall1(__NR_close, fd);
	return semaphore;
}

static __attribute__((noinline)) sem_t *create(const char *path, mode_t mode, unsigned value,
					       long *error)
{
	struct shim_slot *slot =
		plan_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
	char text[SNR_PATH_MAX];
	long finished;

	if (value > SEM_VALUE_MAX)
		*error = -EINVAL;
	else
		*error = 0;
	if (slot) {
		path = shim_take(slot, 0, path, text);
		if (slot->plan.verdict == SNR_FINISHED && !*error)
			*error = slot->plan.result;
		slot->plan.verdict = SNR_UNCHANGED;
		shim_leave(slot, &finished);
	}
	return *error ? NULL : create_at(path, mode, value, error);
}

/* sem_open(3) of the file PATH, to which a rule applies. */
static sem_t *open_file(struct shim_slot *slot, const char *path, int flags, mode_t mode,
			unsigned value, long *error)
{
	const int how = (flags & O_EXCL) | O_RDWR | O_NOFOLLOW | O_CLOEXEC;
	sem_t *semaphore = NULL;
	long fd;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
		shim_slot_release(slot);
		return create(path, mode, value, error);
	}
	for (int i = 0; i < ATTEMPTS; i++) {
		fd = slot ? open_planned(slot, path, how, 0) : -ENOENT;
		if (fd >= 0) {
			semaphore = add_mapping(fd, NULL, error);
			snr_rawcall1(__NR_close, fd);
			return semaphore;
		}
		*error = fd;
		if (fd != -ENOENT || !(flags & O_CREAT))
			return NULL;
		semaphore = create(path, mode, value, error);
		/* Somebody was quicker: it is there now. */
		if (semaphore || *error != -EEXIST)
			return semaphore;
		slot = plan_open(path, how);
	}
	return NULL;
}

SHIM_EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
	char path[FILE_SIZE];
	struct shim_slot *slot;
	sem_t *semaphore;
	unsigned value = 0;
	mode_t mode = 0;
	va_list list;
	long error;

	if (flags & O_CREAT) {
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		value = va_arg(list, unsigned);
		va_end(list);
	}
	slot = find_file(name, "sem.", path)
		       ? plan_open(path, (flags & O_EXCL) | O_RDWR | O_NOFOLLOW | O_CLOEXEC)
		       : NULL;
	if (!slot)
		return real_sem_open()(name, flags, mode, value);
	semaphore = open_file(slot, path, flags, mode, value, &error);
	if (!semaphore)
		shim_fail(error);
	return semaphore;
}

/* What is not ours is libc's. */
SHIM_EXPORT int sem_close(sem_t *semaphore)
{
	struct mapping *mapping;
	unsigned left = 0;

	enter();
	mapping = find_mapping(semaphore, NULL);
	if (mapping)
		left = --mapping->uses;
	leave();
	if (!mapping)
		return real_sem_close()(semaphore);
	if (!left)
		shim_unmap(semaphore, sizeof(*semaphore));
	return 0;
}
