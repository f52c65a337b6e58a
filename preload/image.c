/* SPDX-License-Identifier: MIT
 * The rules image in this process: found by the environment, mapped once, handed on at exec.
 * For preload/ only. It must never be trusted before snr_image_check has seen it, and never be
 * written.
 */
#include "preload/gate.h"
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/note.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 0x2u /* linux/memfd.h */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033 /* linux/fcntl.h; hidden by old glibc headers */
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif

/* Sealed against whatever could change under our eyes. */
#define NEEDED_SEALS (F_SEAL_SHRINK | F_SEAL_WRITE)
#define ALL_SEALS    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

enum image_state { IMAGE_UNKNOWN, IMAGE_NONE, IMAGE_MAPPED };

/* A shim that does not understand the image steps aside, so the launcher takes none that says
 * another version. */
__attribute__((section(".note.snapredir"), aligned(4), used)) static const struct snr_note note =
	SNR_NOTE;

static int state;
static struct snr_facts facts;
static struct snr_redirector redirector = {.facts = &facts};
/* What we know to be ours; the program may have closed it or put something else there. */
static int image_fd = -1;

bool shim_is_sealed(int fd, int needed)
{
	long seals = snr_rawcall2(__NR_fcntl, fd, F_GET_SEALS);

	return seals >= 0 && (seals & needed) == needed;
}

long shim_map_file(int fd, size_t size, bool shared)
{
#ifdef __NR_mmap2
	long number = __NR_mmap2;
#else
	long number = __NR_mmap;
#endif

	return snr_rawcall6(number, 0, size, shared ? PROT_READ | PROT_WRITE : PROT_READ,
			    shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
}

const struct snr_image *shim_map_image(int fd)
{
	long memory, size;

	/* A descriptor of the program's own in this place is not touched. */
	if (!shim_is_sealed(fd, NEEDED_SEALS))
		return NULL;
	size = snr_rawcall3(__NR_lseek, fd, 0, SEEK_END);
	if (size < (long)sizeof(struct snr_image))
		return NULL;
	memory = shim_map_file(fd, (size_t)size, false);
	if (memory < 0 && memory > -4096)
		return NULL;
	if (snr_image_check((const void *)memory, (size_t)size) < 0) {
		shim_unmap((void *)memory, (size_t)size);
		return NULL;
	}
	return (const struct snr_image *)memory;
}

/* Move descriptor FD to where programs do not stumble over it, inheritable. Returns the new one, FD
 * itself where there is no room. */
static int move_high(int fd)
{
	long high = -EINVAL;

	/* Under a lower RLIMIT_NOFILE than SNR_FD_BASE: as high as it goes. */
	for (int base = SNR_FD_BASE; base > fd && high == -EINVAL; base /= 2)
		high = snr_rawcall3(__NR_fcntl, fd, F_DUPFD, base);
	if (high < 0) {
		snr_rawcall3(__NR_fcntl, fd, F_SETFD, 0);
		return fd;
	}
	snr_rawcall1(__NR_close, fd);
	return (int)high;
}

long shim_open_of_process(int pid, int fd, int flags)
{
	char path[64];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};

	snr_add_text(&builder, "/proc/");
	snr_add_number(&builder, pid);
	snr_add_text(&builder, "/fd/");
	snr_add_number(&builder, fd);
	snr_finish(&builder);
	return snr_rawcall4(__NR_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

static const struct snr_image *find_image(int *fd)
{
	const char *value = snr_environ_get(shim_initial_environment(), SNR_IMAGE_ENV);
	const struct snr_image *image;
	int pid, other;

	if (!value || snr_environ_parse_image(value, fd, &pid) <= 0)
		return NULL;
	image = shim_map_image(*fd);
	if (image)
		return image;
	other = (int)shim_open_of_process(pid, *fd, O_RDONLY);
	if (other < 0)
		return NULL;
	image = shim_map_image(other);
	if (image)
		*fd = move_high(other);
	else
		snr_rawcall1(__NR_close, other);
	return image;
}

#ifdef SNR_GATE_ADDRESS
/* Engine hybrid: the tracer serves what does not pass the gate, unless it has handed this thread
 * over to another tracer. Then it is as under engine preload. */
static struct snr_redirector *without_tracer(void)
{
	const struct snr_gate_words *words =
		(const struct snr_gate_words *)(SNR_GATE_ADDRESS + SNR_GATE_PAGE);

	if (!shim_gate_image || !__atomic_load_n(&words->alone, __ATOMIC_ACQUIRE) ||
	    snr_rawcall5(__NR_prctl, PR_SET_SECCOMP, SNR_GATE_ASK, 0, 0, 0) == SNR_GATE_TRACED)
		return NULL;
	redirector.host = shim_host;
	redirector.image = shim_gate_image;
	redirector.facts->start.told = &words->told;
	return &redirector;
}
#else
static struct snr_redirector *without_tracer(void)
{
	return NULL;
}
#endif

/* Threads that come here at once all map it; one of the mappings wins, the others are the same and
 * go. */
static struct snr_redirector *load(void)
{
	const struct snr_image *none = NULL;
	const struct snr_image *image;
	int fd = -1;

	image = find_image(&fd);
	if (!image) {
		__atomic_store_n(&state, IMAGE_NONE, __ATOMIC_RELEASE);
		return without_tracer();
	}
	redirector.host = shim_host;
	redirector.stats = shim_map_stats(image, false);
	image_fd = fd;
	if (!__atomic_compare_exchange_n(&redirector.image, &none, image, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		shim_unmap((void *)(uintptr_t)image, image->size);
	__atomic_store_n(&state, IMAGE_MAPPED, __ATOMIC_RELEASE);
	return &redirector;
}

struct snr_redirector *shim_rules(void)
{
	int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

	if (__builtin_expect(now == IMAGE_MAPPED, 1))
		return &redirector;
	return now == IMAGE_NONE ? without_tracer() : load();
}

/* Is FD a descriptor of an image just like ours? */
static bool is_our_image(int fd)
{
	const struct snr_image *image = redirector.image;
	struct snr_image head;

	/* pread64's offset is one register on 64 bit, two zeros on 32 bit. */
	return fd >= 0 && snr_rawcall2(__NR_fcntl, fd, F_GET_SEALS) >= 0 &&
	       snr_rawcall6(__NR_pread64, fd, &head, sizeof(head), 0, 0, 0) == (long)sizeof(head) &&
	       snr_equal((const char *)&head, (const char *)image, sizeof(head));
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		long n = snr_rawcall3(__NR_write, fd, bytes, size);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

static int create_again(void)
{
	const struct snr_image *image = redirector.image;
	long fd = snr_rawcall2(__NR_memfd_create, "snapredir", MFD_ALLOW_SEALING);

	if (fd < 0)
		return (int)fd;
	if (!write_all((int)fd, (const char *)image, image->size) ||
	    snr_rawcall3(__NR_fcntl, fd, F_ADD_SEALS, ALL_SEALS) < 0) {
		snr_rawcall1(__NR_close, fd);
		return -EIO;
	}
	return move_high((int)fd);
}

int shim_image_fd(void)
{
	int fd = __atomic_load_n(&image_fd, __ATOMIC_RELAXED);
	long flags;

	if (!is_our_image(fd)) {
		fd = create_again();
		/* In a vfork child this is the parent's memory: the number must be checked there
		 * again, and is. */
		if (fd >= 0)
			__atomic_store_n(&image_fd, fd, __ATOMIC_RELAXED);
		return fd;
	}
	flags = snr_rawcall2(__NR_fcntl, fd, F_GETFD);
	if (flags > 0 && (flags & FD_CLOEXEC))
		snr_rawcall3(__NR_fcntl, fd, F_SETFD, 0);
	return fd;
}
