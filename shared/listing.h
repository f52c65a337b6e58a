/* SPDX-License-Identifier: MIT
 * What the listing of a directory must show beside the names on the disk: the paths of rules, and
 * what leads to them. Used by the shim's readdir and getdents64, and by the tracer.
 */
#ifndef SNR_LISTING_H
#define SNR_LISTING_H

#include "shared/overlay.h"

/* A directory of an overlay that has two layers, or whiteouts in it. */
struct snr_merge {
	uint32_t rule;  /* SNR_NO_RULE: it is none */
	size_t rest;    /* of scratch->where: the rule's own path */
	bool follows;   /* names of the other layer follow */
	bool lower;     /* the kernel lists the lower layer */
	bool asks;      /* any name may be hidden, not only those that snr_may_be_hidden */
	uint8_t layer;  /* enum snr_layer: of the directory */
	uint32_t at;    /* how many names of the other layer were read, ... */
	int64_t cookie; /* ... and where the next ones are. A caller may put in what came out. */
	uint32_t chunk_at, chunk_len; /* of scratch->pending */
	bool small;                   /* one name only is wanted */
};

struct snr_listing {
	const struct snr_image *image;
	const struct snr_host *host;
	struct snr_scratch *scratch; /* where: the directory's virtual path */
	size_t len;                  /* of scratch->where */
	struct snr_position at;      /* of scratch->where */
	uint32_t next; /* index of the next child, 1 based, or from snr_merged_from on the number
			  of a name on the other layer; 0: no more */
	struct snr_merge merge;
};

struct snr_listed {
	const char *name; /* LEN bytes, no NUL behind; until the next one */
	size_t len;
	uint64_t inode;
	unsigned char type; /* DT_DIR, DT_REG, ... */
};

/* Begin the extra names of the directory whose real path, as the kernel tells it, is REAL (LEN
 * bytes). False: there are none, as for nearly every directory. The order is always the same.
 * SCRATCH is in use until the last snr_listing_next. */
bool snr_listing_begin(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len);

/* Begin to look at the names that the kernel gives of a directory, given as to snr_listing_begin.
 * False: all of them are to be seen as they are. */
bool snr_listing_edits(struct snr_listing *listing, const struct snr_image *image,
		       const struct snr_host *host, struct snr_scratch *scratch, const char *real,
		       size_t len);

/* Are there rules that could make snr_listing_edits true of any directory? */
bool snr_listing_may_edit(const struct snr_image *image);

/* What is to be seen of NAME, *LEN bytes in a buffer of the caller's, as the kernel gave it: false
 * if nothing; else NAME may have become shorter. *TYPE and *INODE, too, are those of what is there
 * by the rules. */
bool snr_listing_shows(struct snr_listing *listing, char *name, size_t *len, unsigned char *type,
		       uint64_t *inode);

/* Edit the SIZE bytes of records at BUFFER, that the kernel gave, in place, WORD as to
 * snr_listing_fill. Returns how many bytes are left, or -ENOENT: the directory was removed. */
long snr_listing_edit(struct snr_listing *listing, unsigned word, char *buffer, size_t size);

/* The next extra name. Names that the disk has there are skipped, since the kernel lists them; so
 * are rules whose target is missing. False at the end. */
bool snr_listing_next(struct snr_listing *listing, struct snr_listed *listed);

/* Where a listing stands among its extra names may be kept in the position of its descriptor: these
 * plus the number of the next name (snr_listing.next), or plus 0 at the end; 65,536 rules have at
 * most that many names in a directory, and the other layer of an overlay what is left of the range:
 * a listing ends there.
 * File systems give hashes or small numbers, and the kernel never sees these in getdents. 32-bit
 * programs, proc and sysfs want offsets of 31 bits. */
#define SNR_LISTING_BASE64 0x7fffffff00000000ll
#define SNR_LISTING_BASE32 0x7ff00000ll

/* The last positions of 63 and of 31 bits are the ends of directories (ext4, tmpfs, btrfs). */
static inline int64_t snr_listing_range(int64_t base)
{
	return base == SNR_LISTING_BASE64 ? 0xfffff000ll : 0xff000ll;
}

static inline bool snr_listing_is_among(int64_t position, int64_t base)
{
	return position >= base && position - base < snr_listing_range(base);
}

/* Put extra names into BUFFER of SIZE bytes as the kernel has them: getdents64(2)'s records where
 * WORD is 0, else those of getdents(2) with longs of WORD bytes. The offset of each is BASE and the
 * number of the name behind it. Names that do not fit are left for the next call. Returns the bytes
 * used; -EINVAL where not even one name fits, as the kernel. */
long snr_listing_fill(struct snr_listing *listing, int64_t base, unsigned word, char *buffer,
		      size_t size);

/* The other layer is read from its start for each call, unless it is known where the last one came
 * to: of the directories that were listed last. Zeroes at first; the caller sees to it that one
 * thread uses it. */
struct snr_listing_marks {
	struct {
		uint64_t hash; /* of the directory's path */
		uint32_t next; /* as snr_listing.next, when ... */
		uint32_t at;   /* ... these were those of snr_merge */
		int64_t cookie;
	} mark[4];
	unsigned used;
};

/* LISTING, whose next name was set, goes on from a mark, if there is one for it; leave one. */
void snr_listing_resume(struct snr_listing *listing, const struct snr_listing_marks *marks);
void snr_listing_leave(const struct snr_listing *listing, struct snr_listing_marks *marks);

/* ---- overlay_list.c, for listing.c ---- */

/* Numbers of names of the other layer follow those of all children. */
static inline uint32_t snr_merged_from(const struct snr_image *image)
{
	return image->nchildren + 1;
}

/* The directory whose virtual path is in scratch->where is REAL. Are some of the kernel's names
 * hidden, or do others follow? Fills listing->merge. */
bool snr_merge_begin(struct snr_listing *listing, const char *real, size_t len);

/* Was the directory removed from the overlay, while the kernel still lists it? */
bool snr_merge_is_gone(const struct snr_listing *listing);

/* Is the NAME that the kernel lists, with TYPE, not to be seen? */
bool snr_merge_hides(const struct snr_listing *listing, const char *name, size_t len,
		     unsigned char type);

/* The next name of the other layer; listing->next must have come to them. */
bool snr_merge_next(struct snr_listing *listing, struct snr_listed *listed);

/* One record of getdents64(2). */
struct snr_record {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	unsigned char type;
	const char *name; /* a NUL is behind its LEN bytes */
	size_t len;
};
#define SNR_RECORD_MAX 280 /* bytes of the largest one */
struct snr_record snr_read_record(const char *at);

#endif
