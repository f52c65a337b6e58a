/* SPDX-License-Identifier: MIT
 * `fault` rules in the shim: whether a call fails, and making it with fewer bytes. Part of fault.h.
 * It must never make a call twice, nor fail one that no rule names.
 */
#include "preload/fault.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>

static struct snr_fault_counts counts;

/* The file of the run, and the descriptor of it that was opened for programs since the one of the
 * launcher was gone. */
static uint64_t state_device, state_inode;
static int own_fd = -1;

/* ---- the run ---- */

static long open_state(const struct snr_image *image, int flags)
{
	char path[SNR_PATH_MAX];
	struct snr_builder builder = {.out = path, .size = sizeof(path)};

	snr_add(&builder, snr_string(image, image->run), image->run.len);
	snr_add_text(&builder, "/state");
	if (snr_finish(&builder) < 0)
		return -ENAMETOOLONG;
	return snr_rawcall4(__NR_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_NOFOLLOW, 0);
}

static long map_state(long fd, size_t size, int protection)
{
#ifdef __NR_mmap2
	return snr_rawcall6(__NR_mmap2, 0, size, protection, MAP_SHARED, fd, 0);
#else
	return snr_rawcall6(__NR_mmap, 0, size, protection, MAP_SHARED, fd, 0);
#endif
}

/* The lock lives as long as the mapping (flock(2): the open file is what holds it), whatever
 * descriptors the program closes. Another user may only look. */
static void join(const struct snr_image *image)
{
	long fd = open_state(image, O_RDWR), place;
	int protection = PROT_READ | PROT_WRITE;
	struct stat64 st;

	if (fd < 0) {
		protection = PROT_READ;
		fd = open_state(image, O_RDONLY);
	}
	if (fd < 0)
		return;
	snr_rawcall2(__NR_flock, fd, LOCK_SH | LOCK_NB);
	if (shim_stat_descriptor(fd, &st) == 0) {
		state_device = st.st_dev;
		state_inode = st.st_ino;
		place = map_state(fd, (size_t)st.st_size, protection);
		if ((place >= 0 || place < -4095) && (protection & PROT_WRITE)) {
			counts.word = (uint32_t *)place;
			counts.n = (uint32_t)((uint64_t)st.st_size / sizeof(*counts.word));
		}
	}
	snr_rawcall1(__NR_close, fd);
}

/* Will FD tell whoever is executed next that it is of the run? */
static bool is_handed_on(int fd)
{
	struct stat64 st;
	long flags;

	if (fd < 0 || shim_stat_descriptor(fd, &st) || (uint64_t)st.st_dev != state_device ||
	    (uint64_t)st.st_ino != state_inode)
		return false;
	flags = snr_rawcall2(__NR_fcntl, fd, F_GETFD);
	if (flags > 0 && (flags & FD_CLOEXEC))
		snr_rawcall3(__NR_fcntl, fd, F_SETFD, 0);
	return true;
}

void shim_fault_before_exec(const struct snr_image *image)
{
	long fd, high;

	if (!image->run.len || is_handed_on((int)image->run_fd) ||
	    is_handed_on(__atomic_load_n(&own_fd, __ATOMIC_RELAXED)))
		return;
	fd = open_state(image, O_RDONLY);
	if (fd < 0)
		return;
	snr_rawcall2(__NR_flock, fd, LOCK_SH | LOCK_NB);
	high = snr_rawcall3(__NR_fcntl, fd, F_DUPFD, image->run_fd);
	if (high < 0)
		snr_rawcall3(__NR_fcntl, fd, F_SETFD, 0);
	else
		snr_rawcall1(__NR_close, fd);
	/* In a vfork child this is the parent's memory: there the number is checked again. */
	__atomic_store_n(&own_fd, (int)(high < 0 ? fd : high), __ATOMIC_RELAXED);
}

void shim_fault_start(const struct snr_image *image)
{
	if (image->run.len)
		join(image);
	if (image->fault_ops)
		shim_fault_patch(image);
}

/* ---- calls that name files ---- */

bool shim_fault_plan(const struct snr_redirector *redirector, const struct snr_call *call,
		     struct shim_slot *slot)
{
	struct snr_fault_answer answer =
		snr_fault_call(redirector, &counts, &slot->scratch, call, slot->text[0]);

	if (answer.rule == SNR_NO_RULE)
		return false;
	shim_tell_fault(redirector, snr_pathops[call->op].name, slot->text[0], answer.error,
			answer.rule);
	snr_plan_failed(&slot->plan, answer.error, answer.rule);
	return true;
}

/* ---- calls on descriptors ---- */

#ifndef __NR_sendfile64
#define __NR_sendfile64 -1 /* 64-bit machines need but one */
#endif

static const short numbers[] = {
#define ON(name, ...) [SNR_ON_##name] = __NR_##name,
#include "shared/faultops.def"
};

int shim_fault_on(const struct snr_image *image, long number)
{
	for (int on = 0; number >= 0 && on < SNR_NONS; on++)
		if (numbers[on] == number)
			return snr_fault_is_on(image, (enum snr_on)on) ? on : -1;
	return -1;
}

static long call(long number, const long *args)
{
	return snr_rawcall6(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

#define MAX_VECTOR 1024u /* UIO_MAXIOV of <linux/uio.h> */

/* With a copy of the vector, cut. One that is too long or cannot be read is the kernel's to refuse.
 */
static long call_with_vector(struct shim_slot *slot, long number, long *args, int arg,
			     size_t amount)
{
	struct iovec *cut = (struct iovec *)slot->text[0];
	const struct iovec *vector = (const struct iovec *)args[arg];
	size_t room = sizeof(slot->text) / sizeof(*cut), n = (size_t)args[arg + 1], used = 0;

	if (n > MAX_VECTOR)
		return call(number, args);
	if (n > room)
		n = room;
	if (!shim_is_readable(vector, n * sizeof(*vector)))
		return call(number, args);
	while (used < n && amount) {
		cut[used] = vector[used];
		if (cut[used].iov_len > amount)
			cut[used].iov_len = amount;
		amount -= cut[used++].iov_len;
	}
	args[arg] = (long)cut;
	args[arg + 1] = (long)used;
	return call(number, args);
}

static long call_shortened(struct shim_slot *slot, enum snr_on on, long number, long *args,
			   size_t amount)
{
	const struct snr_on_call *row = &snr_on_calls[on];
	int arg = row->size_arg;

	if (row->size == SNR_SIZE_VECTOR)
		return call_with_vector(slot, number, args, arg, amount);
	if (row->size == SNR_SIZE_COUNT && (unsigned long)args[arg] > amount)
		args[arg] = (long)amount;
	return call(number, args);
}

/* What the rules say of ON with ARGS; its file's name is in SLOT then. */
static struct snr_fault_answer ask(const struct snr_redirector *redirector, struct shim_slot *slot,
				   enum snr_on on, const long *args)
{
	struct snr_fault_answer answer;
	uint64_t words[SNR_NARGS];

	for (int i = 0; i < SNR_NARGS; i++)
		words[i] = (unsigned long)args[i];
	answer = snr_fault_on(redirector, &counts, on, words, slot->text[0], slot->text[1]);
	if (answer.rule != SNR_NO_RULE)
		shim_tell_fault(redirector, snr_on_calls[on].name, slot->text[1], answer.error,
				answer.rule);
	return answer;
}

int shim_fault_of_close(int fd)
{
	const long args[SNR_NARGS] = {fd};
	struct snr_redirector *redirector = shim_rules();
	struct shim_slot *slot = redirector ? shim_slot_take() : NULL;
	int error;

	if (!slot)
		return 0;
	error = ask(redirector, slot, SNR_ON_close, args).error;
	shim_slot_release(slot);
	return error;
}

bool shim_fault_takes(enum snr_on on, long number, long args[SNR_NARGS], long *result)
{
	struct snr_redirector *redirector = shim_rules();
	struct shim_slot *slot = redirector ? shim_slot_take() : NULL;
	struct snr_fault_answer answer;

	if (!slot)
		return false;
	answer = ask(redirector, slot, on, args);
	if (answer.rule != SNR_NO_RULE) {
		*result = answer.error;
		/* close(2): the descriptor is gone, whatever the error. */
		if (!answer.error)
			*result = call_shortened(slot, on, number, args, answer.amount);
		else if (on == SNR_ON_close)
			call(number, args);
	}
	shim_slot_release(slot);
	return answer.rule != SNR_NO_RULE;
}

long shim_fault_serve(enum snr_on on, long number, const long args[SNR_NARGS])
{
	long mine[SNR_NARGS], result;

	for (int i = 0; i < SNR_NARGS; i++)
		mine[i] = args[i];
	return shim_fault_takes(on, number, mine, &result) ? result : call(number, args);
}
