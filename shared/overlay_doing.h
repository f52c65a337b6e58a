/* SPDX-License-Identifier: MIT
 * One act on an overlay, while it goes on. Only shared/overlay_*.c know it.
 */
#ifndef SNR_OVERLAY_DOING_H
#define SNR_OVERLAY_DOING_H

#include "shared/overlay_act.h"
#include "shared/listing.h"
#include "shared/overlay_disk.h"

#define SNR_WORLD_MODE 07777u

/* One path of the call that an overlay decides. */
struct snr_doing_path {
	uint32_t rule;
	enum snr_layer layer;
	int text;    /* index into plan->text */
	size_t root; /* bytes of it that are the layer's own name ("/": 0) */
	size_t len;  /* ... and that name the entry: slashes behind it left out */
	size_t end;  /* all of it */
};

struct snr_doing {
	const struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	const struct snr_actor *actor;
	const struct snr_call *call;
	struct snr_plan *plan;
	struct snr_doing_path path[SNR_MAX_PATHS];
};

/* ---- overlay_act.c ---- */

/* The real path, for us, of the first LEN bytes of path N on one layer, in OUT of SNR_SPOT_SIZE
 * bytes. Returns its length or -ENAMETOOLONG. */
long snr_doing_name(const struct snr_doing *doing, int n, bool lower, size_t len, char *out);

/* Where the directory of path N ends in its text. */
size_t snr_doing_parent(const struct snr_doing *doing, int n);

/* May the program make or remove names in the directory of path N? 0, -EACCES or -EROFS. */
long snr_doing_may_write(const struct snr_doing *doing, int n);

/* Is the lower layer seen where path N is, if the upper one had nothing there; and has it such a
 * name? STX is filled then. */
bool snr_doing_is_below(const struct snr_doing *doing, int n, struct snr_statx *stx);

/* lstat(2) of what the program sees at path N. */
long snr_doing_stat(const struct snr_doing *doing, int n, struct snr_statx *stx);

/* The kernel is to get the name on the upper layer for path N. */
long snr_turn_up(struct snr_doing *doing, int n);

/* ---- overlay_make.c ---- */

/* Do slashes follow path N? */
bool snr_doing_has_slash(const struct snr_doing *doing, int n);

/* open(2) by FLAGS is to make what is on no layer. */
long snr_make_file(struct snr_doing *doing, uint64_t flags);

long snr_act_make(struct snr_doing *doing, int n);
long snr_act_link(struct snr_doing *doing);

/* ---- overlay_copy.c ---- */

/* Copy the directories above path N up, as far as they are missing. 0 or -errno. */
long snr_copy_parents_up(const struct snr_doing *doing, int n);

/* Copy what the lower layer has at path N up, and what is above it; of a file only the name and
 * attributes where it is to become EMPTY. 0 or -errno. */
long snr_copy_up(const struct snr_doing *doing, int n, bool empty);

/* Memory for a while; NULL if there is none. */
void *snr_map_pages(size_t size);

/* A name in the directory of PATH that nobody has, in OUT of SNR_SPOT_SIZE bytes. */
long snr_temporary_name(const char *path, char *out);

/* Remove PATH, of whatever kind; of a directory what no program sees in it, too. 0 or -errno:
 * -ENOTEMPTY. */
long snr_remove_upper(const struct snr_doing *doing, const char *path, bool directory);

/* Let two names change places, or let the first take that of the other. 0 or -errno. */
long snr_swap(const struct snr_doing *doing, const char *one, const char *other);

/* Make a whiteout with the name PATH, which nothing has. 0 or -errno. */
long snr_make_whiteout(const struct snr_doing *doing, const char *path);

/* Let the directory PATH hide what is beneath it. 0 or -errno. */
long snr_make_opaque(const char *path);

/* ---- overlay_call.c ---- */

/* Does the call name nothing but a descriptor, which must be one that is open for reading or
 * writing (not O_PATH)? -EBADF: it is not. */
long snr_check_descriptor(const struct snr_doing *doing);

/* The file that the call's descriptor is open on is where it is to be changed: make the call on its
 * name, if it has none that the kernel would take. 0 or -errno. */
long snr_act_by_name(const struct snr_doing *doing);

/* ---- overlay_remove.c ---- */

long snr_act_remove(struct snr_doing *doing);
long snr_act_rename(struct snr_doing *doing);

#endif
