/* SPDX-License-Identifier: MIT
 * A child's environment with LD_PRELOAD and SNAPREDIR_IMAGE as they must be. Callable from
 * everywhere. It must never copy or judge a variable that is not one of these two.
 */
#include "shared/environ.h"

#include "shared/rules.h"
#include "shared/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define PRELOAD "LD_PRELOAD="
#define IMAGE   SNR_IMAGE_ENV "="

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

static bool is_element(const char *text, size_t len, const char *path)
{
	return path && *path && snr_length(path) == len && snr_equal(text, path, len);
}

/* ld.so: elements of LD_PRELOAD are separated by colons or blanks (ld.so(8)). */
static size_t element_length(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ':' && text[len] != ' ')
		len++;
	return len;
}

enum preload_edit {
	EDIT_KEEP,   /* as it is */
	EDIT_REMOVE, /* it held nothing but ours */
	EDIT_CHANGE,
};

struct preload_view {
	size_t kept; /* elements that stay */
	bool taken;  /* one of ours must go */
	bool has;    /* the shim is among them */
};

static bool stays(const struct snr_environ *want, const char *text, size_t len)
{
	if (is_element(text, len, want->shim))
		return true;
	return !is_element(text, len, want->ours[0]) && !is_element(text, len, want->ours[1]);
}

static struct preload_view view_preload(const struct snr_environ *want, const char *value)
{
	struct preload_view view = {0};

	for (;;) {
		size_t len = element_length(value);

		if (stays(want, value, len))
			view.kept++;
		else
			view.taken = true;
		view.has |= is_element(value, len, want->shim);
		if (!value[len])
			return view;
		value += len + 1;
	}
}

static enum preload_edit decide_preload(const struct snr_environ *want,
					const struct preload_view *view, bool append)
{
	if (append && want->shim && !view->has)
		return EDIT_CHANGE;
	if (!view->taken)
		return EDIT_KEEP;
	return view->kept ? EDIT_CHANGE : EDIT_REMOVE;
}

static void sink_shim(struct sink *sink, const char *shim)
{
	sink_text(sink, shim, snr_length(shim));
}

/* Each element that stays brings the separator before it along, but for the first. */
static void sink_preload(struct sink *sink, const struct snr_environ *want, const char *value,
			 bool append)
{
	const struct preload_view view = view_preload(want, value);
	bool first = true;

	sink_new(sink);
	sink_text(sink, PRELOAD, sizeof(PRELOAD) - 1);
	for (const char *at = value;;) {
		size_t len = element_length(at);

		if (stays(want, at, len)) {
			if (!first)
				sink_text(sink, at - 1, 1);
			sink_text(sink, at, len);
			first = false;
		}
		if (!at[len])
			break;
		at += len + 1;
	}
	if (append && want->shim && !view.has) {
		if (!first)
			sink_text(sink, ":", 1);
		sink_shim(sink, want->shim);
	}
	sink_text(sink, "", 1);
}

static void put_preload(struct sink *sink, const struct snr_environ *want, const char *string,
			bool last)
{
	const char *value = string + sizeof(PRELOAD) - 1;
	const struct preload_view view = view_preload(want, value);

	switch (decide_preload(want, &view, last)) {
	case EDIT_KEEP:
		sink_slot(sink, string);
		break;
	case EDIT_REMOVE:
		break;
	case EDIT_CHANGE:
		sink_preload(sink, want, value, last);
		break;
	}
}

static void put_image(struct sink *sink, const struct snr_environ *want)
{
	sink_new(sink);
	sink_text(sink, IMAGE, sizeof(IMAGE) - 1);
	sink_text(sink, want->image, snr_length(want->image));
	if (want->name) {
		sink_text(sink, ":", 1);
		sink_text(sink, want->name, snr_length(want->name));
	}
	sink_text(sink, "", 1);
}

static const char *const *last_preload(const char *const *envp)
{
	const char *const *last = NULL;

	for (; envp && *envp; envp++)
		if (is_variable(*envp, PRELOAD))
			last = envp;
	return last;
}

static void walk(struct sink *sink, const struct snr_environ *want)
{
	const char *const *last = last_preload(want->envp);
	bool image_done = !want->image;

	for (const char *const *env = want->envp; env && *env; env++) {
		if (is_variable(*env, PRELOAD)) {
			put_preload(sink, want, *env, env == last);
		} else if (is_variable(*env, IMAGE)) {
			if (!image_done)
				put_image(sink, want);
			image_done = true;
		} else {
			sink_slot(sink, *env);
		}
	}
	if (!last && want->shim) {
		sink_new(sink);
		sink_text(sink, PRELOAD, sizeof(PRELOAD) - 1);
		sink_shim(sink, want->shim);
		sink_text(sink, "", 1);
	}
	if (!image_done)
		put_image(sink, want);
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
