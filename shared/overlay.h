/* SPDX-License-Identifier: MIT
 * Overlays: which layer a name is on. The upper layer is the rule's target, in the format of
 * overlayfs (Documentation/filesystems/overlayfs.rst): whiteouts, opaque directories. The lower one
 * is what the disk has at the rule's path. Everybody may call it. It must never change a layer:
 * that is overlay_act.h's business.
 */
#ifndef SNR_OVERLAY_H
#define SNR_OVERLAY_H

#include "shared/resolve.h"

/* Where a name of an overlay is to be found. */
enum snr_layer {
	SNR_LAYER_NONE,   /* no overlay decides it, as /proc, /sys and /dev beneath one of "/" */
	SNR_LAYER_UPPER,  /* on the upper layer alone, if anywhere */
	SNR_LAYER_LOWER,  /* on the lower layer alone, if anywhere: the upper has no such name */
	SNR_LAYER_MERGED, /* a directory on both */
	SNR_LAYER_ABSENT, /* nowhere: a whiteout is in its place, or in that of a parent */
};

/* What the upper layer has at a path, beside -errno: the answers of host.upper. */
enum snr_upper {
	SNR_UPPER_OTHER, /* no directory: it hides whatever is beneath */
	SNR_UPPER_DIRECTORY,
	SNR_UPPER_MARKED, /* the same, in which files may be whiteouts by an attribute */
	SNR_UPPER_OPAQUE, /* a directory through which the lower one is not seen */
	SNR_UPPER_WHITEOUT,
};

/* Names of our own, made and gone within a call; no program sees them. A process that was killed
 * may leave one behind. */
#define SNR_OVERLAY_TEMPORARY ".snapredir-tmp."

bool snr_is_temporary(const char *name, size_t len);

/* Could an entry of the upper layer be one that no program sees, going by what its directory says?
 * DT_CHR and DT_UNKNOWN of <dirent.h>. */
static inline bool snr_may_be_hidden(const char *name, size_t len, unsigned char type)
{
	return type == 2 || type == 0 || (len && name[0] == '.' && snr_is_temporary(name, len));
}

/* Is RULE one? Ask of snr_match_place's, since a readonly may lie upon it. */
static inline bool snr_is_overlay(const struct snr_image *image, uint32_t rule)
{
	return rule != SNR_NO_RULE && snr_rule(image, rule)->kind == SNR_OVERLAY;
}

static inline bool snr_has_overlays(const struct snr_image *image)
{
	return snr_has_kind(image, SNR_KIND_BIT(SNR_OVERLAY));
}

/* Nothing is known of any layer (any more): before the first question of a resolution, and after a
 * layer was changed. */
void snr_layers_forget(struct snr_scratch *scratch);

/* On which layer is the canonical virtual PATH, decided by the overlay RULE whose path takes its
 * first REST bytes? */
enum snr_layer snr_layer_of(const struct snr_image *image, const struct snr_host *host,
			    struct snr_scratch *scratch, uint32_t rule, const char *path,
			    size_t len, size_t rest);

/* The real path on the lower layer (LOWER) or on the upper one of a virtual path that goes on with
 * REST, LEN bytes with their slash, behind RULE's own. Returns the length or -ENAMETOOLONG. */
long snr_layered_path(const struct snr_image *image, uint32_t rule, bool lower, const char *rest,
		      size_t len, char *out, size_t size);

/* snr_map that looks through overlays: where the kernel finds the canonical virtual PATH. What is
 * on no layer is named on the upper one, and *LAYER says so. */
long snr_place(const struct snr_image *image, const struct snr_host *host,
	       struct snr_scratch *scratch, const char *path, size_t len, char *out, size_t size,
	       enum snr_layer *layer);

/* Is there a directory of an overlay at the canonical virtual PATH? Uses scratch->real. */
bool snr_is_layered_directory(const struct snr_image *image, const struct snr_host *host,
			      struct snr_scratch *scratch, const char *path, size_t len);

/* Does the canonical virtual PATH lead to the real path REAL, on whatever layer? BUFFER has
 * SNR_PATH_MAX bytes. */
bool snr_leads_to(const struct snr_image *image, const char *path, size_t len, const char *real,
		  size_t real_len, char *buffer);

/* Is the real path REAL where the lower layer has the canonical virtual PATH? */
bool snr_lies_below(const struct snr_image *image, const char *path, size_t len, const char *real,
		    size_t real_len);

/* ---- what a descriptor is open on (overlay_held.c) ---- */

/* A descriptor stays on the layer on which it was opened. Who changes its file by it means the one
 * that has its name, as in an overlayfs, where it has both. */
enum snr_held {
	SNR_HELD_ELSEWHERE, /* on no lower layer */
	SNR_HELD_NAMED,
	SNR_HELD_LINK, /* a symbolic link, which no name leads to that would not be followed */
};

/* What became of the file that a descriptor has open at the real path REAL, where the program knows
 * it as the canonical virtual PATH, for LOOKUP? NAMED, LINK: OUT is where the name leads, on LAYER.
 * -errno: nothing, or something else, has the name now. REAL ends in a NUL, OUT has SNR_PATH_MAX
 * bytes. */
long snr_held_name(const struct snr_image *image, const struct snr_host *host,
		   struct snr_scratch *scratch, struct snr_lookup lookup, const char *path,
		   size_t len, const char *real, size_t real_len, char *out, enum snr_layer *layer);

/* Resolve the program's descriptor FD to that name: not changed where it is ELSEWHERE. LOOKUP: of
 * the path that might stand in its place. */
struct snr_resolved snr_resolve_held(const struct snr_image *image, const struct snr_host *host,
				     struct snr_scratch *scratch, int fd, struct snr_lookup lookup,
				     char *out);

/* ---- the disk (overlay_disk.c), by direct system calls ---- */

/* host.upper: what is at the real PATH of an upper layer; enum snr_upper or -errno. */
long snr_upper_look(const char *path);

/* host.list: records of getdents64(2) of the directory at the real PATH, from behind the one with
 * the offset COOKIE, or from the first (0). Bytes in OUT, 0 at the end, or -errno. */
long snr_upper_list(const char *path, int64_t cookie, char *out, size_t size);

#endif
