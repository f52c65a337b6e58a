/* SPDX-License-Identifier: MIT
 * Users, groups and shadow passwords: libc reads their files far beneath the function, so where a
 * rule applies to the file, it is read here, by libc's own parser. Called by programs; allocates as
 * libc's own do. It must never look anywhere else than in the file then, nor touch the call where
 * no rule applies.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

SHIM_REAL_POINTER(struct passwd *, getpwnam, (const char *name))
SHIM_REAL_POINTER(struct passwd *, getpwuid, (uid_t uid))
SHIM_REAL_POINTER(struct passwd *, getpwent, (void))
SHIM_REAL_POINTER(struct group *, getgrnam, (const char *name))
SHIM_REAL_POINTER(struct group *, getgrgid, (gid_t gid))
SHIM_REAL_POINTER(struct group *, getgrent, (void))
SHIM_REAL_POINTER(struct spwd *, getspnam, (const char *name))
SHIM_REAL_POINTER(struct spwd *, getspent, (void))
SHIM_REAL(int, getpwnam_r,
	  (const char *name, struct passwd *entry, char *buffer, size_t size,
	   struct passwd **result))
SHIM_REAL(int, getpwuid_r,
	  (uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result))
SHIM_REAL(int, getpwent_r,
	  (struct passwd * entry, char *buffer, size_t size, struct passwd **result))
SHIM_REAL(int, getgrnam_r,
	  (const char *name, struct group *entry, char *buffer, size_t size, struct group **result))
SHIM_REAL(int, getgrgid_r,
	  (gid_t gid, struct group *entry, char *buffer, size_t size, struct group **result))
SHIM_REAL(int, getgrent_r, (struct group * entry, char *buffer, size_t size, struct group **result))
SHIM_REAL(int, getspnam_r,
	  (const char *name, struct spwd *entry, char *buffer, size_t size, struct spwd **result))
SHIM_REAL(int, getspent_r, (struct spwd * entry, char *buffer, size_t size, struct spwd **result))
SHIM_REAL_AS(void, setpwent, (void), shim_missing)
SHIM_REAL_AS(void, endpwent, (void), shim_missing)
SHIM_REAL_AS(void, setgrent, (void), shim_missing)
SHIM_REAL_AS(void, endgrent, (void), shim_missing)
SHIM_REAL_AS(void, setspent, (void), shim_missing)
SHIM_REAL_AS(void, endspent, (void), shim_missing)
SHIM_REAL(int, getgrouplist, (const char *user, gid_t group, gid_t *groups, int *n))
SHIM_REAL(int, initgroups, (const char *user, gid_t group))

/* What a search is for: a name, or a number where NAME is NULL. */
struct key {
	const char *name;
	unsigned number;
};

/* One file. What the functions without _r give out is static, as in libc. */
struct database {
	const char *path;
	int (*read)(FILE *file, void *entry, char *buffer, size_t size, void **result);
	bool (*is)(const void *entry, struct key key);
	void *entry;
	char *buffer;
	size_t size;
	FILE *stream; /* of setXXent to endXXent */
};

static bool same(const char *a, const char *b)
{
	size_t len = snr_length(a);

	return len == snr_length(b) && snr_equal(a, b, len);
}

static int read_user(FILE *file, void *entry, char *buffer, size_t size, void **result)
{
	return fgetpwent_r(file, entry, buffer, size, (struct passwd **)result);
}

static int read_group(FILE *file, void *entry, char *buffer, size_t size, void **result)
{
	return fgetgrent_r(file, entry, buffer, size, (struct group **)result);
}

static int read_shadow(FILE *file, void *entry, char *buffer, size_t size, void **result)
{
	return fgetspent_r(file, entry, buffer, size, (struct spwd **)result);
}

static bool is_user(const void *entry, struct key key)
{
	const struct passwd *user = entry;

	return key.name ? same(user->pw_name, key.name) : user->pw_uid == key.number;
}

static bool is_group(const void *entry, struct key key)
{
	const struct group *group = entry;

	return key.name ? same(group->gr_name, key.name) : group->gr_gid == key.number;
}

static bool is_shadow(const void *entry, struct key key)
{
	return same(((const struct spwd *)entry)->sp_namp, key.name);
}

static struct passwd user_entry;
static struct group group_entry;
static struct spwd shadow_entry;
static struct database users = {"/etc/passwd", read_user, is_user, &user_entry, NULL, 0, NULL};
static struct database groups = {"/etc/group", read_group, is_group, &group_entry, NULL, 0, NULL};
static struct database shadows = {"/etc/shadow", read_shadow, is_shadow, &shadow_entry,
				  NULL,          0,           NULL};

static bool is_ours(const struct database *db)
{
	struct shim_slot *slot;

	if (shim_known(SNR_open, AT_FDCWD, db->path, O_RDONLY) == SNR_MEMO_UNCHANGED)
		return false;
	slot = shim_plan(SNR_open, (long)db->path, O_RDONLY, 0, 0, 0);
	if (slot)
		shim_slot_release(slot);
	return slot != NULL;
}

/* 0 with *RESULT NULL where there is no more. */
static int read_next(const struct database *db, FILE *file, void *entry, char *buffer, size_t size,
		     void **result)
{
	int error = db->read(file, entry, buffer, size, result);

	if (error)
		*result = NULL;
	return error == ENOENT ? 0 : error;
}

/* 0 with *RESULT NULL where there is none. */
static int find(const struct database *db, struct key key, void *entry, char *buffer, size_t size,
		void **result)
{
	int before = errno, error = 0;
	FILE *file = fopen(db->path, "rce");

	*result = NULL;
	if (!file)
		return errno == ENOENT ? 0 : errno;
	do {
		error = read_next(db, file, entry, buffer, size, result);
	} while (!error && *result && !db->is(*result, key));
	fclose(file);
	errno = before;
	return error;
}

static bool grow(struct database *db)
{
	char *buffer = realloc(db->buffer, db->size ? 2 * db->size : 1024);

	if (!buffer)
		return false;
	db->buffer = buffer;
	db->size = db->size ? 2 * db->size : 1024;
	return true;
}

static void *give(int error, void *result)
{
	if (error)
		shim_fail(-error);
	return result;
}

static void *find_static(struct database *db, struct key key)
{
	void *result = NULL;
	int error = ERANGE;

	if (!db->size && !grow(db))
		return NULL;
	do {
		error = find(db, key, db->entry, db->buffer, db->size, &result);
	} while (error == ERANGE && grow(db));
	return give(error, result);
}

static void end(struct database *db)
{
	if (db->stream)
		fclose(db->stream);
	db->stream = NULL;
}

/* As getpwent_r(3): ENOENT where there is no more. */
static int next(struct database *db, void *entry, char *buffer, size_t size, void **result)
{
	int before = errno, error;
	fpos_t place;

	*result = NULL;
	if (!db->stream)
		db->stream = fopen(db->path, "rce");
	if (!db->stream)
		return errno;
	fgetpos(db->stream, &place);
	error = read_next(db, db->stream, entry, buffer, size, result);
	if (error == ERANGE)
		fsetpos(db->stream, &place);
	errno = before;
	return error || *result ? error : ENOENT;
}

static void *next_static(struct database *db)
{
	void *result = NULL;
	int error = ERANGE;

	if (!db->size && !grow(db))
		return NULL;
	do {
		error = next(db, db->entry, db->buffer, db->size, &result);
	} while (error == ERANGE && grow(db));
	return give(error == ENOENT ? 0 : error, result);
}

/* ---- users ---- */

SHIM_EXPORT struct passwd *getpwnam(const char *name)
{
	return is_ours(&users) ? find_static(&users, (struct key){name, 0}) : real_getpwnam()(name);
}

SHIM_EXPORT struct passwd *getpwuid(uid_t uid)
{
	return is_ours(&users) ? find_static(&users, (struct key){NULL, uid})
			       : real_getpwuid()(uid);
}

SHIM_EXPORT int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
			   struct passwd **result)
{
	if (!is_ours(&users))
		return real_getpwnam_r()(name, entry, buffer, size, result);
	return find(&users, (struct key){name, 0}, entry, buffer, size, (void **)result);
}

SHIM_EXPORT int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size,
			   struct passwd **result)
{
	if (!is_ours(&users))
		return real_getpwuid_r()(uid, entry, buffer, size, result);
	return find(&users, (struct key){NULL, uid}, entry, buffer, size, (void **)result);
}

SHIM_EXPORT void setpwent(void)
{
	end(&users);
	real_setpwent()();
}

SHIM_EXPORT void endpwent(void)
{
	end(&users);
	real_endpwent()();
}

SHIM_EXPORT struct passwd *getpwent(void)
{
	return is_ours(&users) ? next_static(&users) : real_getpwent()();
}

SHIM_EXPORT int getpwent_r(struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
	if (!is_ours(&users))
		return real_getpwent_r()(entry, buffer, size, result);
	return next(&users, entry, buffer, size, (void **)result);
}

/* ---- groups ---- */

SHIM_EXPORT struct group *getgrnam(const char *name)
{
	return is_ours(&groups) ? find_static(&groups, (struct key){name, 0})
				: real_getgrnam()(name);
}

SHIM_EXPORT struct group *getgrgid(gid_t gid)
{
	return is_ours(&groups) ? find_static(&groups, (struct key){NULL, gid})
				: real_getgrgid()(gid);
}

SHIM_EXPORT int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
			   struct group **result)
{
	if (!is_ours(&groups))
		return real_getgrnam_r()(name, entry, buffer, size, result);
	return find(&groups, (struct key){name, 0}, entry, buffer, size, (void **)result);
}

SHIM_EXPORT int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size,
			   struct group **result)
{
	if (!is_ours(&groups))
		return real_getgrgid_r()(gid, entry, buffer, size, result);
	return find(&groups, (struct key){NULL, gid}, entry, buffer, size, (void **)result);
}

SHIM_EXPORT void setgrent(void)
{
	end(&groups);
	real_setgrent()();
}

SHIM_EXPORT void endgrent(void)
{
	end(&groups);
	real_endgrent()();
}

SHIM_EXPORT struct group *getgrent(void)
{
	return is_ours(&groups) ? next_static(&groups) : real_getgrent()();
}

SHIM_EXPORT int getgrent_r(struct group *entry, char *buffer, size_t size, struct group **result)
{
	if (!is_ours(&groups))
		return real_getgrent_r()(entry, buffer, size, result);
	return next(&groups, entry, buffer, size, (void **)result);
}

/* The groups of one user, while they are collected. */
struct list {
	gid_t *group;
	int n, room;
};

static bool add_group(struct list *list, gid_t gid)
{
	for (int i = 0; i < list->n; i++)
		if (list->group[i] == gid)
			return true;
	if (list->n == list->room) {
		int room = list->room ? 2 * list->room : 32;
		gid_t *more = realloc(list->group, (size_t)room * sizeof(*more));

		if (!more)
			return false;
		list->group = more;
		list->room = room;
	}
	list->group[list->n++] = gid;
	return true;
}

/* -1 with errno set where they cannot be read. */
static int list_groups(const char *user, gid_t gid, struct list *list)
{
	struct group entry;
	struct database db = {.path = groups.path, .read = read_group, .entry = &entry};
	const struct group *group;
	bool room = add_group(list, gid);

	while (room && (group = next_static(&db)))
		for (char **member = group->gr_mem; *member && room; member++)
			if (same(*member, user))
				room = add_group(list, group->gr_gid);
	end(&db);
	free(db.buffer);
	return room ? 0 : -1;
}

SHIM_EXPORT int getgrouplist(const char *user, gid_t gid, gid_t *out, int *n)
{
	struct list list = {0};
	int wanted = *n;

	if (!is_ours(&groups))
		return real_getgrouplist()(user, gid, out, n);
	if (list_groups(user, gid, &list) < 0) {
		free(list.group);
		return -1;
	}
	for (int i = 0; i < list.n && i < wanted; i++)
		out[i] = list.group[i];
	free(list.group);
	*n = list.n;
	return list.n <= wanted ? list.n : -1;
}

SHIM_EXPORT int initgroups(const char *user, gid_t gid)
{
	struct list list = {0};
	int result;

	if (!is_ours(&groups))
		return real_initgroups()(user, gid);
	result = list_groups(user, gid, &list);
	if (!result)
		result = setgroups((size_t)list.n, list.group);
	free(list.group);
	return result;
}

/* ---- shadow passwords ---- */

SHIM_EXPORT struct spwd *getspnam(const char *name)
{
	return is_ours(&shadows) ? find_static(&shadows, (struct key){name, 0})
				 : real_getspnam()(name);
}

SHIM_EXPORT int getspnam_r(const char *name, struct spwd *entry, char *buffer, size_t size,
			   struct spwd **result)
{
	if (!is_ours(&shadows))
		return real_getspnam_r()(name, entry, buffer, size, result);
	return find(&shadows, (struct key){name, 0}, entry, buffer, size, (void **)result);
}

SHIM_EXPORT void setspent(void)
{
	end(&shadows);
	real_setspent()();
}

SHIM_EXPORT void endspent(void)
{
	end(&shadows);
	real_endspent()();
}

SHIM_EXPORT struct spwd *getspent(void)
{
	return is_ours(&shadows) ? next_static(&shadows) : real_getspent()();
}

SHIM_EXPORT int getspent_r(struct spwd *entry, char *buffer, size_t size, struct spwd **result)
{
	if (!is_ours(&shadows))
		return real_getspent_r()(entry, buffer, size, result);
	return next(&shadows, entry, buffer, size, (void **)result);
}
