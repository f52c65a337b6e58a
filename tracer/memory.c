/* SPDX-License-Identifier: MIT
 * process_vm_readv(2) and its twin, and PTRACE_PEEKDATA where those are forbidden.
 * Used inside tracer/ only. It must never write anywhere but where it is told.
 */
#include "tracer/memory.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE       4096u /* the smallest there is: a bigger one's pieces are as readable as itself */
#define FIRST_READ 512u  /* most paths are shorter */
#define MAX_PIECES 8

/* A word at a time. Unlike the kernel's own access it also reads what has no read permission. */
static size_t peek_bytes(pid_t tid, uint64_t address, char *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint64_t at = address + done;
		size_t skip = at % sizeof(long);
		size_t n = sizeof(long) - skip;
		long word;

		if (n > size - done)
			n = size - done;
		if (arch_ptrace(PTRACE_PEEKDATA, tid, at - skip, (uintptr_t)&word))
			break;
		memcpy(out + done, (char *)&word + skip, n);
		done += n;
	}
	return done;
}

static size_t poke_bytes(pid_t tid, uint64_t address, const char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint64_t at = address + done;
		size_t skip = at % sizeof(long);
		size_t n = sizeof(long) - skip;
		long word;

		if (n > size - done)
			n = size - done;
		if (arch_ptrace(PTRACE_PEEKDATA, tid, at - skip, (uintptr_t)&word))
			break;
		memcpy((char *)&word + skip, data + done, n);
		if (arch_ptrace(PTRACE_POKEDATA, tid, at - skip, (uint64_t)word))
			break;
		done += n;
	}
	return done;
}

static bool is_forbidden(int err)
{
	return err == EPERM || err == EACCES || err == ENOSYS;
}

/* The most bytes from ADDRESS that can be had in one go, at most SIZE and over one page border at
 * most. 0: nothing is there. */
static size_t read_some(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			char *out, size_t size)
{
	size_t first = PAGE - address % PAGE;
	struct iovec local, remote[2];
	size_t n;
	ssize_t r = -1;

	if (first > size)
		first = size;
	if (size > first + PAGE)
		size = first + PAGE;
	local = (struct iovec){out, size};
	remote[0] = (struct iovec){(void *)(uintptr_t)address, first};
	remote[1] = (struct iovec){(void *)(uintptr_t)(address + first), size - first};
	if (tracer->memory_fd >= 0) {
		r = pread(tracer->memory_fd, out, size, (off_t)address);
		return r < 0 ? 0 : (size_t)r;
	}
	if (!tracer->memory_by_ptrace) {
		r = process_vm_readv(tracee->tid, &local, 1, remote, size > first ? 2 : 1, 0);
		if (r >= 0)
			return (size_t)r;
		if (!is_forbidden(errno))
			return 0;
	}
	n = peek_bytes(tracee->tid, address, out, first);
	tracer->memory_by_ptrace |= n > 0;
	return n;
}

long tracee_read(struct tracer *tracer, const struct tracee *tracee, uint64_t address, void *out,
		 size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t n =
			read_some(tracer, tracee, address + done, (char *)out + done, size - done);

		if (n == 0)
			return -EFAULT;
		done += n;
	}
	return 0;
}

long tracee_read_string(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
			char *out, size_t size)
{
	size_t done = 0, step = FIRST_READ;

	while (done < size) {
		const char *end;
		size_t n;

		if (step > size - done)
			step = size - done;
		n = read_some(tracer, tracee, address + done, out + done, step);
		if (n == 0)
			return -EFAULT;
		end = memchr(out + done, '\0', n);
		if (end)
			return end - out;
		done += n;
		step = PAGE;
	}
	return -ENAMETOOLONG;
}

/* How many of the N could be read whole, in one go. */
static size_t read_heads(const struct tracer *tracer, const struct tracee *tracee,
			 const uint64_t *address, size_t n, char *out, size_t size)
{
	struct iovec local = {out, n * size}, remote[64];
	ssize_t r;

	if (n > sizeof(remote) / sizeof(*remote) || tracer->memory_by_ptrace ||
	    tracer->memory_fd >= 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		remote[i] = (struct iovec){(void *)(uintptr_t)address[i], size};
	r = process_vm_readv(tracee->tid, &local, 1, remote, n, 0);
	return r < 0 ? 0 : (size_t)r / size;
}

long tracee_read_heads(struct tracer *tracer, const struct tracee *tracee, const uint64_t *address,
		       size_t n, char *out, size_t size)
{
	size_t done = 0;

	while (done < n) {
		done += read_heads(tracer, tracee, address + done, n - done, out + done * size,
				   size);
		if (done < n) {
			/* It ends in front of memory that cannot be read. */
			if (tracee_read_string(tracer, tracee, address[done], out + done * size,
					       size) == -EFAULT)
				return -EFAULT;
			done++;
		}
	}
	return 0;
}

long tracee_write(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		  const struct tracee_piece *pieces, unsigned n)
{
	struct iovec local[MAX_PIECES], remote = {(void *)(uintptr_t)address, 0};
	uint64_t at = address;

	for (unsigned i = 0; i < n && i < MAX_PIECES; i++) {
		local[i] = (struct iovec){(void *)(uintptr_t)pieces[i].data, pieces[i].size};
		remote.iov_len += pieces[i].size;
	}
	if (tracer->memory_fd >= 0)
		return pwritev(tracer->memory_fd, local, (int)n, (off_t)address) ==
				       (ssize_t)remote.iov_len
			       ? 0
			       : -EFAULT;
	if (!tracer->memory_by_ptrace) {
		ssize_t r = process_vm_writev(tracee->tid, local, n, &remote, 1, 0);

		if (r == (ssize_t)remote.iov_len)
			return 0;
		if (r >= 0 || !is_forbidden(errno))
			return -EFAULT;
	}
	for (unsigned i = 0; i < n; i++) {
		if (poke_bytes(tracee->tid, at, pieces[i].data, pieces[i].size) != pieces[i].size)
			return -EFAULT;
		at += pieces[i].size;
	}
	return 0;
}
