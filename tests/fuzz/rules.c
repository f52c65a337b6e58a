/* SPDX-License-Identifier: MIT
 * Fuzz target: the rules language. The input is a rules file. It must open no file, so what
 * includes one is left out.
 */
#include "tests/fuzz/fuzz.h"

#include "launcher/rules_text.h"

static bool reads_files(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"include", "layout"};

	for (unsigned w = 0; w < COUNT(words); w++)
		for (size_t i = 0; i + strlen(words[w]) <= size; i++)
			if (!memcmp(data + i, words[w], strlen(words[w])))
				return true;
	return false;
}

static void check_word(const struct rules_word *word)
{
	if (word->text)
		HOLDS(strlen(word->text) == word->len && word->place.column > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules rules = {0};

	/* `incl\<newline>ude` is one word, too */
	if (reads_files(data, size) || memchr(data, '\\', size))
		return 0;
	setenv("SNAP", "/snap/x y/1", 1);
	unsetenv("UNSET");
	rules_read_text(&rules, "fuzz", (const char *)data, size);
	for (size_t i = 0; i < rules.count; i++) {
		check_word(&rules.rule[i].path);
		check_word(&rules.rule[i].target);
		HOLDS(rules.rule[i].mode <= 07777);
	}
	for (size_t i = 0; i < rules.diags.count; i++) {
		HOLDS(rules.diags.item[i].text && rules.diags.item[i].text[0]);
		HOLDS(rules.diags.item[i].place.file);
	}
	rules_free(&rules);
	rules_read_map(&rules, SNR_BIND,
		       size && memchr(data, 0, size) ? (const char *)data : "a=b");
	rules_free(&rules);
	return 0;
}
