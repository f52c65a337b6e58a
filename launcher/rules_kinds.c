/* SPDX-License-Identifier: MIT
 * The kinds of rules as they are written: words, arguments, options. Only the launcher's rules_*.c
 * call it. It must never look at the disk, nor act on a rule.
 */
#include "launcher/rules_kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/errnos.h"
#include "launcher/suggest.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum option {
	OPTION_CREATE = 1 << 0,
	OPTION_MODE = 1 << 1,
	OPTION_OPTIONAL = 1 << 2,
	OPTION_SEED = 1 << 3,
};

/* What is read from the words behind the path. Each returns how many of them it took, or -1 where
 * something was wrong, which was told. */
typedef int arguments(struct rules *rules, struct rules_rule *rule, const struct rules_line *line);

struct form {
	const char *name;
	enum snr_kind kind;
	bool globs;       /* the path may be a pattern */
	unsigned options; /* enum option */
	arguments *read;
	const char *usage;
};

static arguments read_target, read_nothing, read_errno, read_fault;

static const struct form forms[] = {
	{"bind", SNR_BIND, false, OPTION_CREATE | OPTION_MODE | OPTION_OPTIONAL, read_target,
	 "bind PATH TARGET [OPTION]..."},
	{"overlay", SNR_OVERLAY, false, OPTION_CREATE | OPTION_MODE | OPTION_OPTIONAL, read_target,
	 "overlay PATH DIR [OPTION]..."},
	{"symlink", SNR_SYMLINK, false, 0, read_target, "symlink PATH TARGET"},
	{"tmpfs", SNR_TMPFS, false, OPTION_MODE, read_nothing, "tmpfs PATH [mode=MODE]"},
	{"prefix", SNR_PREFIX, false, 0, read_target, "prefix DIR PREFIX"},
	{"hide", SNR_HIDE, true, 0, read_nothing, "hide PATH"},
	{"deny", SNR_DENY, true, 0, read_errno, "deny PATH [ERRNO]"},
	{"readonly", SNR_READONLY, true, 0, read_nothing, "readonly PATH"},
	{"native", SNR_NATIVE, true, 0, read_nothing, "native PROGRAM"},
	{"fault", SNR_FAULT, true, OPTION_SEED, read_fault,
	 "fault PATH OPERATION[,OPERATION]... ERRNO|short=N [N/M] [seed=NUMBER]"},
};

static const char *const operations[] = {"open",  "read",   "write",  "pread", "pwrite", "fsync",
					 "close", "rename", "unlink", "mkdir", NULL};

const char *rules_fault_name(uint32_t op)
{
	for (unsigned i = 0; operations[i]; i++)
		if (op == 1u << i)
			return operations[i];
	return "?";
}

bool rules_has_glob(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (at[0] == '\\' && at[1] == '*')
			at++;
		else if (*at == '*')
			return true;
	}
	return false;
}

/* \* is a star where a * is a pattern. */
static void unescape(struct rules *rules, struct rules_word *word)
{
	char *text = pool_copy(&rules->pool, word->text, word->len), *to = text;

	for (const char *at = text; *at; at++) {
		if (at[0] == '\\' && at[1] == '*')
			at++;
		*to++ = *at;
	}
	*to = '\0';
	word->text = text;
	word->len = (uint32_t)(to - text);
}

static void wrong(struct rules *rules, const struct rules_word *word, const char *text)
{
	diags_add(&rules->diags, DIAG_ERROR, word->place, "'%.512s' %s", word->text, text);
}

/* ---- options ---- */

static bool read_mode(struct rules *rules, struct rules_rule *rule, const struct rules_word *word)
{
	const char *digits = word->text + strlen("mode=");
	char *end;
	unsigned long mode = strtoul(digits, &end, 8);

	if (*digits < '0' || *digits > '7' || *end || mode > 07777) {
		wrong(rules, word, "is no mode; write permission bits in octal, like mode=0755");
		return false;
	}
	rule->has_mode = true;
	rule->mode = (uint16_t)mode;
	return true;
}

/* All of TEXT as a number up to UINT32_MAX. */
static bool read_number(const char *text, uint32_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	*number = (uint32_t)value;
	return !*end && !errno && value <= UINT32_MAX;
}

static bool read_seed(struct rules *rules, struct rules_rule *rule, const struct rules_word *word)
{
	if (!read_number(word->text + strlen("seed="), &rule->fault.seed)) {
		wrong(rules, word, "is no seed; write a number, like seed=42");
		return false;
	}
	rule->seeded = true;
	return true;
}

static void unknown_option(struct rules *rules, const struct form *form,
			   const struct rules_word *word)
{
	static const struct {
		unsigned option;
		const char *name;
	} all[] = {{OPTION_CREATE, "create=dir"},
		   {OPTION_CREATE, "create=file"},
		   {OPTION_MODE, "mode="},
		   {OPTION_OPTIONAL, "optional"},
		   {OPTION_SEED, "seed="}};
	const char *known[COUNT(all) + 1], *near;
	char list[128] = "";
	unsigned n = 0;

	for (unsigned i = 0; i < COUNT(all); i++)
		if (form->options & all[i].option)
			known[n++] = all[i].name;
	known[n] = NULL;
	for (unsigned i = 0; i < n; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 known[i]);
	near = suggest(word->text, known);
	diags_add(&rules->diags, DIAG_ERROR, word->place,
		  "unknown option '%s'; %s%s%s%s%s (a path with blanks must be quoted)", word->text,
		  near ? "did you mean '" : "", near ? near : "", near ? "'? " : "",
		  n ? "the options are " : "this kind takes none", list);
}

static bool read_option(struct rules *rules, const struct form *form, struct rules_rule *rule,
			const struct rules_word *word)
{
	const char *text = word->text;

	if ((form->options & OPTION_OPTIONAL) && strcmp(text, "optional") == 0) {
		rule->optional = true;
		return true;
	}
	if ((form->options & OPTION_MODE) && strncmp(text, "mode=", 5) == 0)
		return read_mode(rules, rule, word);
	if ((form->options & OPTION_SEED) && strncmp(text, "seed=", 5) == 0)
		return read_seed(rules, rule, word);
	if ((form->options & OPTION_CREATE) &&
	    (strcmp(text, "create=dir") == 0 || strcmp(text, "create=file") == 0)) {
		rule->create = text[7] == 'd' ? RULES_CREATE_DIR : RULES_CREATE_FILE;
		return true;
	}
	unknown_option(rules, form, word);
	return false;
}

static bool looks_like_option(const struct rules_word *word)
{
	return strncmp(word->text, "create=", 7) == 0 || strncmp(word->text, "mode=", 5) == 0 ||
	       strncmp(word->text, "seed=", 5) == 0 || strcmp(word->text, "optional") == 0;
}

/* ---- arguments ---- */

/* Is there a word number I that is meant as an argument? */
static bool has_argument(const struct rules_line *line, unsigned i)
{
	return line->count > i && (line->bad[i] || !looks_like_option(&line->word[i]));
}

static int read_nothing(struct rules *rules, struct rules_rule *rule, const struct rules_line *line)
{
	return 0;
}

static int read_target(struct rules *rules, struct rules_rule *rule, const struct rules_line *line)
{
	rule->target = line->word[2];
	return 1;
}

/* ERRNO, by name. Returns false where it is none, which is told. */
static bool read_error(struct rules *rules, const struct rules_word *word, const char *instead,
		       uint16_t *error)
{
	int number = errno_named(word->text);

	if (!number) {
		const char *near = suggest(word->text, errno_names);

		diags_add(&rules->diags, DIAG_ERROR, word->place,
			  "'%.64s' is no name of an error; %s%s%swrite one of errno(3), like %s",
			  word->text, near ? "did you mean '" : "", near ? near : "",
			  near ? "'? " : "", instead);
		return false;
	}
	*error = (uint16_t)number;
	return true;
}

static int read_errno(struct rules *rules, struct rules_rule *rule, const struct rules_line *line)
{
	rule->error = EACCES;
	if (!has_argument(line, 2))
		return 0;
	return line->bad[2] || read_error(rules, &line->word[2], "EACCES", &rule->error) ? 1 : -1;
}

static bool read_operations(struct rules *rules, struct rules_rule *rule,
			    const struct rules_word *word)
{
	const char *at = word->text;

	for (;;) {
		size_t len = strcspn(at, ",");
		unsigned i = 0;

		while (operations[i] &&
		       (strlen(operations[i]) != len || strncmp(operations[i], at, len) != 0))
			i++;
		if (!operations[i]) {
			diags_add(&rules->diags, DIAG_ERROR, word->place,
				  "'%.*s' is no operation; name one or more of open, read, write, "
				  "pread, pwrite, fsync, close, rename, unlink, mkdir, with commas "
				  "between",
				  (int)(len < 64 ? len : 64), at);
			return false;
		}
		rule->fault.ops |= 1u << i;
		if (!at[len])
			return true;
		at += len + 1;
	}
}

static bool read_amount(struct rules *rules, struct rules_rule *rule, const struct rules_word *word)
{
	const uint32_t lengthy =
		SNR_FAULT_READ | SNR_FAULT_WRITE | SNR_FAULT_PREAD | SNR_FAULT_PWRITE;

	if (!read_number(word->text + strlen("short="), &rule->fault.amount)) {
		wrong(rules, word, "is no number of bytes; write one, like short=100");
		return false;
	}
	if (rule->fault.ops & ~lengthy) {
		wrong(rules, word,
		      "is for read, write, pread and pwrite; write an error for the others");
		return false;
	}
	return true;
}

static bool read_share(struct rules *rules, struct rules_rule *rule, const struct rules_word *word)
{
	char first[16];
	const char *slash = strchr(word->text, '/');
	size_t len = slash ? (size_t)(slash - word->text) : 0;

	if (len && len < sizeof(first)) {
		memcpy(first, word->text, len);
		first[len] = '\0';
		if (read_number(first, &rule->fault.n) && read_number(slash + 1, &rule->fault.m) &&
		    rule->fault.n && rule->fault.n <= rule->fault.m)
			return true;
	}
	wrong(rules, word, "is no share; write N/M, as in 1/100 for one call in a hundred");
	return false;
}

static int read_fault(struct rules *rules, struct rules_rule *rule, const struct rules_line *line)
{
	bool fine = true;

	rule->fault.n = rule->fault.m = 1;
	if (!line->bad[2])
		fine &= read_operations(rules, rule, &line->word[2]);
	if (!line->bad[3] && strncmp(line->word[3].text, "short=", 6) == 0)
		fine &= read_amount(rules, rule, &line->word[3]);
	else if (!line->bad[3])
		fine &= read_error(rules, &line->word[3], "EIO, or short=N", &rule->error);
	if (!has_argument(line, 4))
		return fine ? 2 : -1;
	if (!line->bad[4])
		fine &= read_share(rules, rule, &line->word[4]);
	return fine ? 3 : -1;
}

/* ---- lines ---- */

/* How many words a line of FORM has at least. */
static unsigned least_words(const struct form *form)
{
	return form->read == read_fault ? 4 : form->read == read_target ? 3 : 2;
}

static void read_form(struct rules *rules, const struct form *form, const struct rules_line *line)
{
	struct rules_rule rule = {.kind = (uint8_t)form->kind, .place = line->word[0].place};
	unsigned least = least_words(form);
	bool fine = !line->broken;
	int took;

	/* A quote that is not closed swallows words, and was told. */
	if (line->count < least && line->broken)
		return;
	if (line->count < least || !has_argument(line, least - 1)) {
		diags_add(&rules->diags, DIAG_ERROR, rule.place, "%s needs %s; write: %s",
			  form->name,
			  least == 2   ? "a path"
			  : least == 3 ? "a path and a target"
				       : "a path, an operation and what happens to it",
			  form->usage);
		return;
	}
	rule.path = line->word[1];
	rule.glob = form->globs && !line->bad[1] && rules_has_glob(rule.path.text);
	if (form->globs && !rule.glob)
		unescape(rules, &rule.path);
	took = form->read(rules, &rule, line);
	if (took < 0)
		return;
	for (unsigned i = 2 + (unsigned)took; i < line->count; i++)
		if (!line->bad[i])
			fine &= read_option(rules, form, &rule, &line->word[i]);
	if (rule.has_mode && (form->options & OPTION_CREATE) && rule.create == RULES_CREATE_NONE &&
	    fine) {
		diags_add(&rules->diags, DIAG_ERROR, rule.place,
			  "mode= is for what is made; add create=dir or create=file, or leave it "
			  "out");
		fine = false;
	}
	if (fine)
		rules_add(rules, &rule);
}

/* The kinds, and the other words that begin a line. */
static const char *list_words(char *list, size_t size)
{
	size_t len = 0;

	for (unsigned i = 0; i < COUNT(forms); i++)
		len += (size_t)snprintf(list + len, size - len, "%s, ", forms[i].name);
	snprintf(list + len, size - len, "layout, include, engine, require");
	return list;
}

static void read_unknown(struct rules *rules, const struct rules_word *kind)
{
	const char *known[COUNT(forms) + 5] = {"layout", "include", "engine", "require"}, *near;
	char list[256];

	for (unsigned i = 0; i < COUNT(forms); i++)
		known[i + 4] = forms[i].name;
	near = suggest(kind->text, known);
	diags_add(&rules->diags, DIAG_ERROR, kind->place,
		  "unknown kind '%.64s'; %s%s%sthe kinds are %s", kind->text,
		  near ? "did you mean '" : "", near ? near : "", near ? "'? " : "",
		  list_words(list, sizeof(list)));
}

void rules_read_kind(struct rules *rules, const struct rules_line *line)
{
	const struct rules_word *kind = &line->word[0];

	for (unsigned i = 0; i < COUNT(forms); i++) {
		if (strcmp(kind->text, forms[i].name) != 0)
			continue;
		read_form(rules, &forms[i], line);
		return;
	}
	read_unknown(rules, kind);
}
