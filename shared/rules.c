/* SPDX-License-Identifier: MIT
 * Validation of a rules image, so that everybody who reads one later need not check. Callable from
 * everywhere. It must never trust an offset before it has looked at it.
 */
#include "shared/rules.h"

#include <errno.h>

static bool area_is_inside(const struct snr_image *image, uint64_t off, uint64_t count,
			   uint64_t each)
{
	return off % sizeof(uint64_t) == 0 && off >= sizeof(*image) && off <= image->size &&
	       count * each <= image->size - off;
}

static bool text_is_inside(const struct snr_image *image, struct snr_text text)
{
	uint64_t end = (uint64_t)text.off + text.len;

	return text.off >= image->strings_off && text.len < SNR_PATH_MAX &&
	       end < (uint64_t)image->strings_off + image->strings_size &&
	       ((const char *)image)[end] == '\0';
}

/* Every run of children ends; their names are pieces of the strings. */
static bool children_are_sound(const struct snr_image *image)
{
	const struct snr_child *child =
		(const struct snr_child *)((const char *)image + image->children_off);

	if (!area_is_inside(image, image->children_off, image->nchildren, sizeof(*child)))
		return false;
	for (uint32_t i = 0; i < image->nchildren; i++)
		if (child[i].name.off < image->strings_off || child[i].rule >= image->nrules ||
		    (uint64_t)child[i].name.off + child[i].name.len >=
			    (uint64_t)image->strings_off + image->strings_size)
			return false;
	return !image->nchildren || child[image->nchildren - 1].last;
}

static bool is_rule_or_none(const struct snr_image *image, uint32_t rule)
{
	return rule == SNR_NO_RULE || rule < image->nrules;
}

/* A power of two with at least one empty slot, so that probing ends; every entry names a rule that
 * exists. */
static bool table_is_sound(const struct snr_image *image, uint32_t off, uint32_t slots,
			   uint32_t nchildren)
{
	const struct snr_entry *table = (const struct snr_entry *)((const char *)image + off);
	uint32_t used = 0;

	if (!slots || (slots & (slots - 1)) || slots > 1u << 26 ||
	    !area_is_inside(image, off, slots, sizeof(*table)))
		return false;
	for (uint32_t i = 0; i < slots; i++) {
		used += table[i].hash != 0;
		if (table[i].hash && (!is_rule_or_none(image, table[i].rule) ||
				      !is_rule_or_none(image, table[i].verdict)))
			return false;
		if (table[i].hash && table[i].ancestor > nchildren)
			return false;
	}
	return used < slots;
}

static bool globs_are_sound(const struct snr_image *image)
{
	const uint32_t *glob = (const uint32_t *)((const char *)image + image->globs_off);

	if (!area_is_inside(image, image->globs_off, image->nglobs, sizeof(*glob)))
		return false;
	for (uint32_t i = 0; i < image->nglobs; i++)
		if (glob[i] >= image->nrules)
			return false;
	return true;
}

static bool environment_is_sound(const struct snr_image *image)
{
	const char *text = snr_string(image, image->environment);
	uint32_t n = image->environment.len > 0;

	for (uint32_t i = 0; i < image->environment.len; i++)
		n += !text[i];
	return n == image->environment_count;
}

static bool path_is_absolute(const struct snr_image *image, struct snr_text text)
{
	return text.len && *snr_string(image, text) == '/';
}

/* Chains end, since they only go on to later rules; what a rule leans on leans on nothing. */
static bool links_are_sound(const struct snr_image *image, uint32_t index)
{
	const struct snr_rule *rule = snr_rule(image, index);

	if (rule->next != SNR_NO_RULE && (rule->next <= index || rule->next >= image->nrules))
		return false;
	return is_rule_or_none(image, rule->under) &&
	       (rule->under == SNR_NO_RULE || snr_rule(image, rule->under)->kind != SNR_READONLY);
}

static bool has_target(const struct snr_rule *rule)
{
	return rule->kind < SNR_HIDE && !(rule->flags & SNR_RULE_GLOB);
}

static bool rules_are_sound(const struct snr_image *image)
{
	if (image->nrules > SNR_MAX_RULES ||
	    !area_is_inside(image, image->rules_off, image->nrules, sizeof(struct snr_rule)))
		return false;
	for (uint32_t i = 0; i < image->nrules; i++) {
		const struct snr_rule *rule = snr_rule(image, i);

		if (!text_is_inside(image, rule->path) || !text_is_inside(image, rule->target) ||
		    !text_is_inside(image, rule->text) || !text_is_inside(image, rule->file) ||
		    !path_is_absolute(image, rule->path) ||
		    (has_target(rule) && !path_is_absolute(image, rule->target)) ||
		    (rule->kind == SNR_FAULT && !rule->fault.m) || !links_are_sound(image, i))
			return false;
	}
	return true;
}

int snr_image_check(const void *bytes, size_t size)
{
	const struct snr_image *image = bytes;

	if (size < sizeof(*image) || image->magic != SNR_IMAGE_MAGIC)
		return -EINVAL;
	if (image->version != SNR_IMAGE_VERSION)
		return -EPROTO;
	if (image->size > size || image->size < sizeof(*image) ||
	    !area_is_inside(image, image->strings_off, image->strings_size, 1) ||
	    !text_is_inside(image, image->log) || !text_is_inside(image, image->shim64) ||
	    !text_is_inside(image, image->shim32) || !text_is_inside(image, image->launcher) ||
	    !text_is_inside(image, image->stats) || !text_is_inside(image, image->record) ||
	    !text_is_inside(image, image->run) || !text_is_inside(image, image->environment) ||
	    !environment_is_sound(image) ||
	    !table_is_sound(image, image->path_table_off, image->path_slots, image->nchildren) ||
	    !table_is_sound(image, image->target_table_off, image->target_slots, 1) ||
	    !table_is_sound(image, image->point_table_off, image->point_slots, 1) ||
	    !image->names_words || (image->names_words & (image->names_words - 1)) ||
	    image->names_words > 1u << 20 ||
	    !area_is_inside(image, image->names_off, image->names_words, sizeof(uint64_t)) ||
	    !children_are_sound(image) || !globs_are_sound(image) || !rules_are_sound(image))
		return -EINVAL;
	return 0;
}
