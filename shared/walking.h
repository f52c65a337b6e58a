/* SPDX-License-Identifier: MIT
 * One walk along a path, while it goes on. Only walk.c and walk_answer.c know it.
 */
#ifndef SNR_WALKING_H
#define SNR_WALKING_H

#include "shared/overlay.h"
#include "shared/rest.h"
#include "shared/walk.h"

struct walk {
	const struct snr_image *image;
	struct snr_facts *facts;
	const struct snr_host *host;
	struct snr_scratch *scratch;
	struct snr_lookup lookup;
	size_t len;             /* of scratch->where; "/" is length 0 */
	struct snr_position at; /* of scratch->where; the rule is that of the side we stand on */
	uint32_t parent_rule;
	uint32_t verdict;     /* the rule that ended the walk: hide, deny; or SNR_NO_RULE */
	enum snr_layer layer; /* of the last real path that was asked for */
	struct snr_rest rest; /* its links are in scratch->pending */
	int dirfd;            /* where a relative text starts, and scratch->base with it; ... */
	size_t base_len;      /* ... 0: at the root, or no longer known */
	uint32_t base_rule;
	size_t goal;  /* of scratch->base: the name of where a last link jumps to; or 0 */
	char via[64]; /* the last link of /proc that jumped, VIA_LEN bytes; too long: 0 */
	size_t via_len, via_base; /* scratch->where was as long as that behind it */
	size_t floor; /* of scratch->where as the walk starts: a confined one stays behind it */
	unsigned links;
	int error;      /* -errno that only we can know */
	int missing;    /* -errno of the name at which the walk stopped */
	bool canonical; /* the name is asked for, not a path: everything must exist */
	bool crossed;   /* the kernel would end up elsewhere with the program's text */
	bool stopped;   /* the kernel takes it from here: a name is missing, a magic link, ... */
	bool directory; /* the text ends in a slash or a dot: it must be a directory */
	bool dot;       /* it is a dot, which asks for more than a slash */
	bool lent;      /* scratch->real goes through a descriptor of the host's */
	bool jumped;    /* a link through /proc was met: it may lead elsewhere at any time */
	bool lost;      /* stopped at one that no name leads back from: only the kernel can go on */
	bool barred;    /* stopped at a name that is hidden, where it was to come into being */
	bool up_left;   /* stopped at a dot-dot, which the kernel is to refuse */

	/* For the facts: the program's own text up to the component that is being resolved. */
	bool lexical; /* the text so far names what its hash says */
	bool looked;  /* the component was looked at, or known */
	bool strayed; /* it led through a rule or over a border */
	unsigned links_before;
	uint64_t text_hash;
};

/* Is where we are a directory above or at a rule's path, so that it is no link? */
static inline bool snr_walk_is_known(const struct walk *walk)
{
	const struct snr_entry *entry = walk->at.entry;

	return entry && (entry->rule != SNR_NO_RULE || entry->ancestor);
}

static inline bool snr_walk_is_at_rule(const struct walk *walk)
{
	return walk->at.entry && walk->at.entry->rule != SNR_NO_RULE;
}

static inline bool snr_walk_is_above_rules(const struct walk *walk)
{
	return walk->at.entry && walk->at.entry->ancestor;
}

/* The kernel's path of where we are, in scratch->real. Returns its length or -errno. */
long snr_walk_real_path(struct walk *walk);

/* Are we where the walk started, in a directory of an overlay that has no name any more? It has no
 * names in it either, but it is there, and so is its parent. To be asked after
 * snr_walk_real_path. */
bool snr_walk_is_removed_start(const struct walk *walk);

/* From where the program starts it can go where it could not come by the name. Put a name that
 * starts there into scratch->real; false where we are on another side, or not by way of the start.
 */
bool snr_walk_name_from_start(struct walk *walk);

/* Where a link of /proc that is the last name jumps to, the real path of REAL_LEN bytes in
 * scratch->link whose name, LEN bytes, is in scratch->base: go on by that name? If not, the kernel
 * is to jump, or it is an error. */
bool snr_walk_jumps_by_name(struct walk *walk, size_t len, size_t real_len);

/* Are the first LEN bytes of scratch->where on another mount of the system's than where the walk
 * started (TO_ROOT: than the root)? A directory above rules that is not on the disk lies on the
 * mount of the one that it would be in. What cannot be asked is on the same one. */
bool snr_walk_left_mount(const struct walk *walk, size_t len, bool to_root);

/* A link of /proc leads also to where names bar the way. Is it barred behind the link, too? */
bool snr_walk_is_barred_behind_jump(const struct walk *walk);

/* Fill RESULT and, if it is changed, OUT from a WALK that is over. */
void snr_walk_answer(struct walk *walk, char *out, struct snr_resolved *result);

#endif
