/* SPDX-License-Identifier: MIT
 * A child's environment with LD_PRELOAD, LD_AUDIT, GLIBC_TUNABLES and our own variables as they
 * must be. Callable
 * from everywhere. It must never copy or judge a variable that is not one of these.
 */
#include "shared/environ.h"

#include "shared/gate.h"
#include "shared/rules.h"
#include "shared/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Variables of ours alone, that hold one value. */
enum { IMAGE, GATE, SINGLES };

static const char *const singles[SINGLES] = {SNR_IMAGE_ENV "=", SNR_GATE_ENV "="};
#define LIBRARY_PATH "LD_LIBRARY_PATH="

/* A variable of ld.so's that is a list (ld.so(8)), and what of ours is in it. */
struct variable {
	const char *prefix;
	const char *ending;  /* what stands there for the ".so" of a shim ... */
	const char *element; /* ... or the whole element */
};

/* Where something audits, ld.so lays out the first block of thread-local data before it has seen
 * the libraries that a program needs: those with much of it (malloc libraries) must find room. */
static const struct variable variables[] = {
	{"LD_PRELOAD=", ".so", NULL},
	{"LD_AUDIT=", SNR_COMPANION, NULL},
	{"GLIBC_TUNABLES=", NULL, "glibc.rtld.optional_static_tls=4096"},
	{"ASAN_OPTIONS=", NULL, "verify_asan_link_order=0"},
};
#define VARIABLES   (sizeof(variables) / sizeof(*variables))
#define SHIM_ENDING 3u /* ".so" */

/* One of them, and what it is to hold. */
struct edit {
	const struct variable *variable;
	const char *shim; /* or NULL: nothing of ours */
	const char *const *ours;
};

/* Output that only counts where OUT is NULL: measuring and building are the same code. */
struct sink {
	char **slots;
	char *bytes;
	size_t nslots;
	size_t nbytes;
};

static void sink_text(struct sink *sink, const char *text, size_t len)
{
	if (sink->bytes)
		snr_copy(sink->bytes + sink->nbytes, text, len);
	sink->nbytes += len;
}

static void sink_slot(struct sink *sink, const char *string)
{
	if (sink->slots)
		sink->slots[sink->nslots] = (char *)(uintptr_t)string;
	sink->nslots++;
}

/* A new string starts here; its text follows by sink_text. */
static void sink_new(struct sink *sink)
{
	sink_slot(sink, sink->bytes ? sink->bytes + sink->nbytes : NULL);
}

static bool is_variable(const char *string, const char *prefix)
{
	while (*prefix && *string == *prefix) {
		string++;
		prefix++;
	}
	return !*prefix;
}

/* Is the element that of the shim at PATH? */
static bool is_element(const struct edit *edit, const char *text, size_t len, const char *path)
{
	size_t whole = path ? snr_length(path) : 0;
	size_t stem = whole > SHIM_ENDING ? whole - SHIM_ENDING : 0;
	const char *element = edit->variable->element;
	size_t ending;

	if (element)
		return len == snr_length(element) && snr_equal(text, element, len);
	ending = snr_length(edit->variable->ending);
	return stem && len == stem + ending && snr_equal(text, path, stem) &&
	       snr_equal(text + stem, edit->variable->ending, ending);
}

/* Elements of LD_PRELOAD are separated by colons or blanks, those of LD_AUDIT by colons only, but a
 * blank in one does no harm here: nothing of ours has one. */
static size_t element_length(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ':' && text[len] != ' ')
		len++;
	return len;
}

enum list_decision {
	EDIT_KEEP,   /* as it is */
	EDIT_REMOVE, /* it held nothing but ours */
	EDIT_CHANGE,
};

struct list_view {
	size_t kept; /* elements that stay */
	bool taken;  /* one of ours must go */
	bool has;    /* the shim is among them */
};

static bool stays(const struct edit *edit, const char *text, size_t len)
{
	if (edit->shim && is_element(edit, text, len, edit->shim))
		return true;
	return !is_element(edit, text, len, edit->ours[0]) &&
	       !is_element(edit, text, len, edit->ours[1]);
}

static struct list_view view_list(const struct edit *edit, const char *value)
{
	struct list_view view = {0};

	for (;;) {
		size_t len = element_length(value);

		if (stays(edit, value, len))
			view.kept++;
		else
			view.taken = true;
		view.has |= is_element(edit, value, len, edit->shim);
		if (!value[len])
			return view;
		value += len + 1;
	}
}

static enum list_decision decide_list(const struct edit *edit, const struct list_view *view,
				      bool append)
{
	if (append && edit->shim && !view->has)
		return EDIT_CHANGE;
	if (!view->taken)
		return EDIT_KEEP;
	return view->kept ? EDIT_CHANGE : EDIT_REMOVE;
}

static void sink_shim(struct sink *sink, const struct edit *edit)
{
	if (edit->variable->element) {
		sink_text(sink, edit->variable->element, snr_length(edit->variable->element));
		return;
	}
	sink_text(sink, edit->shim, snr_length(edit->shim) - SHIM_ENDING);
	sink_text(sink, edit->variable->ending, snr_length(edit->variable->ending));
}

/* Each element that stays brings the separator before it along, but for the first. */
static void sink_list(struct sink *sink, const struct edit *edit, const char *value, bool append)
{
	const struct list_view view = view_list(edit, value);
	bool first = true;

	sink_new(sink);
	sink_text(sink, edit->variable->prefix, snr_length(edit->variable->prefix));
	for (const char *at = value;;) {
		size_t len = element_length(at);

		if (stays(edit, at, len)) {
			if (!first)
				sink_text(sink, at - 1, 1);
			sink_text(sink, at, len);
			first = false;
		}
		if (!at[len])
			break;
		at += len + 1;
	}
	if (append && edit->shim && !view.has) {
		if (!first)
			sink_text(sink, ":", 1);
		sink_shim(sink, edit);
	}
	sink_text(sink, "", 1);
}

static void put_list(struct sink *sink, const struct edit *edit, const char *string, bool last)
{
	const char *value = string + snr_length(edit->variable->prefix);
	const struct list_view view = view_list(edit, value);

	switch (decide_list(edit, &view, last)) {
	case EDIT_KEEP:
		sink_slot(sink, string);
		break;
	case EDIT_REMOVE:
		break;
	case EDIT_CHANGE:
		sink_list(sink, edit, value, last);
		break;
	}
}

static const char *value_of(const struct snr_environ *want, int single)
{
	return single == IMAGE ? want->image : want->gate;
}

/* The slot that ld.so and the program are to see differently, or NULL. */
static const char **own_library_path(const struct snr_environ *want)
{
	return want->shim && want->library_path && want->image
		       ? snr_environ_library_path(want->envp)
		       : NULL;
}

/* More than "FD:PID": ":LENGTH:NAME" and the program's own LD_LIBRARY_PATH. */
static bool has_rest(const struct snr_environ *want, int single)
{
	return single == IMAGE && (want->name || own_library_path(want));
}

static void sink_rest(struct sink *sink, const struct snr_environ *want)
{
	const char **own = own_library_path(want);
	size_t len = want->name ? snr_length(want->name) : 0;
	char number[20];

	sink_text(sink, ":", 1);
	sink_text(sink, number, snr_decimal(len, number));
	sink_text(sink, ":", 1);
	sink_text(sink, want->name, len);
	if (own)
		sink_text(sink, *own, snr_length(*own));
}

static void put_single(struct sink *sink, const struct snr_environ *want, int single)
{
	const char *value = value_of(want, single);

	sink_new(sink);
	sink_text(sink, singles[single], snr_length(singles[single]));
	sink_text(sink, value, snr_length(value));
	if (has_rest(want, single))
		sink_rest(sink, want);
	sink_text(sink, "", 1);
}

/* Put STRING if it is one of these: as it is where that is right. */
static bool put_any_single(struct sink *sink, const struct snr_environ *want, const char *string,
			   bool done[SINGLES])
{
	for (int i = 0; i < SINGLES; i++) {
		const char *value = value_of(want, i);

		if (!is_variable(string, singles[i]))
			continue;
		if (!done[i]) {
			string += snr_length(singles[i]);
			if (!has_rest(want, i) && is_variable(string, value) &&
			    !string[snr_length(value)])
				sink_slot(sink, string - snr_length(singles[i]));
			else
				put_single(sink, want, i);
		}
		done[i] = true;
		return true;
	}
	return false;
}

static const char *const *last_of(const char *const *envp, const char *prefix)
{
	const char *const *last = NULL;

	for (; envp && *envp; envp++)
		if (is_variable(*envp, prefix))
			last = envp;
	return last;
}

const char **snr_environ_library_path(const char *const *envp)
{
	return (const char **)(uintptr_t)last_of(envp, LIBRARY_PATH);
}

/* Put STRING if it is one of the lists. */
static bool put_any_list(struct sink *sink, const struct snr_environ *want,
			 const struct edit *edits, const char *const *env)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		if (is_variable(*env, edits[i].variable->prefix)) {
			put_list(sink, &edits[i], *env,
				 env == last_of(want->envp, variables[i].prefix));
			return true;
		}
	}
	return false;
}

static void put_missing_list(struct sink *sink, const struct edit *edit)
{
	sink_new(sink);
	sink_text(sink, edit->variable->prefix, snr_length(edit->variable->prefix));
	sink_shim(sink, edit);
	sink_text(sink, "", 1);
}

static void put_library_path(struct sink *sink, const struct snr_environ *want)
{
	sink_new(sink);
	sink_text(sink, LIBRARY_PATH, sizeof(LIBRARY_PATH) - 1);
	sink_text(sink, want->library_path, snr_length(want->library_path) + 1);
}

static void walk(struct sink *sink, const struct snr_environ *want)
{
	const char **own = own_library_path(want);
	const char *audited = want->libraries ? want->shim : NULL;
	const struct edit edits[VARIABLES] = {
		{&variables[0], want->shim, want->ours},
		{&variables[1], audited, want->ours},
		{&variables[2], audited, want->ours},
		{&variables[3], want->sanitized ? want->shim : NULL, want->ours},
	};
	bool done[SINGLES] = {!want->image, !want->gate};

	for (const char *const *env = want->envp; env && *env; env++) {
		if (env == own)
			put_library_path(sink, want);
		else if (!put_any_list(sink, want, edits, env) &&
			 !put_any_single(sink, want, *env, done))
			sink_slot(sink, *env);
	}
	for (size_t i = 0; i < VARIABLES; i++)
		if (edits[i].shim && !last_of(want->envp, variables[i].prefix))
			put_missing_list(sink, &edits[i]);
	for (int i = 0; i < SINGLES; i++)
		if (!done[i])
			put_single(sink, want, i);
	sink_slot(sink, NULL);
}

struct snr_environ_size snr_environ_measure(const struct snr_environ *want)
{
	struct sink sink = {0};

	walk(&sink, want);
	return (struct snr_environ_size){.slots = sink.nslots, .bytes = sink.nbytes};
}

void snr_environ_build(const struct snr_environ *want, char **slots, char *bytes)
{
	struct sink sink = {.slots = slots, .bytes = bytes};

	walk(&sink, want);
}

void snr_environ_image(int fd, int pid, char out[SNR_IMAGE_VALUE])
{
	size_t len = snr_decimal((uint64_t)fd, out);

	out[len++] = ':';
	len += snr_decimal((uint64_t)pid, out + len);
	out[len] = '\0';
}

/* A decimal number of at most nine digits, so that it fits an int. Returns its length or 0. */
static size_t parse_number(const char *text, size_t len, int *number)
{
	size_t digits = snr_digits(text, len);

	if (!digits || digits > 9)
		return 0;
	*number = (int)snr_number(text, digits);
	return digits;
}

int snr_environ_parse_image(const char *text, int *fd, int *pid)
{
	size_t len = snr_length_within(text, SNR_IMAGE_VALUE);
	size_t first = parse_number(text, len, fd);
	size_t second;

	if (!first || text[first] != ':')
		return -EINVAL;
	second = parse_number(text + first + 1, len - first - 1, pid);
	len = first + 1 + second;
	return second && (!text[len] || text[len] == ':') ? (int)len : -EINVAL;
}

struct snr_environ_rest snr_environ_rest(char *text, size_t len)
{
	struct snr_environ_rest rest = {0};
	size_t all = snr_length(text), digits;
	char *own;

	if (text[len] != ':')
		return rest;
	len++;
	digits = snr_digits(text + len, all - len);
	if (!digits || digits > 9 || text[len + digits] != ':')
		return rest;
	rest.name_len = snr_number(text + len, digits);
	rest.name = text + len + digits + 1;
	if (rest.name_len > snr_length(rest.name)) {
		rest.name_len = 0;
		return rest;
	}
	own = text + (rest.name - text) + rest.name_len;
	if (*own)
		rest.library_path = own;
	return rest;
}

const char *snr_environ_get(const char *const *envp, const char *name)
{
	size_t len = snr_length(name);

	for (; envp && *envp; envp++) {
		const char *string = *envp;
		size_t i = 0;

		while (i < len && string[i] == name[i])
			i++;
		if (i == len && string[len] == '=')
			return string + len + 1;
	}
	return NULL;
}
