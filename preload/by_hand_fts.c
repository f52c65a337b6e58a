/* SPDX-License-Identifier: MIT
 * fts: libc walks with calls of its own, so where rules may be met the walk is done here, in the
 * program's names. Called by programs; allocates as libc's own does. It must never touch a tree
 * that libc has opened.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*order)(const FTSENT **one, const FTSENT **other);
typedef int (*order64)(const FTSENT64 **one, const FTSENT64 **other);

SHIM_REAL_POINTER(FTS *, fts_open, (char *const *paths, int options, order compare))
SHIM_REAL_POINTER(FTSENT *, fts_read, (FTS * tree))
SHIM_REAL_POINTER(FTSENT *, fts_children, (FTS * tree, int what))
SHIM_REAL(int, fts_close, (FTS * tree))
SHIM_REAL_POINTER(FTS64 *, fts64_open, (char *const *paths, int options, order64 compare))
SHIM_REAL_POINTER(FTSENT64 *, fts64_read, (FTS64 * tree))
SHIM_REAL_POINTER(FTSENT64 *, fts64_children, (FTS64 * tree, int what))
SHIM_REAL(int, fts64_close, (FTS64 * tree))

typedef order narrow_compare;
typedef order64 wide_compare;

static struct stat64 wide_stat(const struct stat64 *st)
{
	return *st;
}

static struct stat narrow_stat(const struct stat64 *st)
{
	return shim_narrow_stat(st);
}

#define OURS     (-0x5e4d) /* in fts_rfd, which is a descriptor in a tree of libc's own */
#define STAYS    0x4000    /* in fts_options: libc would not change the directory */

#define TREE     FTS
#define ENTRY    FTSENT
#define STAT     struct stat
#define FN(name) narrow_##name
#include "preload/fts_walk.h"

#define TREE     FTS64
#define ENTRY    FTSENT64
#define STAT     struct stat64
#define FN(name) wide_##name
#include "preload/fts_walk.h"

/* Does a walk from one of PATHS meet a rule? What it cannot read, or refuses, is libc's. */
static bool is_ours(char *const *paths, int options)
{
	bool all = (options & FTS_LOGICAL) != 0, meets = false;

	if (!shim_redirector() || (options & ~FTS_OPTIONMASK) || shim_count_vector(paths) <= 0)
		return false;
	for (; *paths && !meets; paths++)
		meets = shim_walk_meets_rule(*paths, all || (options & FTS_COMFOLLOW), all);
	return meets;
}

/* libc's own walk changes the directory by itself. */
#define MOVED(type, call)                                                                          \
	({                                                                                         \
		type answer = call;                                                                \
                                                                                                   \
		shim_moved();                                                                      \
		answer;                                                                            \
	})

SHIM_EXPORT FTS *fts_open(char *const *paths, int options, order compare)
{
	if (!is_ours(paths, options))
		return real_fts_open()(paths, options, compare);
	return narrow_open(paths, options, compare);
}

SHIM_EXPORT FTSENT *fts_read(FTS *tree)
{
	return tree->fts_rfd == OURS ? narrow_next(tree) : MOVED(FTSENT *, real_fts_read()(tree));
}

SHIM_EXPORT FTSENT *fts_children(FTS *tree, int what)
{
	return tree->fts_rfd == OURS ? narrow_children(tree, what)
				     : MOVED(FTSENT *, real_fts_children()(tree, what));
}

SHIM_EXPORT int fts_close(FTS *tree)
{
	return tree->fts_rfd == OURS ? narrow_close(tree) : MOVED(int, real_fts_close()(tree));
}

SHIM_EXPORT FTS64 *fts64_open(char *const *paths, int options, order64 compare)
{
	if (!is_ours(paths, options))
		return real_fts64_open()(paths, options, compare);
	return wide_open(paths, options, compare);
}

SHIM_EXPORT FTSENT64 *fts64_read(FTS64 *tree)
{
	return tree->fts_rfd == OURS ? wide_next(tree) : MOVED(FTSENT64 *, real_fts64_read()(tree));
}

SHIM_EXPORT FTSENT64 *fts64_children(FTS64 *tree, int what)
{
	return tree->fts_rfd == OURS ? wide_children(tree, what)
				     : MOVED(FTSENT64 *, real_fts64_children()(tree, what));
}

SHIM_EXPORT int fts64_close(FTS64 *tree)
{
	return tree->fts_rfd == OURS ? wide_close(tree) : MOVED(int, real_fts64_close()(tree));
}
