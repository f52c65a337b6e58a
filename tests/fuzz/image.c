/* SPDX-License-Identifier: MIT
 * Fuzz target: the check of a rules image. The input is a list of changes (four bytes: where,
 * where, what, how) to a good image. What the check lets through must be safe to use.
 */
#include "tests/fuzz/fuzz.h"

#include "shared/match.h"

static void use(const struct snr_image *image)
{
	static const char *const paths[] = {
		"/", "/opt/acme", "/opt/acme/in/x", "/etc/acme.conf", "/snap/a/f", "/data", "/x"};
	static char out[SNR_PATH_MAX];

	for (unsigned i = 0; i < COUNT(paths); i++) {
		size_t len = strlen(paths[i]), rest;
		uint32_t rule = snr_match_longest(image, paths[i], len, &rest);

		HOLDS(rule == SNR_NO_RULE || rule < image->nrules);
		HOLDS(snr_map(image, paths[i], len, out, sizeof(out)) < SNR_PATH_MAX);
		HOLDS(snr_unmap(image, paths[i], len, out, sizeof(out)) < SNR_PATH_MAX);
		snr_match_path(image, snr_hash_path(paths[i], len));
	}
	for (uint32_t i = 0; i < image->nrules; i++) {
		const struct snr_rule *rule = snr_rule(image, i);

		HOLDS(strlen(snr_string(image, rule->path)) <= rule->path.len);
		HOLDS(strlen(snr_string(image, rule->target)) <= rule->target.len);
		HOLDS(strlen(snr_string(image, rule->file)) <= rule->file.len);
	}
	HOLDS(strlen(snr_string(image, image->log)) <= image->log.len);
	HOLDS(strlen(snr_string(image, image->shim64)) <= image->shim64.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct snr_image *good = fuzz_image();
	size_t whole = good->size;
	struct input input = {data, size};
	unsigned cut = take(&input);
	uint8_t *copy =
		malloc(whole); /* of its own, so that a sanitizer sees what is read beyond it */

	if (!copy)
		return 0;
	memcpy(copy, good, whole);
	while (input.left) {
		size_t at = (take(&input) << 8 | take(&input)) % whole;
		unsigned value = take(&input), how = take(&input) % 3;

		copy[at] = (uint8_t)(how == 0   ? value
				     : how == 1 ? copy[at] + value
						: copy[at] ^ value);
	}
	if (cut & 1 && whole > cut)
		HOLDS(snr_image_check(copy, whole - cut) < 0);
	if (snr_image_check(copy, whole) == 0)
		use((const struct snr_image *)copy);
	free(copy);
	if (size) { /* and as an image by itself */
		copy = aligned_alloc(16, (size + 15) & ~(size_t)15);
		if (copy) {
			memcpy(copy, data, size);
			HOLDS(snr_image_check(copy, size) < 0);
		}
		free(copy);
	}
	return 0;
}
