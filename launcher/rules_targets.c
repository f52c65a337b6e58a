/* SPDX-License-Identifier: MIT
 * Makes the missing targets of rules that say create=. Part of rules_check.h; the launcher calls it
 * once all rules are known to be sound. It must never change what is there already.
 */
#include "launcher/rules_check.h"
#include "launcher/rules_links.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkdir -p of all but the last component of PATH, which is changed on the way and put back. */
static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int error = mkdir(path, 0755) < 0 ? errno : 0;
		*slash = '/';
		/* A directory that is there may answer anything but ENOENT: EROFS, EACCES. */
		if (error == ENOENT || error == ENOTDIR || error == ENOSPC || error == ENAMETOOLONG)
			return -error;
	}
	return 0;
}

/* Another process that starts at the same time may be making the same: then it is there. */
static int make_last(const char *path, const struct rules_rule *rule)
{
	if (rule->create == RULES_CREATE_DIR) {
		if (mkdir(path, 0755) < 0)
			return errno == EEXIST ? 0 : -errno;
	} else {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0)
			return errno == EEXIST ? 0 : -errno;
		close(fd);
	}
	/* A mode that was asked for is meant, whatever the umask. */
	if (rule->has_mode && chmod(path, rule->mode) < 0)
		return -errno;
	return 0;
}

static int make_target(struct rules_final *final)
{
	char path[SNR_PATH_MAX];

	memcpy(path, final->target, final->target_len + 1);
	int error = make_parents(path);
	return error < 0 ? error : make_last(path, final->written);
}

static void make_link(struct rules *rules, struct rules_final *final)
{
	int error = rules_make_link(final);

	if (error < 0)
		diags_add(&rules->diags, DIAG_ERROR, final->written->target.place,
			  "cannot keep the link as %s: %s; let that directory be this user's, or "
			  "name another one by TMPDIR",
			  final->target, strerror(-error));
}

void rules_make_targets(struct rules *rules, struct rules_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct rules_final *final = &set->rule[i];
		const struct rules_rule *rule = final->written;

		/* Those of an outer snapredir are there. */
		if (rules_kind(final) == SNR_SYMLINK && rule->target.text) {
			make_link(rules, final);
			continue;
		}
		if (!(final->flags & SNR_RULE_MISSING) || rule->create == RULES_CREATE_NONE)
			continue;
		int error = make_target(final);
		if (error < 0) {
			diags_add(&rules->diags, DIAG_ERROR, rule->target.place,
				  "cannot make %s: %s; make it yourself, or name a target that "
				  "this user can write to",
				  final->target, strerror(-error));
			continue;
		}
		final->flags &= (uint8_t)~SNR_RULE_MISSING;
		if (rule->create == RULES_CREATE_DIR)
			final->flags |= SNR_RULE_TARGET_DIR;
	}
}
