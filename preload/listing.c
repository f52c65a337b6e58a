/* SPDX-License-Identifier: MIT
 * Extra names of a directory that is being listed. For preload/ only. Where a raw listing stands
 * among them is kept in the position of the descriptor itself, so that it is right after dup, fork,
 * exec and lseek. It must never give a name before the kernel has given all of its own.
 */
#include "preload/gate.h"
#include "preload/listing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <unistd.h>

bool shim_lists(void)
{
	const struct snr_redirector *redirector = shim_redirector();

	return redirector &&
	       (redirector->image->nchildren || snr_listing_may_edit(redirector->image));
}

/* Who knows the names that are put into directories; NULL: none are. */
static const struct snr_redirector *find_redirector(void)
{
	const struct snr_redirector *gate = shim_gate_redirector();
	const struct snr_redirector *redirector = gate ? gate : shim_redirector();

	return redirector && (redirector->image->nchildren ||
			      snr_listing_may_edit(redirector->image))
		       ? redirector
		       : NULL;
}

static int64_t last_place(const struct snr_listing *listing)
{
	return listing->merge.follows ? UINT32_MAX : listing->image->nchildren;
}

/* Begin the extra names of FD at number PLACE, or at the first (-1). */
static bool begin(const struct snr_redirector *redirector, struct snr_listing *listing,
		  struct shim_slot *slot, int fd, int64_t place)
{
	const struct snr_host *host = &redirector->host;
	long n = host->directory(host->context, fd, slot->text[0], SNR_PATH_MAX);

	if (n <= 0 || !snr_listing_begin(listing, redirector->image, host, &slot->scratch,
					 slot->text[0], (size_t)n))
		return false;
	if (place >= 0) /* a program may make up positions */
		listing->next = place >= listing->next && place <= last_place(listing)
					? (uint32_t)place
					: 0;
	return true;
}

bool shim_list_next(int fd, struct shim_list_place *at, struct snr_listed *listed)
{
	const struct snr_redirector *redirector = find_redirector();
	int64_t *place = &at->place;
	bool none =
		!redirector || *place == 0 || (*place < 0 && !shim_may_hold_rules(redirector, fd));
	struct shim_slot *slot = none ? NULL : shim_slot_take();
	struct snr_listing listing;
	bool found = false;

	if (!slot)
		return false;
	if (begin(redirector, &listing, slot, fd, *place)) {
		listing.merge.small = true;
		if (at->merged == *place) {
			listing.merge.at = at->at;
			listing.merge.cookie = at->cookie;
		}
		found = snr_listing_next(&listing, listed);
		*place = at->merged = listing.next;
		at->at = listing.merge.at;
		at->cookie = listing.merge.cookie;
		if (found)
			snr_copy(at->name, listed->name, listed->len);
		listed->name = at->name;
	}
	shim_slot_release(slot);
	return found;
}

/* Directories in which nothing is to be edited are remembered as long as facts hold. */
static uint64_t plain_key(int fd)
{
	struct stat64 st;

	if (shim_stat_descriptor(fd, &st) < 0)
		return 0;
	return snr_hash_step((uint64_t)st.st_dev ^ 0x6c69737465647321ull, (const char *)&st.st_ino,
			     sizeof(st.st_ino));
}

/* Begin to edit the names of FD, in SLOT. */
static bool begin_edit(const struct snr_redirector *redirector, struct snr_listing *listing,
		       struct shim_slot *slot, int fd)
{
	const struct snr_host *host = &redirector->host;
	struct snr_facts *facts =
		redirector->image->flags & SNR_IMAGE_STRICT ? NULL : redirector->facts;
	uint32_t epoch = snr_facts_epoch(facts);
	uint64_t key = facts ? plain_key(fd) : 0;
	long n;

	if (key && snr_facts_get(facts, epoch, key) == SNR_PLAIN)
		return false;
	n = host->directory(host->context, fd, slot->text[0], SNR_PATH_MAX);
	if (n > 0 && snr_listing_edits(listing, redirector->image, host, &slot->scratch,
				       slot->text[0], (size_t)n))
		return true;
	if (key)
		snr_facts_put(facts, epoch, key, SNR_PLAIN);
	return false;
}

enum shim_asking shim_list_asks(int fd)
{
	const uint32_t others =
		SNR_KIND_BIT(SNR_HIDE) | SNR_KIND_BIT(SNR_SYMLINK) | SNR_KIND_BIT(SNR_PREFIX);
	const struct snr_redirector *redirector = find_redirector();
	bool none = !redirector || !snr_listing_may_edit(redirector->image);
	struct shim_slot *slot = none ? NULL : shim_slot_take();
	enum shim_asking asking = SHIM_ASKS_NEVER;
	struct snr_listing listing;

	if (!slot)
		return asking;
	if (begin_edit(redirector, &listing, slot, fd))
		asking = listing.merge.asks || snr_has_kind(redirector->image, others)
				 ? SHIM_ASKS_ALWAYS
				 : SHIM_ASKS_ODD;
	shim_slot_release(slot);
	return asking;
}

bool shim_list_shows(int fd, char *name, unsigned char *type, uint64_t *inode)
{
	const struct snr_redirector *redirector = find_redirector();
	bool none = !redirector || !snr_listing_may_edit(redirector->image);
	struct shim_slot *slot = none ? NULL : shim_slot_take();
	struct snr_listing listing;
	size_t len = snr_length(name);
	bool shown = true;

	if (!slot)
		return true;
	if (begin_edit(redirector, &listing, slot, fd)) {
		shown = snr_listing_shows(&listing, name, &len, type, inode);
		if (shown)
			name[len] = '\0';
	}
	shim_slot_release(slot);
	return shown;
}

/* Edit the N bytes of records that the kernel has just written to BUFFER. */
static long edit(const struct snr_redirector *redirector, int fd, unsigned word, char *buffer,
		 long n)
{
	struct shim_slot *slot = snr_listing_may_edit(redirector->image) ? shim_slot_take() : NULL;
	struct snr_listing listing;

	if (!slot)
		return n;
	if (begin_edit(redirector, &listing, slot, fd))
		n = snr_listing_edit(&listing, word, buffer, (size_t)n);
	shim_slot_release(slot);
	return n;
}

/* Where positions among extra names begin: file systems with 32-bit positions refuse the other. */
static const int64_t bases[] = {
#if __SIZEOF_LONG__ == 8
	SNR_LISTING_BASE64,
#endif
	SNR_LISTING_BASE32};
#define BASES ((int)(sizeof(bases) / sizeof(*bases)))

/* The number of the next extra name, -1: among the kernel's. */
static int64_t get_place(int fd)
{
	int64_t position = snr_rawcall3(__NR_lseek, fd, 0, SEEK_CUR);

	for (int i = 0; i < BASES; i++)
		if (snr_listing_is_among(position, bases[i]))
			return position - bases[i];
	return -1;
}

/* Leave FD in front of the name with number PLACE. Returns the base of its position, -1 if it
 * cannot be moved. */
static int64_t set_place(int fd, uint32_t place)
{
	for (int i = 0; i < BASES; i++)
		if (snr_rawcall3(__NR_lseek, fd, (long)(bases[i] + place), SEEK_SET) >= 0)
			return bases[i];
	return -1;
}

/* Where listings of merged directories came to. Whoever finds another thread, or the one that it
 * has interrupted, at them does without. */
static struct snr_listing_marks marks;
static int marking;

static void use_marks(struct snr_listing *listing, bool leave)
{
	if (__atomic_exchange_n(&marking, 1, __ATOMIC_ACQUIRE))
		return;
	if (leave)
		snr_listing_leave(listing, &marks);
	else
		snr_listing_resume(listing, &marks);
	__atomic_store_n(&marking, 0, __ATOMIC_RELEASE);
}

/* A directory whose position cannot be moved has no extra names: it would never end. */
static long give(const struct snr_redirector *redirector, int fd, unsigned word, int64_t place,
		 void *buffer, size_t size)
{
	bool none = place == 0 || (place < 0 && !shim_may_hold_rules(redirector, fd));
	struct shim_slot *slot = none ? NULL : shim_slot_take();
	struct snr_listing listing;
	int64_t base = -1;
	long used = 0;

	if (!slot)
		return 0;
	if (begin(redirector, &listing, slot, fd, place))
		base = set_place(fd, listing.next);
	if (base >= 0) {
		use_marks(&listing, false);
		used = snr_listing_fill(&listing, base, word, slot->text[1],
					size < SNR_PATH_MAX ? size : SNR_PATH_MAX);
		if (used > 0 && shim_write(buffer, slot->text[1], (size_t)used) < 0)
			used = -EFAULT;
		if (used >= 0) {
			set_place(fd, listing.next);
			use_marks(&listing, true);
		}
	}
	shim_slot_release(slot);
	return used;
}

long shim_list(long number, unsigned word, int fd, void *buffer, size_t size)
{
	const struct snr_redirector *redirector = find_redirector();
	int64_t place;
	long n;

	if (!redirector)
		return snr_rawcall3(number, fd, buffer, size);
	place = get_place(fd);
	/* Where nothing of what the kernel gave is to be seen, more of it may be. */
	while (place < 0) {
		n = snr_rawcall3(number, fd, buffer, size);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		n = edit(redirector, fd, word, buffer, n);
		if (n)
			return n;
	}
	return give(redirector, fd, word, place, buffer, size);
}
