/* SPDX-License-Identifier: MIT
 * Overlays: which calls need something done before the kernel gets them. Only rewrite.c calls it.
 * It must never look at the disk.
 */
#include "shared/overlay_act.h"

#include <asm/fcntl.h>

/* What comes of a call's effects and flags. */
static enum snr_overlay_deed deed_of(const struct snr_pathop *op, const struct snr_call *call,
				     const uint64_t how[3])
{
	int flags_arg = snr_pathop_find(op, SNR_ROLE_OFLAGS);
	uint64_t flags = flags_arg < 0 ? how[0] : call->arg[flags_arg];

	if (op->effects & SNR_REMOVES)
		return op->effects & SNR_SAME_FS ? SNR_DEED_RENAME : SNR_DEED_REMOVE;
	if (op->effects & SNR_SAME_FS)
		return SNR_DEED_LINK;
	if (op->effects & SNR_EXCLUSIVE)
		return SNR_DEED_MAKE;
	if (flags_arg >= 0 || snr_pathop_find(op, SNR_ROLE_HOW) >= 0)
		return flags & O_PATH ? SNR_DEED_NONE
		       : (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) ||
				       (flags & O_TMPFILE) == O_TMPFILE
			       ? SNR_DEED_OPEN
			       : SNR_DEED_NONE;
	if (op->effects & SNR_CREATES)
		return SNR_DEED_OPEN; /* creat(2) */
	return op->effects & (SNR_CHANGES | SNR_PERMITS) ? SNR_DEED_CHANGE : SNR_DEED_NONE;
}

void snr_overlay_plan(const struct snr_image *image, const struct snr_call *call,
		      const uint64_t how[3], const struct snr_resolved *resolved, int n,
		      struct snr_plan *plan)
{
	int text = 0;
	bool any = false;

	plan->overlay.deed = SNR_DEED_NONE;
	plan->overlay.lent = false;
	plan->overlay.held = n && resolved[0].held;
	if (!snr_has_overlays(image))
		return;
	for (int i = 0; i < n; i++) {
		plan->overlay.rule[i] = SNR_NO_RULE;
		if (resolved[i].overlay != SNR_NO_RULE && resolved[i].changed) {
			plan->overlay.rule[i] = resolved[i].overlay;
			plan->overlay.layer[i] = resolved[i].layer;
			plan->overlay.text[i] = (uint8_t)text;
			plan->overlay.lent |= resolved[i].lent;
			any = true;
		}
		if (resolved[i].incomplete)
			return; /* the kernel will miss the same directory */
		text += resolved[i].changed;
	}
	for (int i = n; i < SNR_MAX_PATHS; i++)
		plan->overlay.rule[i] = SNR_NO_RULE;
	if (any)
		plan->overlay.deed = (uint8_t)deed_of(&snr_pathops[call->op], call, how);
}
