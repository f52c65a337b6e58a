/* SPDX-License-Identifier: MIT
 * What the kernel refuses at mount points (EBUSY) and across them (EXDEV), which no real file
 * system would refuse here. Only rewrite.c calls it.
 */
#ifndef SNR_REFUSE_H
#define SNR_REFUSE_H

#include "shared/rewrite.h"

/* The error with which a removing, renaming or linking CALL must fail, or 0. RESOLVED are its N
 * paths, PLAN what was planned so far. Where a mount would let an earlier check fail first (a
 * parent that is missing), the answer is 0 and the kernel meets that check itself. Source:
 * do_renameat2, do_linkat, do_unlinkat, do_rmdir in fs/namei.c, 6.12. */
int snr_refusal(struct snr_redirector *redirector, struct snr_scratch *scratch,
		const struct snr_call *call, const struct snr_resolved *resolved, int n,
		const struct snr_plan *plan);

#endif
