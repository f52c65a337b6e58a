/* SPDX-License-Identifier: MIT
 * libc's functions for descriptors, where a `fault` rule is about what they do: their first
 * instruction becomes a jump to ours, so that calls from inside libc (fwrite, printf, getline...)
 * come here, too. Where there is no such rule, nobody's read(2) is touched. For fault.c only.
 * It must never change a function that may be running.
 */
#include "preload/fault.h"
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#if defined(__x86_64__) || defined(__i386__)

#define PAGE 4096ul
#define JUMP 5u /* jmp rel32; older libcs have a second entry 9 bytes behind the first one */

/* ---- what is jumped to ---- */

#ifdef SNR_GATE_ADDRESS
typedef ssize_t transfer(int fd, const struct iovec *vector, int count, off64_t offset, int flags);

/* The same by a function of libc that is left as it is. */
static bool cancellable(enum snr_on on, const long *args, long *result)
{
	static void *real[2];
	bool writes = on == SNR_ON_write || on == SNR_ON_pwrite64 || on == SNR_ON_writev ||
		      on == SNR_ON_pwritev;
	bool places = on == SNR_ON_pread64 || on == SNR_ON_pwrite64 || on == SNR_ON_preadv ||
		      on == SNR_ON_pwritev;
	struct iovec one = {(void *)args[1], (size_t)args[2]};
	const struct iovec *vector = &one;
	transfer *next;
	int count = 1;

	if (snr_on_calls[on].size == SNR_SIZE_VECTOR) {
		vector = (const struct iovec *)args[1];
		count = (int)args[2];
	} else if (snr_on_calls[on].size != SNR_SIZE_COUNT || snr_on_calls[on].fd[1] >= 0 ||
		   !args[2]) {
		return false;
	}
	next = (transfer *)shim_next(&real[writes], writes ? "pwritev64v2" : "preadv64v2",
				     shim_missing);
	if ((void *)next == (void *)shim_missing || (places && args[3] < 0))
		return false;
	*result = next((int)args[0], vector, count, places ? args[3] : -1, 0);
	return true;
}
#endif

/* A thread that waits in read(2) can be cancelled (pthreads(7)): only libc knows how. What comes
 * back is as its function returns it. */
static __attribute__((noinline)) long come_by(enum snr_on on, long number, long *args)
{
	long result;

	/* An int, where the kernel takes a whole word. */
	if (snr_on_calls[on].size == SNR_SIZE_VECTOR)
		args[2] = (int)args[2];
	if (shim_fault_takes(on, number, args, &result))
		return shim_result(result);
#ifdef SNR_GATE_ADDRESS
	if (shim_may_be_cancelled() && cancellable(on, args, &result))
		return result;
#endif
	return shim_result(
		snr_rawcall6(number, args[0], args[1], args[2], args[3], args[4], args[5]));
}

/* Words as they come: whatever lies behind a function's own arguments is none of the call's. */
#define BY_WORDS(symbol, on)                                                                       \
	static long my_##symbol(long a, long b, long c, long d, long e, long f)                    \
	{                                                                                          \
		long args[SNR_NARGS] = {a, b, c, d, e, f};                                         \
                                                                                                   \
		return come_by(SNR_ON_##on, __NR_##on, args);                                      \
	}
/* On 32 bit: an offset of one word, where the kernel wants two. */
#define BY_SHORT_OFFSET(symbol, on)                                                                \
	static long my_##symbol(long a, long b, long c, long d, long e, long f)                    \
	{                                                                                          \
		long args[SNR_NARGS] = {a, b, c, d, d < 0 ? -1 : 0, 0};                            \
                                                                                                   \
		return come_by(SNR_ON_##on, __NR_##on, args);                                      \
	}

BY_WORDS(read, read)
BY_WORDS(readv, readv)
BY_WORDS(pread64, pread64)
BY_WORDS(preadv64, preadv)
BY_WORDS(write, write)
BY_WORDS(writev, writev)
BY_WORDS(pwrite64, pwrite64)
BY_WORDS(pwritev64, pwritev)
BY_WORDS(copy_file_range, copy_file_range)
BY_WORDS(splice, splice)
BY_WORDS(fsync, fsync)
BY_WORDS(fdatasync, fdatasync)
BY_WORDS(close, close)
#ifdef __i386__
BY_WORDS(sendfile, sendfile)
BY_WORDS(sendfile64, sendfile64)
BY_SHORT_OFFSET(pread, pread64)
BY_SHORT_OFFSET(preadv, preadv)
BY_SHORT_OFFSET(pwrite, pwrite64)
BY_SHORT_OFFSET(pwritev, pwritev)
#else
BY_WORDS(sendfile64, sendfile)
#endif

static const struct function {
	const char *symbol;
	enum snr_on on;
	long (*mine)(long, long, long, long, long, long);
} functions[] = {
#define BY(symbol, on)                                                                             \
	{                                                                                          \
#symbol, SNR_ON_##on, my_##symbol                                                  \
	}
	BY(read, read),         BY(readv, readv),           BY(pread64, pread64),
	BY(preadv64, preadv),   BY(write, write),           BY(writev, writev),
	BY(pwrite64, pwrite64), BY(pwritev64, pwritev),     BY(copy_file_range, copy_file_range),
	BY(splice, splice),     BY(fsync, fsync),           BY(fdatasync, fdatasync),
	BY(close, close),
#ifdef __i386__
	BY(sendfile, sendfile), BY(sendfile64, sendfile64), BY(pread, pread64),
	BY(preadv, preadv),     BY(pwrite, pwrite64),       BY(pwritev, pwritev),
#else
	BY(sendfile64, sendfile),
#endif
};

/* ---- the jump ---- */

/* Returns 0 or -errno; -ERANGE: too far away. The page stays executable all the time. */
static long write_jump(unsigned char *place, uintptr_t target)
{
	static const unsigned char endbr[] = {0xf3, 0x0f, 0x1e};
	uintptr_t first, end;
	intptr_t way;
	int32_t distance;
	long error;

	if (snr_equal((const char *)place, (const char *)endbr, sizeof(endbr)))
		place += 4;
	way = (intptr_t)(target - (uintptr_t)place - JUMP);
	distance = (int32_t)way;
	if (distance != way)
		return -ERANGE;
	first = (uintptr_t)place & ~(PAGE - 1);
	end = ((uintptr_t)place + JUMP + PAGE - 1) & ~(PAGE - 1);
	error = snr_rawcall3(__NR_mprotect, first, end - first, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (error)
		return error;
	place[0] = 0xe9;
	snr_copy((char *)place + 1, (const char *)&distance, sizeof(distance));
	return snr_rawcall3(__NR_mprotect, first, end - first, PROT_READ | PROT_EXEC);
}

/* Before glibc 2.34 libpthread has functions of these names, too. */
static long patch(const struct function *function)
{
	static const char *const libraries[] = {"libc.so.", "libpthread.so."};
	long error = -ENOENT;

	for (int i = 0; i < 2; i++) {
		unsigned char *place = shim_symbol_of(libraries[i], function->symbol);

		if (place && place[0] != 0xe9)
			error = write_jump(place, (uintptr_t)function->mine);
		if (place && error)
			return error;
	}
	return 0;
}

void shim_fault_patch(const struct snr_image *image)
{
	bool alone = shim_is_single_threaded();

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		const struct function *function = &functions[i];
		long error;

		if (!snr_fault_is_on(image, function->on))
			continue;
		error = alone ? patch(function) : -EBUSY;
		if (error)
			shim_log_failure(image, function->symbol, "fault", (int)error);
	}
}

#else

void shim_fault_patch(const struct snr_image *image)
{
}

#endif
