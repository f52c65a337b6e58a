/* SPDX-License-Identifier: MIT
 * The rules language, with positions: text in, a list of rules and a list of problems out.
 * The launcher calls it. It must never stop at the first problem, nor act on a rule.
 */
#ifndef LAUNCHER_RULES_TEXT_H
#define LAUNCHER_RULES_TEXT_H

#include "launcher/diag.h"
#include "launcher/pool.h"
#include "shared/rules.h"

#define RULES_INCLUDE_DEPTH 16
#define RULES_FILE_SIZE     (64u << 20) /* bytes; nobody writes that many by hand */

enum rules_create { RULES_CREATE_NONE, RULES_CREATE_DIR, RULES_CREATE_FILE };

/* A word of the rules, variables expanded: never NULL, NUL-terminated, no NUL within. */
struct rules_word {
	const char *text;
	uint32_t len;
	struct place place;
};

/* A rule as it was written: nothing is checked yet but the words' number and the options. */
struct rules_rule {
	struct rules_word path;
	struct rules_word target; /* bind, overlay: a path; symlink, prefix: a text; else empty */
	struct place place;       /* of the line's first word */
	uint8_t kind;             /* enum snr_kind */
	uint8_t create;           /* enum rules_create */
	bool optional;
	bool has_mode;
	bool glob;      /* the path holds * or ** */
	bool seeded;    /* fault: at random, by fault.seed */
	uint16_t mode;  /* of what is made, permission bits */
	uint16_t error; /* deny, fault: the errno */
	struct snr_fault fault;
};

/* `engine NAME` and `require NAME`. */
struct rules_engine {
	enum snr_engine engine;
	struct place place; /* file NULL: nobody said so */
};

struct rules_file; /* one that is being read; its chain tells a cycle */

/* All zero is an empty set. */
struct rules {
	struct rules_rule *rule; /* in the order in which they count: later ones win */
	size_t count;
	size_t room;
	size_t implied; /* of them: not written by anybody, but by what was written */
	bool too_many;  /* more than SNR_MAX_RULES were there; that was told once */
	struct rules_engine engine;
	struct rules_engine require;
	struct diags diags;
	struct pool pool;
	struct rules_file *reading;
	unsigned depth;
};

/* Add the rules of FILE, and of those it includes, to RULES; all that is wrong goes to
 * rules->diags. */
void rules_read_file(struct rules *rules, const char *file);

/* The same for text in memory (SIZE bytes) that is to be called NAME in messages. */
void rules_read_text(struct rules *rules, const char *name, const char *text, size_t size);

/* Add the rule of an option `-m PATH=TARGET` (KIND is SNR_BIND) or `-o PATH=DIR` (SNR_OVERLAY);
 * `\=` in it is a literal `=`. No variables: the shell has its own. */
void rules_read_map(struct rules *rules, enum snr_kind kind, const char *word);

/* Add RULE, whose strings live as long as RULES. */
void rules_add(struct rules *rules, const struct rules_rule *rule);

/* FILE, which FROM (NULL: nothing in a file) names, cannot be read: ERROR says why. */
void rules_cannot_read(struct rules *rules, const char *file, const struct place *from, int error);

/* The engine called NAME. Returns 0, or -EINVAL with *NEAR the name that may be meant, or NULL. */
int rules_engine_named(const char *name, enum snr_engine *engine, const char **near);

/* The name of ENGINE, as the user writes it. */
const char *rules_engine_name(enum snr_engine engine);

/* Give back all memory; RULES is empty then. */
void rules_free(struct rules *rules);

#endif
