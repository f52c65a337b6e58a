/* SPDX-License-Identifier: MIT
 * Which directories hold the paths of rules, by device and inode: what the end of nearly every
 * listing asks, where a readlink of /proc/self/fd/N would cost as much as the listing itself. For
 * the listings of preload/ only. It must never deny a directory that its name would tell: what is
 * not known for sure is "may be".
 */
#include "preload/listing.h"

#include <fcntl.h>

#define SLOTS   128 /* a power of two */
#define MOST    32  /* directories; more are not worth their stat */
#define BELIEVE 64  /* listings, until it is asked again: others may make a directory anew */

/* Identities are only added: what was such a directory once "may be" one for ever. */
static uint64_t slots[SLOTS];
static unsigned used;
static bool too_many;

/* The epoch of the facts in which they were gathered, and for how many listings that holds. */
static uint32_t epoch;
static int left;

static uint64_t identity(const struct stat64 *st)
{
	uint64_t id = ((uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 40) * 0xd6e8feb86659fd93ull;

	id ^= id >> 32;
	return id ? id : 1;
}

static bool is_known(uint64_t id)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t found = __atomic_load_n(&slots[(id + i) & (SLOTS - 1)], __ATOMIC_RELAXED);

		if (found == id || !found)
			return found == id;
	}
	return true;
}

/* False: the table is as full as it may be. */
static bool add(uint64_t id)
{
	if (is_known(id))
		return true;
	if (__atomic_fetch_add(&used, 1, __ATOMIC_RELAXED) >= SLOTS / 2)
		return false;
	for (unsigned i = 0;; i++) {
		uint64_t none = 0;

		if (__atomic_compare_exchange_n(&slots[(id + i) & (SLOTS - 1)], &none, id, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
}

/* The directory that CHILD is a name in. False: nobody can tell which it is. */
static bool add_directory(const struct snr_image *image, const struct snr_child *child,
			  struct shim_slot *slot)
{
	struct snr_text path = snr_rule(image, child->rule)->path;
	size_t len = child->name.off - path.off - 1;
	struct stat64 st;
	long n = snr_map(image, len ? snr_string(image, path) : "/", len ? len : 1, slot->text[0],
			 SNR_PATH_MAX);

	if (n < 0)
		return false;
	return shim_stat_real(AT_FDCWD, slot->text[0], &st, 0) == 0 && add(identity(&st));
}

static bool gather(const struct snr_image *image, uint32_t now)
{
	const struct snr_child *child =
		(const struct snr_child *)((const char *)image + image->children_off);
	struct shim_slot *slot = shim_slot_take();
	unsigned directories = 0;
	bool all = slot != NULL;

	for (uint32_t i = 0; i < image->nchildren && all; i++) {
		if (i && !child[i - 1].last)
			continue;
		if (++directories > MOST)
			__atomic_store_n(&too_many, true, __ATOMIC_RELAXED);
		all = directories <= MOST && add_directory(image, &child[i], slot);
	}
	if (slot)
		shim_slot_release(slot);
	if (all) {
		__atomic_store_n(&epoch, now, __ATOMIC_RELAXED);
		__atomic_store_n(&left, BELIEVE, __ATOMIC_RELEASE);
	}
	return all;
}

static bool is_gathered(const struct snr_redirector *redirector)
{
	uint32_t now = snr_facts_epoch(redirector->facts);

	if (__atomic_load_n(&too_many, __ATOMIC_RELAXED))
		return false;
	if (__atomic_fetch_sub(&left, 1, __ATOMIC_ACQUIRE) > 0 &&
	    __atomic_load_n(&epoch, __ATOMIC_RELAXED) == now)
		return true;
	return gather(redirector->image, now);
}

bool shim_may_hold_rules(const struct snr_redirector *redirector, int fd)
{
	struct stat64 st;

	if (snr_has_kind(redirector->image, SNR_KIND_BIT(SNR_OVERLAY)) ||
	    (redirector->image->flags & SNR_IMAGE_STRICT) || !is_gathered(redirector) ||
	    shim_stat_descriptor(fd, &st) < 0)
		return true;
	return is_known(identity(&st));
}
