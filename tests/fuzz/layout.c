/* SPDX-License-Identifier: MIT
 * Fuzz target: layouts. The input is a snap.yaml, as somebody may have written it. It must open no
 * file.
 */
#include "tests/fuzz/fuzz.h"

#include "launcher/layout_check.h"

static void check_expansion(struct rules *rules, const struct rules_word *word)
{
	static const struct layout_places places = {"/s", "/data", NULL};
	const char *unknown = NULL, *text;
	size_t len = 0;

	HOLDS(strlen(word->text) == word->len);
	text = layout_expand(rules, word->text, &places, &unknown, &len);
	HOLDS(text ? strlen(text) <= 3 * (size_t)word->len
		   : unknown >= word->text && unknown + len <= word->text + word->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *stream = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct rules rules = {0};
	struct layout layout;

	if (!stream)
		return 0;
	layout_parse(&rules, stream, "fuzz", false, &layout);
	fclose(stream);
	layout_check(&rules, &layout);
	for (size_t i = 0; i < layout.count; i++) {
		HOLDS(layout.entry[i].path.place.line > 0);
		HOLDS(layout_mode(&layout.entry[i]) <= 01777);
		check_expansion(&rules, &layout.entry[i].path);
		for (int key = 0; key < LAYOUT_KEYS; key++)
			check_expansion(&rules, &layout.entry[i].value[key]);
	}
	for (size_t i = 0; i < rules.diags.count; i++)
		HOLDS(rules.diags.item[i].text && rules.diags.item[i].text[0]);
	free(layout.entry);
	rules_free(&rules);
	return 0;
}
