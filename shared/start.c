/* SPDX-License-Identifier: MIT
 * Where relative paths start, remembered. Callable from everywhere.
 * It must never make a system call where all is known.
 */
#include "shared/start.h"

#include "shared/overlay.h"
#include "shared/text.h"
#include "shared/walk.h"

#include <errno.h>
#include <linux/limits.h>

#define MIX 0x9e3779b97f4a7c15ull

/* Renames may change the name of the cwd: an epoch is over with each. */
uint64_t snr_start_now(const struct snr_facts *facts)
{
	const struct snr_start *start = &facts->start;
	uint32_t moves = __atomic_load_n(&start->moves, __ATOMIC_ACQUIRE);

	if (start->told)
		moves += __atomic_load_n(&start->told->moves, __ATOMIC_ACQUIRE);
	return (uint64_t)snr_facts_epoch(facts) << 32 | moves;
}

/* Never 0, which is what nothing kept looks like. */
static uint64_t check_of(uint64_t now, uint64_t hash, uint32_t rule)
{
	return ((now * MIX ^ hash) * MIX + rule) | 1;
}

void snr_start_keep(struct snr_facts *facts, uint64_t now, uint64_t hash, uint32_t rule)
{
	volatile struct snr_start *start = &facts->start;

	if (start->moving ||
	    (start->told && __atomic_load_n(&start->told->apart, __ATOMIC_ACQUIRE)))
		return;
	start->hash = hash;
	start->rule = rule;
	start->check = check_of(now, hash, rule);
}

void snr_start_forget(struct snr_facts *facts)
{
	__atomic_fetch_add(&facts->start.moves, 1, __ATOMIC_RELEASE);
}

/* Three words that a writer may leave half written fit together only if they are of one cwd. */
static bool get(const struct snr_facts *facts, uint64_t *hash, uint32_t *rule)
{
	const volatile struct snr_start *start = &facts->start;

	*hash = start->hash;
	*rule = start->rule;
	return start->check == check_of(snr_start_now(facts), *hash, *rule);
}

/* What was learnt from a remembered start is kept apart from what is known by whole names: should
 * the start be another one than we think, only relative paths are wrong. */
#define APART 0x5bf0a8b1d6c3e297ull

/* Is the first END bytes of PATH, with this HASH, no link, or one that does not matter? What is not
 * there is not, either: the kernel says so. */
static bool is_plain(struct snr_facts *facts, uint32_t epoch, const struct snr_host *host,
		     struct snr_scratch *scratch, const char *path, size_t end, uint64_t hash)
{
	long n;

	if (snr_facts_get(facts, epoch, hash ^ APART) != SNR_UNKNOWN ||
	    snr_facts_get(facts, epoch, hash) != SNR_UNKNOWN)
		return true;
	if (!host || end >= SNR_PATH_MAX)
		return false;
	snr_copy(scratch->real, path, end);
	scratch->real[end] = '\0';
	n = host->read_link(host->context, scratch->real, scratch->link, SNR_PATH_MAX);
	if (n == -EINVAL)
		snr_facts_put(facts, epoch, hash ^ APART, SNR_PLAIN);
	return n < 0;
}

bool snr_start_stays(const struct snr_image *image, struct snr_facts *facts,
		     const struct snr_host *host, struct snr_scratch *scratch, const char *path,
		     size_t len, struct snr_lookup lookup, uint32_t *rule)
{
	bool slash = len && path[len - 1] == '/';
	struct snr_component c = {0}, next;
	uint32_t epoch = snr_facts_epoch(facts);
	uint64_t hash;
	bool more;

	if (!facts || facts->start.moving || snr_is_judged(image, lookup) || lookup.no_xdev ||
	    snr_is_confined(lookup) || !get(facts, &hash, rule))
		return false;
	for (more = snr_next_component(path, len, &c); more; c = next) {
		const char *name = path + c.start;
		size_t n = c.end - c.start;

		next = c;
		more = snr_next_component(path, len, &next);
		if (snr_is_dot(name, n))
			continue;
		if (snr_is_dotdot(name, n) || snr_match_name(image, name, n))
			return false;
		hash = snr_hash_step(hash, name, n);
		if ((more || snr_looks_through(lookup, slash)) &&
		    !is_plain(facts, epoch, host, scratch, path, c.end, hash))
			return false;
	}
	return true;
}

bool snr_is_foreign_name(const struct snr_image *image, const char *path, size_t len,
			 struct snr_lookup lookup)
{
	if (len > NAME_MAX || snr_is_judged(image, lookup))
		return false;
	for (size_t i = 0; i < len; i++)
		if (path[i] == '/')
			return false;
	return !lookup.follow && !snr_is_dot(path, len) && !snr_is_dotdot(path, len) &&
	       !snr_match_name(image, path, len);
}
