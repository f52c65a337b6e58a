/* SPDX-License-Identifier: MIT
 * Reading the program's memory without believing its pointers: a wild one must get the kernel's
 * EFAULT, not our SIGSEGV. For preload/ only. It must never read a byte that the kernel has not
 * read before us.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/uio.h>

#define PAGE_SIZE 4096u
#define PAGE_MASK (~(uintptr_t)(PAGE_SIZE - 1))

/* Pages that were readable a moment ago: the page's address, and in its low bits how often this is
 * believed before the kernel is asked again. What libc's functions unmap or protect is no longer
 * believed (the table's UNMAPS rows); what goes unseen (libc's own memory, direct system calls) may
 * be believed that often too much. To ask each time would cost a stat 140 ns of 1300, once in 16
 * times cannot be measured. Lossy: one word an entry, read and written at once. */
#define PROVEN  128
#define BELIEVE 16

static uintptr_t proven[PROVEN];

/* rt_sigprocmask(2) reads the new mask, 8 bytes, before it refuses an unknown way of changing it:
 * EINVAL is readable, EFAULT is not (kernel/signal.c, all versions). Nothing changes either way. */
static bool kernel_can_read(uintptr_t page)
{
	return snr_rawcall4(__NR_rt_sigprocmask, -1, page, 0, 8) == -EINVAL;
}

/* Threads have their stacks in different places, and so their entries: no cache line is fought for.
 */
static uintptr_t *entry_of(uintptr_t page)
{
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	return &proven[(page / PAGE_SIZE ^ page / PAGE_SIZE / PROVEN ^ stack >> 16) % PROVEN];
}

static bool is_page_readable(uintptr_t page)
{
	uintptr_t *entry = entry_of(page);
	uintptr_t known = __atomic_load_n(entry, __ATOMIC_RELAXED);

	if ((known & PAGE_MASK) == page && (known & ~PAGE_MASK)) {
		__atomic_store_n(entry, known - 1, __ATOMIC_RELAXED);
		return true;
	}
	if (!kernel_can_read(page))
		return false;
	__atomic_store_n(entry, page | BELIEVE, __ATOMIC_RELAXED);
	return true;
}

void shim_disbelieve(const void *address, size_t size)
{
	uintptr_t first = (uintptr_t)address & PAGE_MASK;
	uintptr_t last = (uintptr_t)address + size - 1;

	if (last < first)
		last = UINTPTR_MAX;
	for (unsigned i = 0; i < PROVEN; i++) {
		uintptr_t known = __atomic_load_n(&proven[i], __ATOMIC_RELAXED);

		if (known && known >= first && (known & PAGE_MASK) <= last)
			__atomic_store_n(&proven[i], 0, __ATOMIC_RELAXED);
	}
}

bool shim_is_readable(const void *address, size_t size)
{
	uintptr_t start = (uintptr_t)address;
	uintptr_t last = start + size - 1;

	if (!size)
		return true;
	if (last < start)
		return false;
	for (uintptr_t page = start & PAGE_MASK;; page += PAGE_SIZE) {
		if (!is_page_readable(page))
			return false;
		if (page == (last & PAGE_MASK))
			return true;
	}
}

long shim_string_length(const char *address, size_t size)
{
	uintptr_t start = (uintptr_t)address;
	size_t len = 0;

	while (len < size) {
		uintptr_t at = start + len;
		size_t here = PAGE_SIZE - (at & ~PAGE_MASK);
		size_t n;

		if (!is_page_readable(at & PAGE_MASK))
			return -EFAULT;
		if (here > size - len)
			here = size - len;
		n = snr_length_within((const char *)at, here);
		len += n;
		if (n < here)
			return (long)len;
		if (start + len < start)
			return -EFAULT;
	}
	return -ENAMETOOLONG;
}

/* Can all SIZE bytes at ADDRESS, which are to be written anyway, be written? getrandom(2) writes
 * just these, and up to 256 without being interrupted by a signal. Where the kernel cannot be asked
 * the pointer is believed. */
static bool kernel_can_write(char *address, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t part = size - done < 256 ? size - done : 256;
		long n = snr_rawcall3(__NR_getrandom, address + done, part, GRND_NONBLOCK);

		if (n < 0)
			return n != -EFAULT;
		if ((size_t)n < part)
			return false;
		done += part;
	}
	return true;
}

/* process_vm_readv(2) from ourselves: the kernel copies, and says EFAULT where we would get a
 * SIGSEGV. The profile of a strict snap forbids it. */
long shim_write(void *address, const char *bytes, size_t size)
{
	const struct iovec to = {address, size};
	const struct iovec from = {(void *)(uintptr_t)bytes, size};
	long n = snr_rawcall6(__NR_process_vm_readv, snr_rawcall1(__NR_getpid, 0), &to, 1, &from, 1,
			      0);

	if (n == -EFAULT || (n >= 0 && (size_t)n < size))
		return -EFAULT;
	if (n < 0 && !kernel_can_write(address, size))
		return -EFAULT;
	if (n < 0)
		snr_copy(address, bytes, size);
	return 0;
}

long shim_count_vector(char *const *vector)
{
	long n = 0;

	if (!vector)
		return 0;
	for (;; n++) {
		if (!shim_is_readable(&vector[n], sizeof(*vector)))
			return -EFAULT;
		if (!vector[n])
			return n;
		/* A string as long as the kernel takes (MAX_ARG_STRLEN is 32 pages): more is its
		 * E2BIG. */
		if (shim_string_length(vector[n], 32 * PAGE_SIZE) == -EFAULT)
			return -EFAULT;
	}
}
