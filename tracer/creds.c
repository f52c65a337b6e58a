/* SPDX-License-Identifier: MIT
 * The tracee's rights on files, for the length of one question. Used inside tracer/ only.
 * It must never change the tracer's real, effective or saved ids: only those of file systems.
 */
#include "tracer/creds.h"

#include "tracer/proc.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
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
	bool own_all; /* CAP_FOWNER among the capabilities that count */
};

/* proc(5): the last one of Uid and Gid is that of the file system. Groups come one behind the
 * other. */
static int read_ids(pid_t tid, struct ids *ids)
{
	char uid[64], gid[64], groups[MAX_GROUPS * 11 + 1], capable[32];
	const struct proc_field fields[] = {{"Uid", uid, sizeof(uid)},
					    {"Gid", gid, sizeof(gid)},
					    {"Groups", groups, sizeof(groups)},
					    {"CapEff", capable, sizeof(capable)}};
	char *at = groups, *end;

	if (proc_status(tid, fields, 4) || sscanf(uid, "%*u %*u %*u %u", &ids->uid) != 1 ||
	    sscanf(gid, "%*u %*u %*u %u", &ids->gid) != 1)
		return -EPROTO;
	for (ids->ngroups = 0; ids->ngroups < MAX_GROUPS; at = end) {
		unsigned long group = strtoul(at, &end, 10);

		if (end == at)
			break;
		ids->groups[ids->ngroups++] = (gid_t)group;
	}
	ids->own_all = strtoull(capable, NULL, 16) >> CAP_FOWNER & 1;
	return 0;
}

/* Remembered for the stop: nothing else runs in the tracee meanwhile that could change it. */
static void learn(struct tracer *tracer)
{
	struct ids ids;

	tracer->creds_known = true;
	tracer->creds_differ = false;
	if (!tracer->is_root || read_ids(tracer->current->tid, &ids) || ids.uid == 0)
		return;
	tracer->creds_differ = true;
	tracer->creds_own_all = ids.own_all;
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
	char text[16];
	const struct proc_field field = {"Umask", text, sizeof(text)};

	return proc_status(tracer->current->tid, &field, 1) ? 022 : (mode_t)strtoul(text, NULL, 8);
}
