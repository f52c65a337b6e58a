/* SPDX-License-Identifier: MIT
 * Real symbolic links for rules of kind symlink, in a directory of this user's. They stay: each
 * says what its name is the hash of, so all runs share them. It must never follow, nor trust, what
 * somebody else has put there.
 */
#include "launcher/rules_links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/match.h"

static const char *folder(struct pool *pool)
{
	const char *tmp = getenv("TMPDIR");
	char path[SNR_PATH_MAX];

	if (!tmp || tmp[0] != '/' || strlen(tmp) > SNR_PATH_MAX / 2)
		tmp = "/tmp";
	snprintf(path, sizeof(path), "%s/snapredir-%u", tmp, (unsigned)geteuid());
	return pool_copy(pool, path, strlen(path));
}

const char *rules_link_path(struct pool *pool, const char *text, size_t len)
{
	char path[SNR_PATH_MAX + 32];
	int n = snprintf(path, sizeof(path), "%s/link-%016llx", folder(pool),
			 (unsigned long long)snr_hash_step(len, text, len));

	return pool_copy(pool, path, (size_t)n);
}

/* Others may look into it, and only this user may have made it or write to it. */
static int make_folder(const char *link)
{
	char path[SNR_PATH_MAX];
	const char *slash = strrchr(link, '/');
	struct stat st;

	memcpy(path, link, (size_t)(slash - link));
	path[slash - link] = '\0';
	if (mkdir(path, 0755) == 0) {
		if (chmod(path, 0755) < 0)
			return -errno;
	} else if (errno != EEXIST) {
		return -errno;
	}
	if (lstat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

static bool says(const char *link, const char *text)
{
	char found[SNR_PATH_MAX];
	ssize_t n = readlink(link, found, sizeof(found));

	return n == (ssize_t)strlen(text) && memcmp(found, text, (size_t)n) == 0;
}

int rules_make_link(struct rules_final *rule)
{
	int error = make_folder(rule->target);

	if (error)
		return error;
	/* Another process that starts at the same time may be making the same. */
	if (symlink(rule->text, rule->target) < 0 && errno != EEXIST)
		return -errno;
	return says(rule->target, rule->text) ? 0 : -EEXIST;
}
