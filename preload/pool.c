/* SPDX-License-Identifier: MIT
 * Memory of the shim: a few slots in .bss, taken with one atomic exchange, and pages from the
 * kernel beyond them. For preload/ only. It must never wait: a signal handler may want a slot while
 * its own thread holds one.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"

#include <sys/mman.h>

/* More threads than these plan at one moment only where there are more processors. A slot that is
 * lost (the program jumped out of a signal handler that interrupted a plan) costs speed, nothing
 * else. */
#define SLOTS 16

static struct shim_slot slots[SLOTS];

void *shim_map(size_t size)
{
#ifdef __NR_mmap2
	long number = __NR_mmap2;
#else
	long number = __NR_mmap;
#endif
	long result = snr_rawcall6(number, 0, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result < 0 && result > -4096 ? NULL : (void *)result;
}

void shim_unmap(void *memory, size_t size)
{
	snr_rawcall2(__NR_munmap, memory, size);
}

static struct shim_slot *slot_ready(struct shim_slot *slot)
{
	for (int i = 0; i < SNR_MAX_PATHS; i++)
		slot->plan.text[i] = slot->text[i];
	return slot;
}

/* Threads start at different slots: their stacks lie apart. */
static unsigned first_slot(void)
{
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	return (unsigned)((stack >> 12) ^ (stack >> 18)) % SLOTS;
}

struct shim_slot *shim_slot_take(void)
{
	unsigned first = first_slot();
	struct shim_slot *slot;

	for (unsigned i = 0; i < SLOTS; i++) {
		slot = &slots[(first + i) % SLOTS];
		if (!__atomic_load_n(&slot->taken, __ATOMIC_RELAXED) &&
		    !__atomic_exchange_n(&slot->taken, 1, __ATOMIC_ACQUIRE))
			return slot_ready(slot);
	}
	slot = shim_map(sizeof(*slot));
	if (!slot)
		return NULL;
	slot->mapped = true;
	return slot_ready(slot);
}

void shim_slot_release(struct shim_slot *slot)
{
	if (slot->mapped)
		shim_unmap(slot, sizeof(*slot));
	else
		__atomic_store_n(&slot->taken, 0, __ATOMIC_RELEASE);
}
