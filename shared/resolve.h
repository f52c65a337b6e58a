/* SPDX-License-Identifier: MIT
 * Where one path leads, as if the targets of the rules were mounted at their paths.
 * Called by rewrite.c and exec planning; allocates nothing, changes nothing.
 */
#ifndef SNR_RESOLVE_H
#define SNR_RESOLVE_H

#include "shared/facts.h"
#include "shared/host.h"
#include "shared/match.h"
#include "shared/pathop.h"

/* A path for the kernel that may begin with "/proc/thread-self/fd/N" of ours. */
#define SNR_SPOT_SIZE (SNR_PATH_MAX + 64)

/* On which layer of an overlay a name was found (overlay.h). */
struct snr_layer_seen {
	uint64_t hash; /* 0: nothing */
	uint8_t layer;
};

/* Room for one resolution; the caller's, uninitialised, no need to keep it between calls. */
struct snr_scratch {
	uint32_t epoch;           /* of the facts, when the resolution began */
	char path[SNR_PATH_MAX];  /* the program's path, where it had to be copied (rewrite.c) */
	char base[SNR_PATH_MAX];  /* canonical virtual path of where a relative path starts */
	bool base_gone;           /* ... which was removed: the name may be another's now */
	char where[SNR_PATH_MAX]; /* canonical virtual path of where the walk is */
	char pending[2 * SNR_PATH_MAX]; /* text of links still to be walked */
	char link[SNR_PATH_MAX];
	char real[SNR_SPOT_SIZE];
	char layer[SNR_PATH_MAX];       /* a path on one layer (overlay.c) */
	char layer_name[SNR_SPOT_SIZE]; /* the same, while it is being made (overlay_copy.c) */
	struct snr_layer_seen seen[16]; /* in this call (overlay.c) */
	char spot[2][SNR_SPOT_SIZE];    /* of what a call removes, renames, links (spot.c) */
};

struct snr_resolved {
	uint32_t rule;        /* that decides, or SNR_NO_RULE */
	uint32_t parent_rule; /* the rule on whose side the directory of the last component lies */
	uint32_t len;         /* of OUT, if changed */
	int error;            /* 0, or -errno: the call must fail with it, OUT is not set */
	uint64_t memo;        /* what may be remembered of the whole text (shared/memo.h), or 0 */
	uint32_t overlay;     /* that decides it, if one does; else SNR_NO_RULE */
	uint8_t layer;        /* enum snr_layer: of the path, if an overlay decides it */
	bool changed;    /* OUT holds another path for the kernel; false: it gets the program's */
	bool incomplete; /* the walk ended at a name that others follow */
	bool fails;      /* the kernel will refuse the path itself, on its way */
	bool lent;       /* OUT goes through a descriptor of the host's (host.h, shorten) */
	bool held;       /* OUT is the name of what the program's descriptor is open on */
	bool at_rule;    /* the path is the rule's own path: a mount point */
	bool ancestor;   /* rules lie beneath the path */
	bool named;      /* an entry is named, by the last name of some rule's path */
	bool plain;  /* nothing is known or asked about where this is: a name that no rule has */
	bool barred; /* the last name, which may come into being, is hidden: EACCES */
	bool walked; /* scratch->where is where the path leads, WHERE bytes: the name of that, also
			where a link of /proc jumps at the end; so it is for every path where
			snr_is_walked. Behind it are TAIL bytes: "/" or "/.", if the path ends so */
	bool jumped; /* a link of /proc was met on the way: it may have led anywhere */
	uint32_t where, tail;
	uint32_t frozen; /* the readonly rule that keeps a writing lookup from what it is about to
			    write, or SNR_NO_RULE */
};

/* Takes the place of a name that is hidden: the kernel is to find nothing. */
#define SNR_HIDDEN_NAME ".snapredir-hidden"

/* Must it be known where a path leads, to the last name, whatever the call? */
static inline bool snr_is_judged(const struct snr_image *image, struct snr_lookup lookup)
{
	const uint32_t placing =
		SNR_KIND_BIT(SNR_OVERLAY) | SNR_KIND_BIT(SNR_PREFIX) | SNR_KIND_BIT(SNR_FAULT);

	return snr_has_kind(image, placing) ||
	       (lookup.writes && snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY)));
}

/* ... and by a walk, since one pass over the text does not tell? */
static inline bool snr_is_walked(const struct snr_image *image, struct snr_lookup lookup)
{
	const uint32_t placing =
		SNR_KIND_BIT(SNR_OVERLAY) | SNR_KIND_BIT(SNR_PREFIX) | SNR_KIND_BIT(SNR_FAULT);

	return snr_has_kind(image, placing) || (lookup.writes && image->nglobs);
}

/* Resolve PATH of LEN bytes (a NUL follows) relative to DIRFD (AT_FDCWD: the cwd), as LOOKUP says,
 * and write the path for the kernel to OUT, SNR_PATH_MAX bytes, absolute. SCRATCH is touched only
 * where a link, a dot-dot that leaves its rule or a relative path makes it necessary. FACTS may be
 * NULL. Errors of the file system are left to the kernel, which will meet them itself, except where
 * only we can know them. */
struct snr_resolved snr_resolve(const struct snr_image *image, struct snr_facts *facts,
				const struct snr_host *host, struct snr_scratch *scratch, int dirfd,
				const char *path, size_t len, struct snr_lookup lookup, char *out);

/* The canonical virtual path of PATH (realpath(3)'s answer) in OUT, SNR_PATH_MAX bytes. Every
 * component must exist. Returns the length or -errno; *LOST: there is no name for it, although the
 * kernel may find it (a removed directory, a pipe by its descriptor). */
long snr_canonical(const struct snr_image *image, const struct snr_host *host,
		   struct snr_scratch *scratch, int dirfd, const char *path, size_t len, char *out,
		   bool *lost);

#endif
