/* SPDX-License-Identifier: MIT
 * Verdicts: rules that say what happens to calls that name a path. Callable from everywhere.
 * It must never allocate, call libc or look at the file system.
 */
#include "shared/verdict.h"

#include "shared/text.h"

/* ---- patterns ---- */

static bool is_any_names(const char *name, size_t len)
{
	return len == 2 && name[0] == '*' && name[1] == '*';
}

/* One name: a star that does not fit takes one letter more. */
static bool name_matches(const char *pattern, size_t pattern_len, const char *name, size_t len)
{
	size_t p = 0, n = 0, star = 0, from = 0;
	bool starred = false;

	for (;;) {
		bool literal = p + 1 < pattern_len && pattern[p] == '\\' && pattern[p + 1] == '*';

		if (p < pattern_len && pattern[p] == '*') {
			starred = true;
			star = ++p;
			from = n;
		} else if (n < len && p < pattern_len && pattern[p + literal] == name[n]) {
			p += 1 + literal;
			n++;
		} else if (n == len && p == pattern_len) {
			return true;
		} else if (starred && from < len) {
			p = star;
			n = ++from;
		} else {
			return false;
		}
	}
}

/* The same with names for letters, and ** for the star. */
bool snr_pattern_matches(const char *pattern, size_t pattern_len, const char *path, size_t len,
			 bool beneath)
{
	struct snr_component p = {0}, n = {0}, star = {0}, from = {0};
	bool starred = false;

	for (;;) {
		struct snr_component pp = p, nn = n;
		bool more_p = snr_next_component(pattern, pattern_len, &pp);
		bool more_n = snr_next_component(path, len, &nn);

		if (more_p && is_any_names(pattern + pp.start, pp.end - pp.start)) {
			p = pp;
			/* At the end of the pattern it stands for one name at least. */
			if (!snr_next_component(pattern, pattern_len, &pp))
				return more_n;
			starred = true;
			star = p;
			from = n;
		} else if (more_p && more_n &&
			   name_matches(pattern + pp.start, pp.end - pp.start, path + nn.start,
					nn.end - nn.start)) {
			p = pp;
			n = nn;
		} else if (!more_p && (beneath || !more_n)) {
			return true;
		} else if (starred && snr_next_component(path, len, &from)) {
			p = star;
			n = from;
		} else {
			return false;
		}
	}
}

static const uint32_t *globs(const struct snr_image *image)
{
	return (const uint32_t *)((const char *)image + image->globs_off);
}

static bool glob_matches(const struct snr_image *image, uint32_t rule, const char *path, size_t len,
			 bool beneath)
{
	struct snr_text pattern = snr_rule(image, rule)->path;

	return snr_pattern_matches(snr_string(image, pattern), pattern.len, path, len, beneath);
}

/* ---- one name ---- */

static unsigned rank(uint8_t kind)
{
	switch (kind) {
	case SNR_DENY:
		return 5;
	case SNR_HIDE:
		return 4;
	case SNR_READONLY:
		return 3;
	case SNR_FAULT:
		return 2;
	default:
		return 1;
	}
}

static bool is_of(const struct snr_image *image, uint32_t rule, uint32_t kinds)
{
	return (SNR_KIND_BIT(snr_rule(image, rule)->kind) & kinds) != 0;
}

static void prefer(const struct snr_image *image, uint32_t rule, uint32_t kinds, uint32_t *best)
{
	const struct snr_rule *one = snr_rule(image, rule);

	if (!is_of(image, rule, kinds))
		return;
	if (*best == SNR_NO_RULE || rank(one->kind) > rank(snr_rule(image, *best)->kind) ||
	    (one->kind == snr_rule(image, *best)->kind && rule > *best))
		*best = rule;
}

uint32_t snr_verdict_at(const struct snr_image *image, const struct snr_position *position,
			const char *path, size_t len, uint32_t kinds)
{
	uint32_t best = SNR_NO_RULE;

	if (position->entry)
		for (uint32_t rule = position->entry->verdict; rule != SNR_NO_RULE;
		     rule = snr_rule(image, rule)->next)
			prefer(image, rule, kinds, &best);
	if (position->patterns)
		for (uint32_t i = 0; i < image->nglobs; i++)
			if (is_of(image, globs(image)[i], kinds) &&
			    glob_matches(image, globs(image)[i], path, len, false))
				prefer(image, globs(image)[i], kinds, &best);
	return best;
}

/* ---- all above a name, too ---- */

struct snr_verdicts snr_verdicts_begin(const struct snr_image *image, const char *path, size_t len,
				       uint32_t kinds)
{
	struct snr_verdicts verdicts = {.image = image,
					.path = path,
					.len = len,
					.kinds = kinds & image->kinds,
					.position = snr_match_position(image, "/", 1),
					.rule = SNR_NO_RULE};

	if (verdicts.position.entry)
		verdicts.rule = verdicts.position.entry->verdict;
	return verdicts;
}

/* One name further down. */
static bool descend(struct snr_verdicts *verdicts)
{
	struct snr_component c = {.start = verdicts->end, .end = verdicts->end};

	if (!verdicts->position.entry || !snr_next_component(verdicts->path, verdicts->len, &c))
		return false;
	snr_match_step(verdicts->image, &verdicts->position, verdicts->path + c.start,
		       c.end - c.start);
	verdicts->end = c.end;
	verdicts->rule = verdicts->position.entry ? verdicts->position.entry->verdict : SNR_NO_RULE;
	return true;
}

uint32_t snr_verdicts_next(struct snr_verdicts *verdicts)
{
	const struct snr_image *image = verdicts->image;

	do {
		while (verdicts->rule != SNR_NO_RULE) {
			uint32_t rule = verdicts->rule;

			verdicts->rule = snr_rule(image, rule)->next;
			if (is_of(image, rule, verdicts->kinds))
				return rule;
		}
	} while (verdicts->kinds && descend(verdicts));
	while (verdicts->kinds && verdicts->position.patterns && verdicts->glob < image->nglobs) {
		uint32_t rule = globs(image)[verdicts->glob++];

		if (is_of(image, rule, verdicts->kinds) &&
		    glob_matches(image, rule, verdicts->path, verdicts->len, true))
			return rule;
	}
	return SNR_NO_RULE;
}
