/* SPDX-License-Identifier: MIT
 * Finding rules: one hash chain over the components of a path, one probe a component, whatever the
 * number of rules. Everybody may call it. It must never allocate, call libc or look at the file
 * system.
 */
#ifndef SNR_MATCH_H
#define SNR_MATCH_H

#include "shared/rules.h"

/* Hash of "/". */
#define SNR_HASH_ROOT 0x9e3779b97f4a7c15ull

/* Names of named semaphores begin so (sem_overview(7)); a prefix comes behind it. */
#define SNR_SEMAPHORE "sem."

/* Hash of the path whose parent has hash PARENT and whose last component is NAME, LEN bytes, not
 * NUL-terminated. Never 0. The only hash in the project: the compiler of the rules, the matcher and
 * the facts about links share it. */
uint64_t snr_hash_step(uint64_t parent, const char *name, size_t len);

/* Hash of the absolute path of LEN bytes; empty components and "." are skipped, ".." is taken as a
 * name. */
uint64_t snr_hash_path(const char *path, size_t len);

/* The entry with HASH in the table of the rules' paths, or NULL. */
const struct snr_entry *snr_match_path(const struct snr_image *image, uint64_t hash);
/* The same in the table of the rules' targets. */
const struct snr_entry *snr_match_target(const struct snr_image *image, uint64_t hash);

/* The same in the table of the places on the disk where the rules' paths lie. */
const struct snr_entry *snr_match_point(const struct snr_image *image, uint64_t hash);

/* Could NAME be the last component of some rule's path? False is certain, true is not. */
bool snr_match_name(const struct snr_image *image, const char *name, size_t len);

/* What the rules say about where a canonical path is. */
struct snr_position {
	uint64_t hash;
	const struct snr_entry *entry; /* of the path, or NULL: no rule lies at it or beneath */
	uint32_t rule;                 /* the mount-like one that decides it, or SNR_NO_RULE */
	bool patterns;                 /* a pattern begins at it or above it */
};

/* Where the canonical PATH is; "" and "/" are the root. */
struct snr_position snr_match_position(const struct snr_image *image, const char *path, size_t len);

/* One step down from POSITION to NAME. */
void snr_match_step(const struct snr_image *image, struct snr_position *position, const char *name,
		    size_t len);

/* Longest mount-like rule that covers the absolute, canonical PATH (no dots, no double slashes):
 * its index or SNR_NO_RULE. *REST is the number of bytes of PATH that the rule's own path takes. */
uint32_t snr_match_longest(const struct snr_image *image, const char *path, size_t len,
			   size_t *rest);

/* The rule by whose target RULE's path is found: another one where a readonly lies upon a rule
 * whose target alone does not tell. */
uint32_t snr_match_place(const struct snr_image *image, uint32_t rule);

/* The rule that stands for a mount which decides what RULE does: itself, but for a directory above
 * rules that is not on the disk, which lies on the mount of the directory that it would be in. */
uint32_t snr_match_mount(const struct snr_image *image, uint32_t rule);

/* snr_match_place of snr_match_longest. *REST is the number of bytes of PATH that the place's own
 * path takes. */
uint32_t snr_match_placing(const struct snr_image *image, const char *path, size_t len,
			   size_t *rest);

/* Does a name of LEN bytes not fit into the directory of RULE? What stands in for one that is not
 * on the disk has no limit of its own (kernfs). */
bool snr_match_is_too_long(const struct snr_image *image, uint32_t rule, size_t len);

/* The name on the disk for NAME, LEN bytes, directly in the directory of RULE, a prefix: at most
 * LEN
 * + SNR_PATH_MAX bytes are added to BUILDER. */
struct snr_builder;
void snr_add_prefixed(const struct snr_image *image, uint32_t rule, const char *name, size_t len,
		      struct snr_builder *builder);

/* The prefix rule in whose directory itself, not further down, names of POSITION's directory of LEN
 * bytes lie; or SNR_NO_RULE. */
uint32_t snr_match_prefix(const struct snr_image *image, uint32_t rule, size_t len);

/* Where NAME on the disk has the prefix of RULE: the offset of it; else -1. */
long snr_find_prefix(const struct snr_image *image, uint32_t rule, const char *name, size_t len);

/* Where the kernel finds the canonical virtual PATH: the longest rule's target and the rest. Writes
 * at most SIZE bytes with the NUL. Returns the length, or -ENAMETOOLONG. */
long snr_map(const struct snr_image *image, const char *path, size_t len, char *out, size_t size);

/* The name by which the program knows the real, canonical PATH: the rule's path and the rest, where
 * the longest rule target that holds PATH, and whose own path leads back to it, is taken; PATH
 * itself where there is none. Returns the length, or -ENAMETOOLONG. */
long snr_unmap(const struct snr_image *image, const char *path, size_t len, char *out, size_t size);

#endif
