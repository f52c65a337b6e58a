/* SPDX-License-Identifier: MIT
 * What the kernel refuses at mount points (EBUSY) and across them (EXDEV), which no real file
 * system would refuse here. Only rewrite.c calls it.
 */
#ifndef SNR_REFUSE_H
#define SNR_REFUSE_H

#include "shared/rewrite.h"

/* Must a removing, renaming or linking CALL not reach the kernel? Then true, and *RESULT is what it
 * returns: an error, or 0 where there is nothing to do. RESOLVED are its N paths, PLAN what was
 * planned so far. Source of the order in which things are asked: do_renameat2, do_linkat,
 * do_unlinkat, do_rmdir, vfs_rename, may_delete in fs/namei.c, 6.18. */
bool snr_refuses(struct snr_redirector *redirector, struct snr_scratch *scratch,
		 const struct snr_call *call, const struct snr_resolved *resolved, int n,
		 const struct snr_plan *plan, int *result);

#endif
