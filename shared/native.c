/* SPDX-License-Identifier: MIT
 * `native` rules: which programs run without rules, and what they are given. Part of exec.h.
 * It must never take a program for native whose name cannot be told.
 */
#include "shared/exec.h"
#include "shared/name.h"
#include "shared/text.h"
#include "shared/verdict.h"

bool snr_exec_is_native(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			int dirfd, const char *path, size_t len, struct snr_lookup lookup,
			char name[SNR_PATH_MAX])
{
	const struct snr_image *image = redirector->image;
	struct snr_verdicts verdicts;
	bool found = false;

	if (!snr_has_kind(image, SNR_KIND_BIT(SNR_NATIVE)))
		return false;
	for (int follow = lookup.follow; follow >= 0 && !found; follow--) {
		long n;

		lookup.follow = follow;
		n = snr_name_of(image, &redirector->host, scratch, dirfd, path, len, lookup, name);
		if (n <= 0)
			continue;
		verdicts = snr_verdicts_begin(image, name, (size_t)n, SNR_KIND_BIT(SNR_NATIVE));
		found = snr_verdicts_next(&verdicts) != SNR_NO_RULE;
	}
	name[0] = '\0';
	return found;
}

void snr_exec_environment(const struct snr_image *image, const char **slots)
{
	const char *at = snr_string(image, image->environment);

	for (uint32_t i = 0; i < image->environment_count; i++) {
		slots[i] = at;
		at += snr_length(at) + 1;
	}
	slots[image->environment_count] = NULL;
}
