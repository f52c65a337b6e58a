/* SPDX-License-Identifier: MIT
 * What is known of directories, for suggestions. learn_rules.c calls it.
 * It looks at the file system as it is now, and must never change it.
 */
#include "launcher/learn_places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Directories that many packages share (Filesystem Hierarchy Standard): a rule for one of them
 * would hide what others have there. */
static const char *const shared_dirs[] = {
	"/",
	"/bin",
	"/boot",
	"/dev",
	"/dev/shm",
	"/etc",
	"/etc/cron.d",
	"/etc/default",
	"/etc/init.d",
	"/etc/ld.so.conf.d",
	"/etc/opt",
	"/etc/profile.d",
	"/etc/ssl",
	"/etc/ssl/certs",
	"/etc/xdg",
	"/home",
	"/lib",
	"/lib32",
	"/lib64",
	"/media",
	"/mnt",
	"/opt",
	"/proc",
	"/root",
	"/run",
	"/run/lock",
	"/run/user",
	"/sbin",
	"/srv",
	"/sys",
	"/tmp",
	"/usr",
	"/usr/bin",
	"/usr/include",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/libexec",
	"/usr/local",
	"/usr/local/bin",
	"/usr/local/etc",
	"/usr/local/lib",
	"/usr/local/sbin",
	"/usr/local/share",
	"/usr/sbin",
	"/usr/share",
	"/usr/share/applications",
	"/usr/share/doc",
	"/usr/share/fonts",
	"/usr/share/icons",
	"/usr/share/locale",
	"/usr/share/man",
	"/usr/share/mime",
	"/usr/share/zoneinfo",
	"/usr/src",
	"/var",
	"/var/cache",
	"/var/lib",
	"/var/local",
	"/var/lock",
	"/var/log",
	"/var/mail",
	"/var/opt",
	"/var/run",
	"/var/spool",
	"/var/tmp",
};

static bool is_shared(const char *path, size_t len)
{
	for (size_t i = 0; i < sizeof(shared_dirs) / sizeof(*shared_dirs); i++)
		if (strlen(shared_dirs[i]) == len && memcmp(shared_dirs[i], path, len) == 0)
			return true;
	/* /lib/x86_64-linux-gnu, /usr/lib/i386-linux-gnu */
	return len > 10 && memcmp(path + len - 10, "-linux-gnu", 10) == 0;
}

bool place_is_below(const char *path, size_t len, const char *dir, size_t dir_len)
{
	return len >= dir_len && memcmp(path, dir, dir_len) == 0 &&
	       (len == dir_len || path[dir_len] == '/');
}

static bool is_below(const char *path, size_t len, const char *dir)
{
	return dir && place_is_below(path, len, dir, strlen(dir));
}

/* A variable that names a directory, without slashes at its end; NULL: not set, or the root. */
static const char *directory_of(const char *name)
{
	const char *value = getenv(name);
	size_t len = value ? strlen(value) : 0;

	while (len && value[len - 1] == '/')
		len--;
	return len && *value == '/' ? strndup(value, len) : NULL;
}

void places_find(struct places *places)
{
	static const char *const names[PLACES_WRITABLE] = {"SNAP_DATA",       "SNAP_COMMON",
							   "SNAP_USER_DATA",  "SNAP_USER_COMMON",
							   "XDG_RUNTIME_DIR", "TMPDIR"};

	places->snap = directory_of("SNAP");
	places->home = directory_of("HOME");
	places->instance = getenv("SNAP_INSTANCE_NAME");
	for (int i = 0; i < PLACES_WRITABLE; i++)
		places->writable[i] = directory_of(names[i]);
}

bool place_is_optional(const char *path, size_t len)
{
	static const char *const dirs[] = {"/etc/ld.so.preload", "/etc/ld.so.nohwcap",
					   "/etc/selinux",       "/selinux",
					   "/usr/lib/locale",    "/usr/share/locale",
					   "/usr/lib/gconv",     "/usr/share/locale-langpack"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (is_below(path, len, dirs[i]))
			return true;
	return memmem(path, len, "/glibc-hwcaps", 13) || memmem(path, len, "/gconv", 6);
}

/* Was NAME found in the directory DIR of LEN bytes? */
static bool was_found(const struct tally *tally, const char *dir, size_t len, const char *name)
{
	const struct tally_path *other;
	char *path;
	int size = asprintf(&path, "%.*s/%s", (int)len, dir, name);

	if (size < 0)
		return false;
	other = tally_find(tally, path, (size_t)size);
	free(path);
	return other && other->found;
}

static bool is_found_in_path(const struct tally *tally, const char *dir, size_t len,
			     const char *name)
{
	bool asked = false, found = false;

	for (const char *at = getenv("PATH"); at && *at; at += *at == ':') {
		size_t size = strcspn(at, ":");

		asked |= size == len && memcmp(at, dir, len) == 0;
		found |= was_found(tally, at, size, name);
		at += size;
	}
	return asked && found;
}

bool places_is_search(const struct tally *tally, const struct tally_path *path)
{
	const char *name = strrchr(path->path, '/');
	size_t dir = (size_t)(name - path->path);

	if (is_found_in_path(tally, path->path, dir, name + 1))
		return true;
	if (!strstr(name, ".so"))
		return false;
	for (uint32_t i = 0; i < tally->npaths; i++) {
		const struct tally_path *other = &tally->path[i];

		if (other->found && other->len > strlen(name) &&
		    strcmp(other->path + other->len - strlen(name), name) == 0)
			return true;
	}
	return false;
}

bool place_is_vendor(const char *path, size_t len)
{
	return is_below(path, len, "/opt") || is_below(path, len, "/srv") ||
	       is_below(path, len, "/etc/opt") || is_below(path, len, "/var/opt");
}

bool place_is_shm(const char *path, size_t len)
{
	return len > strlen("/dev/shm/") && is_below(path, len, "/dev/shm");
}

bool places_is_own_shm(const struct places *places, const char *path)
{
	const char *name = path + strlen("/dev/shm/");

	if (strncmp(name, "sem.", 4) == 0)
		name += 4;
	if (strncmp(name, "snap.", 5) != 0)
		return false;
	name += 5;
	return !places->instance ||
	       (strncmp(name, places->instance, strlen(places->instance)) == 0 &&
		name[strlen(places->instance)] == '.');
}

const char *place_root(const char *path, size_t len)
{
	return is_below(path, len, "/var") || is_below(path, len, "/srv") ||
			       is_below(path, len, "/run")
		       ? "$SNAP_COMMON"
		       : "$SNAP_DATA";
}

static bool is_kernels(const char *path, size_t len)
{
	return is_below(path, len, "/proc") || is_below(path, len, "/sys") ||
	       is_below(path, len, "/dev");
}

bool places_may_write(const struct places *places, const char *path)
{
	size_t len = strlen(path);

	for (int i = 0; i < PLACES_WRITABLE; i++)
		if (is_below(path, len, places->writable[i]))
			return true;
	if (places_is_in_snap(places, path))
		return false;
	return is_kernels(path, len) || is_below(path, len, "/tmp");
}

bool places_is_in_snap(const struct places *places, const char *path)
{
	return is_below(path, strlen(path), places->snap);
}

bool places_is_home(const struct places *places, const char *path)
{
	return is_below(path, strlen(path), places->home) && !places_is_in_snap(places, path);
}

bool places_know(const struct places *places, const char *path, size_t len)
{
	for (int i = 0; i < PLACES_WRITABLE; i++)
		if (is_below(path, len, places->writable[i]))
			return true;
	return len == 1 || is_kernels(path, len) || is_below(path, len, "/tmp") ||
	       is_below(path, len, places->snap) || is_below(path, len, places->home);
}

static bool stat_in_snap(const struct places *places, const char *path, size_t len,
			 struct stat *now)
{
	char *name;
	bool there;

	if (!places->snap || asprintf(&name, "%s%.*s", places->snap, (int)len, path) < 0)
		return false;
	there = lstat(name, now) == 0;
	free(name);
	return there;
}

bool places_has_in_snap(const struct places *places, const char *path, size_t len)
{
	struct stat now;

	return stat_in_snap(places, path, len, &now);
}

static bool is_directory_in_snap(const struct places *places, const char *path, size_t len)
{
	struct stat now;

	return stat_in_snap(places, path, len, &now) && S_ISDIR(now.st_mode);
}

static bool is_missing_here(const char *path, size_t len)
{
	char *name = strndup(path, len);
	struct stat now;
	bool missing = name && lstat(name, &now) < 0 && (errno == ENOENT || errno == ENOTDIR);

	free(name);
	return missing;
}

/* Length of the directory of the first LEN bytes of PATH; 0 for one of the root. */
static size_t directory_length(const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

size_t places_top_missing(const struct places *places, const struct tally_path *path)
{
	size_t len = path->len, up;

	while ((up = directory_length(path->path, len)) && is_missing_here(path->path, up) &&
	       places_has_in_snap(places, path->path, up))
		len = up;
	return len;
}

size_t places_top_missing_all(const struct places *places, const struct tally_path *path)
{
	size_t len = path->len, up;

	while ((up = directory_length(path->path, len)) && is_missing_here(path->path, up) &&
	       !places_has_in_snap(places, path->path, up))
		len = up;
	return len;
}

size_t places_top_in_snap(const struct places *places, const struct tally_path *path)
{
	size_t len = path->len, up;

	while ((up = directory_length(path->path, len)) && !is_shared(path->path, up) &&
	       places_has_in_snap(places, path->path, up))
		len = up;
	return len;
}

size_t places_top_written(const struct places *places, const struct tally_path *path)
{
	size_t len = path->len, up;

	while ((up = directory_length(path->path, len)) && !is_shared(path->path, up) &&
	       !is_directory_in_snap(places, path->path, up))
		len = up;
	return len;
}
