/* SPDX-License-Identifier: MIT
 * ftw and nftw: libc walks with calls of its own, so where rules may be met the walk is done here,
 * in the program's names, in the order and with the types that glibc gives. Called by programs;
 * allocates as libc's own do. At most one directory is open at a time.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

SHIM_REAL(int, ftw, (const char *path, __ftw_func_t function, int descriptors))
SHIM_REAL(int, ftw64, (const char *path, __ftw64_func_t function, int descriptors))
SHIM_REAL(int, nftw, (const char *path, __nftw_func_t function, int descriptors, int flags))
SHIM_REAL(int, nftw64, (const char *path, __nftw64_func_t function, int descriptors, int flags))

#define KNOWN_FLAGS (FTW_PHYS | FTW_MOUNT | FTW_CHDIR | FTW_DEPTH | FTW_ACTIONRETVAL)

/* A directory that was seen, so that links do not lead in circles. */
struct seen {
	dev_t dev;
	ino64_t ino;
};

/* What to call: one of these is set. */
struct callback {
	__ftw_func_t ftw;
	__ftw64_func_t ftw64;
	__nftw_func_t nftw;
	__nftw64_func_t nftw64;
};

struct walk {
	struct callback call;
	int flags;
	dev_t dev; /* of the top, for FTW_MOUNT */
	struct FTW at;
	struct seen *seen;
	size_t nseen, seen_room;
	size_t len;
	char path[2 * SNR_PATH_MAX];
};

/* The names in one directory, each with its NUL behind the other. */
struct names {
	char *text;
	size_t len, room;
};

/* ftw(3) does not know the types of nftw(3). */
static int plain_type(int type)
{
	static const int types[] = {
		[FTW_F] = FTW_F,  [FTW_D] = FTW_D,  [FTW_DNR] = FTW_DNR, [FTW_NS] = FTW_NS,
		[FTW_SL] = FTW_F, [FTW_DP] = FTW_D, [FTW_SLN] = FTW_NS};

	return types[type];
}

static int report(struct walk *walk, const struct stat64 *st, int type)
{
	struct stat small;

	if (walk->call.nftw64)
		return walk->call.nftw64(walk->path, st, type, &walk->at);
	if (walk->call.ftw64)
		return walk->call.ftw64(walk->path, st, plain_type(type));
	small = shim_narrow_stat(st);
	if (walk->call.nftw)
		return walk->call.nftw(walk->path, &small, type, &walk->at);
	return walk->call.ftw(walk->path, &small, plain_type(type));
}

/* Is this directory new? -1 without memory. */
static int remember(struct walk *walk, const struct stat64 *st)
{
	for (size_t i = 0; i < walk->nseen; i++)
		if (walk->seen[i].dev == st->st_dev && walk->seen[i].ino == st->st_ino)
			return 0;
	if (walk->nseen == walk->seen_room) {
		size_t room = walk->seen_room ? 2 * walk->seen_room : 64;
		struct seen *seen = realloc(walk->seen, room * sizeof(*seen));

		if (!seen)
			return -1;
		walk->seen = seen;
		walk->seen_room = room;
	}
	walk->seen[walk->nseen++] = (struct seen){st->st_dev, st->st_ino};
	return 1;
}

/* How to name the present entry: under FTW_CHDIR we are in its directory. */
static const char *short_name(const struct walk *walk)
{
	return walk->flags & FTW_CHDIR ? walk->path + walk->at.base : walk->path;
}

/* The type of the present entry. -errno where the walk must end. */
static long look(const struct walk *walk, struct stat64 *st)
{
	const char *name = short_name(walk);
	long error = shim_stat(name, st, walk->flags & FTW_PHYS ? AT_SYMLINK_NOFOLLOW : 0);

	if (error == 0)
		return S_ISDIR(st->st_mode) ? FTW_D : S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
	if (error != -EACCES && error != -ENOENT)
		return error;
	if (!(walk->flags & FTW_PHYS) && shim_stat(name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st->st_mode))
		return FTW_SLN;
	return FTW_NS;
}

static int add_name(struct names *names, const char *name)
{
	size_t size = snr_length(name) + 1;

	if (snr_is_dot(name, size - 1) || snr_is_dotdot(name, size - 1))
		return 0;
	if (names->len + size > names->room) {
		size_t room = 2 * names->room + size + 1024;
		char *text = realloc(names->text, room);

		if (!text)
			return -1;
		names->text = text;
		names->room = room;
	}
	snr_copy(names->text + names->len, name, size);
	names->len += size;
	return 0;
}

/* All names of the present directory. -1 with errno set. */
static int read_names(const struct walk *walk, struct names *names)
{
	const char *name = short_name(walk);
	const struct dirent64 *entry;
	DIR *directory = opendir(*name ? name : ".");
	int result = 0;

	if (!directory)
		return -1;
	while (!result && (entry = readdir64(directory)))
		result = add_name(names, entry->d_name);
	closedir(directory);
	return result;
}

static int walk_entry(struct walk *walk);

/* Everything in the directory at walk->path. */
static int walk_names(struct walk *walk, const struct names *names)
{
	const size_t len = walk->len;
	const int base = walk->at.base;
	int result = 0;

	walk->at.level++;
	for (size_t i = 0; i < names->len && !result; i += snr_length(names->text + i) + 1) {
		struct snr_builder path = {.out = walk->path,
					   .size = sizeof(walk->path),
					   .len = len};

		if (walk->path[len - 1] != '/')
			snr_add(&path, "/", 1);
		walk->at.base = (int)path.len;
		snr_add_text(&path, names->text + i);
		if (snr_finish(&path) < 0)
			result = (int)shim_fail(-ENAMETOOLONG);
		walk->len = path.len;
		if (!result)
			result = walk_entry(walk);
	}
	walk->at.level--;
	walk->at.base = base;
	walk->len = len;
	walk->path[len] = '\0';
	if ((walk->flags & FTW_ACTIONRETVAL) && result == FTW_SKIP_SIBLINGS)
		result = 0;
	return result;
}

/* Is the walk to go on, so that the directory matters? */
static bool goes_on(const struct walk *walk, int result)
{
	return result == 0 ||
	       ((walk->flags & FTW_ACTIONRETVAL) && result != -1 && result != FTW_STOP);
}

static int walk_inside(struct walk *walk, const struct stat64 *st, const struct names *names)
{
	int parent = -1, result = 0;

	if (!(walk->flags & FTW_DEPTH))
		result = report(walk, st, FTW_D);
	if (result)
		return result;
	if (walk->flags & FTW_CHDIR) {
		parent = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (chdir(*short_name(walk) ? short_name(walk) : ".") < 0)
			result = -1;
	}
	if (!result)
		result = walk_names(walk, names);
	if (!result && (walk->flags & FTW_DEPTH))
		result = report(walk, st, FTW_DP);
	if (parent >= 0) {
		if (goes_on(walk, result) && fchdir(parent) < 0)
			result = -1;
		close(parent);
	}
	return result;
}

static int walk_directory(struct walk *walk, const struct stat64 *st)
{
	struct names names = {0};
	int result;

	if (read_names(walk, &names) < 0)
		result = errno == EACCES ? report(walk, st, FTW_DNR) : -1;
	else
		result = walk_inside(walk, st, &names);
	free(names.text);
	return result;
}

static int walk_entry(struct walk *walk)
{
	struct stat64 st = {0};
	long type = look(walk, &st);
	int result = 0;

	if (type < 0)
		return (int)shim_fail(type);
	if (type != FTW_NS && (walk->flags & FTW_MOUNT) && st.st_dev != walk->dev)
		return 0;
	if (type != FTW_D) {
		result = report(walk, &st, (int)type);
	} else {
		int new = walk->flags &FTW_PHYS ? 1 : remember(walk, &st);

		result = new > 0 ? walk_directory(walk, &st) : new;
	}
	return (walk->flags & FTW_ACTIONRETVAL) && result == FTW_SKIP_SUBTREE ? 0 : result;
}

/* The top differs: its absence is an error, and its device counts. */
static int walk_top(struct walk *walk)
{
	struct stat64 st = {0};
	long type = look(walk, &st);
	int result = 0;

	if (type == FTW_NS)
		return (int)shim_fail(shim_stat(short_name(walk), &st, 0));
	if (type < 0)
		return (int)shim_fail(type);
	walk->dev = st.st_dev;
	if (type != FTW_D)
		result = report(walk, &st, (int)type);
	else if ((walk->flags & FTW_PHYS) || (result = remember(walk, &st)) > 0)
		result = walk_directory(walk, &st);
	if ((walk->flags & FTW_ACTIONRETVAL) &&
	    (result == FTW_SKIP_SUBTREE || result == FTW_SKIP_SIBLINGS))
		result = 0;
	return result;
}

/* Under FTW_CHDIR the walk starts in the directory that holds the top. */
static int walk_from_there(struct walk *walk)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result, saved;
	char last;

	if (here < 0)
		return -1;
	last = walk->path[walk->at.base];
	walk->path[walk->at.base] = '\0';
	result = walk->at.base ? chdir(walk->path) : 0;
	walk->path[walk->at.base] = last;
	if (result == 0)
		result = walk_top(walk);
	saved = errno;
	if (fchdir(here) < 0)
		result = -1;
	else
		errno = saved;
	close(here);
	return result;
}

static int walk_path(struct walk *walk, const char *path, int flags)
{
	size_t len = snr_length(path);
	int result;

	if (!len)
		return (int)shim_fail(-ENOENT);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= SNR_PATH_MAX)
		return (int)shim_fail(-ENAMETOOLONG);
	snr_copy(walk->path, path, len);
	walk->path[len] = '\0';
	walk->len = len;
	walk->flags = flags;
	while (len > 0 && path[len - 1] != '/')
		len--;
	walk->at.base = (int)len;
	result = flags & FTW_CHDIR ? walk_from_there(walk) : walk_top(walk);
	free(walk->seen);
	return result;
}

/* Only a walk over real directories, none of which holds a rule, is left to libc. */
bool shim_walk_meets_rule(const char *path, bool follow, bool follow_all)
{
	struct snr_redirector *redirector = shim_redirector();
	const struct snr_lookup lookup = {.follow = follow};
	struct snr_resolved resolved;
	struct shim_slot *slot;
	long len;

	if (!redirector)
		return false;
	len = shim_string_length(path, SNR_PATH_MAX);
	slot = len > 0 ? shim_slot_take() : NULL;
	if (!slot)
		return false;
	resolved = snr_resolve(redirector->image, redirector->facts, &redirector->host,
			       &slot->scratch, AT_FDCWD, path, (size_t)len, lookup, slot->text[0]);
	shim_slot_release(slot);
	return resolved.changed || resolved.error || resolved.ancestor || resolved.plain ||
	       follow_all;
}

/* libc's own change of directory would not be seen. */
static bool can_meet_rule(const char *path, int flags)
{
	if ((flags & FTW_CHDIR) && shim_redirector())
		return true;
	return shim_walk_meets_rule(path, !(flags & FTW_PHYS), !(flags & FTW_PHYS));
}

/* The walk's state is too large for the stack of a guest. */
static int run(struct callback call, const char *path, int flags)
{
	struct walk *walk = shim_map(sizeof(*walk));
	int result;

	if (!walk)
		return (int)shim_fail(-ENOMEM);
	walk->call = call;
	result = walk_path(walk, path, flags);
	shim_unmap(walk, sizeof(*walk));
	return result;
}

SHIM_EXPORT int ftw(const char *path, __ftw_func_t function, int descriptors)
{
	if (!can_meet_rule(path, 0))
		return real_ftw()(path, function, descriptors);
	return run((struct callback){.ftw = function}, path, 0);
}

SHIM_EXPORT int ftw64(const char *path, __ftw64_func_t function, int descriptors)
{
	if (!can_meet_rule(path, 0))
		return real_ftw64()(path, function, descriptors);
	return run((struct callback){.ftw64 = function}, path, 0);
}

/* Unknown flags are for the real one to refuse. */
SHIM_EXPORT int nftw(const char *path, __nftw_func_t function, int descriptors, int flags)
{
	if ((flags & ~KNOWN_FLAGS) || !can_meet_rule(path, flags))
		return real_nftw()(path, function, descriptors, flags);
	return run((struct callback){.nftw = function}, path, flags);
}

SHIM_EXPORT int nftw64(const char *path, __nftw64_func_t function, int descriptors, int flags)
{
	if ((flags & ~KNOWN_FLAGS) || !can_meet_rule(path, flags))
		return real_nftw64()(path, function, descriptors, flags);
	return run((struct callback){.nftw64 = function}, path, flags);
}
