/* SPDX-License-Identifier: MIT
 * From rules as written to rules that can be compiled: every path checked and put in its canonical
 * form, doubles and skipped ones gone. The launcher calls it. It must never change the file system,
 * but for rules_make_targets.
 */
#ifndef LAUNCHER_RULES_CHECK_H
#define LAUNCHER_RULES_CHECK_H

#include "launcher/rules_text.h"

/* A rule that holds. The strings are in the pool of the rules it came from. */
struct rules_final {
	const char *path;   /* canonical, as the program will be seen to ask for it; or a pattern */
	const char *target; /* canonical, real; "" where the kind has none, or until it is known */
	const char *text;   /* symlink, prefix: as written; overlay beneath another one: what lies
			       beneath it; else "" */
	uint32_t path_len;
	uint32_t target_len;
	uint32_t text_len;
	const struct rules_rule *written;
	uint8_t flags;  /* enum snr_rule_flag */
	bool parent;    /* not written, but a missing directory above that rule: SNR_PARENT */
	bool covered;   /* a readonly of the same path lies upon it: the path is that rule's */
	uint32_t under; /* readonly: an index of the set, or SNR_NO_RULE (struct snr_rule) */
};

static inline enum snr_kind rules_kind(const struct rules_final *rule)
{
	return rule->parent ? SNR_PARENT : (enum snr_kind)rule->written->kind;
}

/* Does the rule say where its path lies? */
static inline bool rules_is_mount(const struct rules_final *rule)
{
	return rules_kind(rule) < SNR_HIDE && !(rule->flags & SNR_RULE_GLOB);
}

/* All zero is an empty set. */
struct rules_set {
	struct rules_final *rule; /* in the order in which they were written */
	uint32_t count;
	uint32_t skipped; /* optional ones without a target */
};

/* Check RULES and fill SET; what is wrong goes to rules->diags, and then SET is not for use. */
void rules_check(struct rules *rules, struct rules_set *set);

/* Make the missing targets of rules that say create=; what cannot be made goes to rules->diags.
 * Call it once nothing else is wrong. */
void rules_make_targets(struct rules *rules, struct rules_set *set);

/* How many tmpfs rules lead nowhere yet. */
uint32_t rules_count_tmpfs(const struct rules_set *set);

/* Let them lead to directories in DIRECTORY, which are made if they may be; what cannot be made
 * goes to rules->diags. */
void rules_place_tmpfs(struct rules *rules, struct rules_set *set, const char *directory,
		       bool may_make);

/* Add what stands in for the directories above rules' paths that are not on the disk. Call it last.
 */
void rules_show_parents(struct rules *rules, struct rules_set *set);

/* Find where the paths of readonly and prefix rules lie by the others. Call it once the targets of
 * those are known, and no more rules come. */
void rules_settle(struct rules *rules, struct rules_set *set);

/* May libraries be found through rules of SET? 0, or SNR_IMAGE_LIBRARIES: a rule leads to a
 * directory, to something that is not there yet, or has .so in its name; and
 * SNR_IMAGE_SYSTEM_LIBRARIES: it concerns a directory in which ld.so looks for every program. */
uint32_t rules_hold_libraries(const struct rules_set *set);

void rules_set_free(struct rules_set *set);

#endif
