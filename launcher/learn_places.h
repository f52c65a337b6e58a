/* SPDX-License-Identifier: MIT
 * What is known of directories, for suggestions: those of every system, those of a snap, and which
 * of them a strictly confined snap may write (snapd's default profile). learn_rules.c calls it.
 * It looks at the file system as it is now, and must never change it.
 */
#ifndef LAUNCHER_LEARN_PLACES_H
#define LAUNCHER_LEARN_PLACES_H

#include "launcher/tally.h"

#define PLACES_WRITABLE 6

struct places {
	const char *snap; /* no slash at its end; NULL: not set */
	const char *home; /* NULL: not set, or "/" */
	const char *writable[PLACES_WRITABLE];
	const char *instance; /* $SNAP_INSTANCE_NAME, or NULL */
};

/* Read the environment. */
void places_find(struct places *places);

/* Does PATH lie in DIR, or is it DIR? */
bool place_is_below(const char *path, size_t len, const char *dir, size_t dir_len);

/* Does nearly every program ask for PATH, and do without? */
bool place_is_optional(const char *path, size_t len);

/* Is PATH, which is not there, one step of a search that was successful: of a program in $PATH, of
 * a library in several directories? */
bool places_is_search(const struct tally *tally, const struct tally_path *path);

/* A directory of packages from elsewhere, such as /opt? */
bool place_is_vendor(const char *path, size_t len);

/* A name in /dev/shm? */
bool place_is_shm(const char *path, size_t len);
bool places_is_own_shm(const struct places *places, const char *path);

/* The variable beneath which what a program writes to PATH belongs, with its $. */
const char *place_root(const char *path, size_t len);

/* A path that needs no rule: of the kernel's, in the snap's own directories, in /tmp. */
bool places_know(const struct places *places, const char *path, size_t len);

/* May a strict snap write the real PATH? Is it in $SNAP, which nobody may? In the home directory?
 */
bool places_may_write(const struct places *places, const char *path);
bool places_is_in_snap(const struct places *places, const char *path);
bool places_is_home(const struct places *places, const char *path);

/* Is there something at $SNAP followed by PATH? */
bool places_has_in_snap(const struct places *places, const char *path, size_t len);

/* How much of PATH a line should be for: of what is missing here and in the snap, the topmost
 * directory; the same of what is missing in both; of what the snap has, the topmost that is
 * no directory of every system; of what is written, the topmost that is neither such a directory
 * nor one of the snap's. Lengths. */
size_t places_top_missing(const struct places *places, const struct tally_path *path);
size_t places_top_missing_all(const struct places *places, const struct tally_path *path);
size_t places_top_in_snap(const struct places *places, const struct tally_path *path);
size_t places_top_written(const struct places *places, const struct tally_path *path);

#endif
