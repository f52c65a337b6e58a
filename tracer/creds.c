/* SPDX-License-Identifier: MIT
 * The tracee's rights on files, for the length of one question. Used inside tracer/ only.
 * It must never change the tracer's real, effective or saved ids: only those of file systems.
 */
#include "tracer/creds.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#define MAX_GROUPS 256 /* more than that are rare, and the rest only opens further doors */

struct ids {
	unsigned uid, gid;
	gid_t groups[MAX_GROUPS];
	int ngroups;
};

static long read_status(pid_t tid, char *out, size_t size)
{
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return n;
}

/* proc(5): Uid: and Gid: real, effective, saved, file system; Groups: the supplementary ones. */
static int parse_ids(const char *text, struct ids *ids)
{
	const char *at = strstr(text, "\nUid:");

	if (!at ||
	    sscanf(at, "\nUid: %*u %*u %*u %u Gid: %*u %*u %*u %u", &ids->uid, &ids->gid) != 2)
		return -EPROTO;
	ids->ngroups = 0;
	at = strstr(at, "\nGroups:");
	if (!at)
		return 0;
	at += sizeof("\nGroups:") - 1;
	while (ids->ngroups < MAX_GROUPS) {
		char *end;
		unsigned long group;

		while (*at == ' ' || *at == '\t')
			at++;
		group = strtoul(at, &end, 10);
		if (end == at)
			break;
		ids->groups[ids->ngroups++] = (gid_t)group;
		at = end;
	}
	return 0;
}

/* Remembered for the stop: nothing else runs in the tracee meanwhile that could change it. */
static void learn(struct tracer *tracer)
{
	char text[8192];
	struct ids ids;

	tracer->creds_known = true;
	tracer->creds_differ = false;
	if (!tracer->is_root || read_status(tracer->current->tid, text, sizeof(text)) < 0 ||
	    parse_ids(text, &ids) || ids.uid == 0)
		return;
	tracer->creds_differ = true;
	tracer->creds_uid = ids.uid;
	tracer->creds_gid = ids.gid;
	/* The tracer has no use for groups of its own: it is root. */
	if (setgroups((size_t)ids.ngroups, ids.groups))
		tracer->creds_differ = false;
}

void creds_take(struct tracer *tracer)
{
	if (!tracer->creds_known)
		learn(tracer);
	if (tracer->creds_taken++ || !tracer->creds_differ)
		return;
	setfsgid(tracer->creds_gid);
	setfsuid(tracer->creds_uid);
}

void creds_return(struct tracer *tracer)
{
	if (--tracer->creds_taken || !tracer->creds_differ)
		return;
	setfsuid(0);
	setfsgid(tracer->gid);
}

mode_t creds_umask(const struct tracer *tracer)
{
	char text[8192];
	const char *at;
	unsigned mask;

	if (read_status(tracer->current->tid, text, sizeof(text)) < 0)
		return 022;
	at = strstr(text, "\nUmask:");
	return at && sscanf(at, "\nUmask: %o", &mask) == 1 ? (mode_t)mask : 022;
}
