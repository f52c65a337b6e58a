/* SPDX-License-Identifier: MIT
 * Patterns as paths of rules: checked, and put in the form that the matcher takes
 * (shared/verdict.h). Only rules_check.c calls it. It must never change the file system.
 */
#include "launcher/rules_globs.h"

#include <errno.h>
#include <string.h>

#include "shared/text.h"

/* Is there a * in the name that is not written \*? */
static bool has_star(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\\' && i + 1 < len && name[i + 1] == '*')
			i++;
		else if (name[i] == '*')
			return true;
	}
	return false;
}

size_t rules_pattern_head(const char *path, size_t len)
{
	struct snr_component c = {0};
	size_t head = 0;

	while (snr_next_component(path, len, &c) && !has_star(path + c.start, c.end - c.start))
		head = c.end;
	return head;
}

static bool wrong(struct rules *rules, const struct rules_rule *rule, const char *text)
{
	diags_add(&rules->diags, DIAG_ERROR, rule->path.place, "'%.512s' %s", rule->path.text,
		  text);
	return false;
}

/* What can be said of a pattern by itself. */
static bool check_pattern(struct rules *rules, const struct rules_rule *rule)
{
	const char *text = rule->path.text;
	struct snr_component c = {0};
	bool everything = true;

	while (snr_next_component(text, rule->path.len, &c)) {
		const char *name = text + c.start;
		size_t len = c.end - c.start;
		const char *twice = memmem(name, len, "**", 2);

		if (snr_is_dot(name, len) || snr_is_dotdot(name, len))
			return wrong(rules, rule,
				     "is a pattern with a dot for a directory; write it without");
		if (twice && len != 2)
			return wrong(rules, rule,
				     "has ** beside other letters; ** stands for whole names, * "
				     "for letters of one");
		everything &= strspn(name, "*") >= len;
	}
	if (everything && (rule->kind == SNR_HIDE || rule->kind == SNR_DENY))
		return wrong(rules, rule,
			     "matches everything, so that no program could be started; name the "
			     "directory that is meant");
	return true;
}

/* The name without its backslashes before stars. */
static size_t unescape(const char *from, size_t len, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\\' && i + 1 < len && from[i + 1] == '*')
			i++;
		to[n++] = from[i];
	}
	to[n] = '\0';
	return n;
}

/* The other way round: what was found on the disk may hold stars. */
static bool escape(struct rules_spot *spot)
{
	char path[SNR_PATH_MAX] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < spot->len; i++) {
		if (n + 2 >= sizeof(path))
			return false;
		if (spot->path[i] == '*')
			path[n++] = '\\';
		path[n++] = spot->path[i];
	}
	memcpy(spot->path, path, n);
	spot->len = (uint32_t)n;
	return true;
}

bool rules_find_pattern(struct rules *rules, struct rules_canon *canon,
			const struct rules_rule *rule, struct rules_spot *spot)
{
	const char *text = rule->path.text;
	size_t head = rules_pattern_head(text, rule->path.len);
	struct snr_component c = {.end = head};
	char real[SNR_PATH_MAX];
	int error;

	if (!check_pattern(rules, rule))
		return false;
	unescape(text, head, real);
	error = rules_canon_find(canon, head ? real : "/", RULES_PLACE, spot);
	if (error)
		return wrong(rules, rule,
			     "leads nowhere: its directories are a loop of links, or "
			     "too long by them; name the place that they lead to");
	if (!escape(spot))
		return wrong(rules, rule, "becomes too long; shorten it");
	if (spot->len == 1)
		spot->len = 0;
	while (snr_next_component(text, rule->path.len, &c)) {
		uint32_t len = (uint32_t)(c.end - c.start);

		if (spot->len + len + 2 > SNR_PATH_MAX)
			return wrong(rules, rule, "becomes too long; shorten it");
		spot->path[spot->len++] = '/';
		memcpy(spot->path + spot->len, text + c.start, len);
		spot->len += len;
	}
	spot->path[spot->len] = '\0';
	spot->exists = spot->is_dir = false;
	return true;
}
