/* SPDX-License-Identifier: MIT
 * Verdicts: rules that say what happens to calls that name a path, whatever lies there (deny, hide,
 * fault, native, and readonly where its path is a pattern). Everybody may call it. It must never
 * allocate, call libc or look at the file system.
 *
 * A pattern is a path in which * stands for any letters of one name, dots at its beginning
 * included, \* for a star, and the name ** for any number of names, at the end of the pattern at
 * least one.
 */
#ifndef SNR_VERDICT_H
#define SNR_VERDICT_H

#include "shared/match.h"

/* Does PATTERN match the canonical PATH? BENEATH: or a directory above it? */
bool snr_pattern_matches(const char *pattern, size_t pattern_len, const char *path, size_t len,
			 bool beneath);

/* The rule of one of KINDS (SNR_KIND_BITs) that is for just the canonical PATH, whose POSITION is
 * known; of several kinds deny, hide, readonly, fault, native in this order, of one kind the one
 * that was written last. Or SNR_NO_RULE. What is for a directory above PATH is not asked. */
uint32_t snr_verdict_at(const struct snr_image *image, const struct snr_position *position,
			const char *path, size_t len, uint32_t kinds);

/* All rules of one of KINDS that are for the canonical PATH or for a directory above it, one after
 * the other: first those without a pattern, from the root down, then patterns, as written.
 *
 *     struct snr_verdicts verdicts = snr_verdicts_begin(image, path, len, kinds);
 *     while ((rule = snr_verdicts_next(&verdicts)) != SNR_NO_RULE) ...
 */
struct snr_verdicts {
	const struct snr_image *image;
	const char *path;
	size_t len;
	uint32_t kinds;
	struct snr_position position;
	size_t end;    /* of the path up to the position */
	uint32_t rule; /* the next one of the position's chain */
	uint32_t glob; /* the next pattern */
};

struct snr_verdicts snr_verdicts_begin(const struct snr_image *image, const char *path, size_t len,
				       uint32_t kinds);
uint32_t snr_verdicts_next(struct snr_verdicts *verdicts);

#endif
