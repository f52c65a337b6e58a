/* SPDX-License-Identifier: MIT
 * One line of the log. Callable from everywhere; formats only.
 * It must never write anything itself.
 */
#include "shared/log.h"

#include "shared/text.h"

const char *snr_kind_name(int kind)
{
	static const char *const names[SNR_KINDS] = {
		[SNR_BIND] = "bind",         [SNR_PARENT] = "parent", [SNR_OVERLAY] = "overlay",
		[SNR_SYMLINK] = "symlink",   [SNR_TMPFS] = "tmpfs",   [SNR_PREFIX] = "prefix",
		[SNR_READONLY] = "readonly", [SNR_HIDE] = "hide",     [SNR_DENY] = "deny",
		[SNR_FAULT] = "fault",       [SNR_NATIVE] = "native",
	};

	return kind > 0 && kind < SNR_KINDS ? names[kind] : "?";
}

/* Add as much of TEXT as fits, keeping RESERVE bytes free behind it. */
static void add_cut(struct snr_builder *line, const char *text, size_t len, size_t reserve)
{
	size_t room = line->size - line->len;

	if (room <= reserve + 4)
		return;
	if (len > room - reserve - 4) {
		snr_add(line, text, room - reserve - 4);
		snr_add_text(line, "...");
	} else {
		snr_add(line, text, len);
	}
}

static void add_rule(struct snr_builder *line, const struct snr_image *image, uint32_t index)
{
	const struct snr_rule *rule;

	if (index == SNR_NO_RULE) {
		snr_add_text(line, "no rule");
		return;
	}
	rule = snr_rule(image, index);
	add_cut(line, snr_string(image, rule->file), rule->file.len, 64);
	if (rule->line) {
		snr_add_text(line, ":");
		snr_add_number(line, rule->line);
	}
	snr_add_text(line, " ");
	snr_add_text(line, snr_kind_name(rule->kind));
	snr_add_text(line, " ");
	add_cut(line, snr_string(image, rule->path), rule->path.len, 16);
}

size_t snr_log_rule(const struct snr_image *image, uint32_t rule, char *out, size_t size)
{
	struct snr_builder line = {.out = out, .size = size};

	add_rule(&line, image, rule);
	out[line.len] = '\0';
	return line.len;
}

/* A name between double quotes. Control bytes, quotes and backslashes are escaped as in JSON, so
 * that one event is one line whatever a file is called; bytes above 127 are the file's own. */
static void add_quoted(struct snr_builder *line, const char *text, size_t len, size_t reserve)
{
	static const char hex[] = "0123456789abcdef";

	snr_add_text(line, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

		if (line->size - line->len < reserve + sizeof(code) + 4) {
			snr_add_text(line, "...");
			break;
		}
		if (c < 0x20 || c == 0x7f)
			snr_add(line, code, sizeof(code));
		else if (c == '"' || c == '\\')
			snr_add(line, (char[]){'\\', (char)c}, 2);
		else
			snr_add(line, (const char *)&c, 1);
	}
	snr_add_text(line, "\"");
}

/* What is hidden leads nowhere, whatever the kernel is told. */
static bool is_hidden(const struct snr_image *image, const struct snr_event *event)
{
	return event->rule != SNR_NO_RULE && snr_rule(image, event->rule)->kind == SNR_HIDE;
}

static void format_text(struct snr_builder *line, const struct snr_image *image,
			const struct snr_event *event)
{
	snr_add_text(line, "snapredir[");
	snr_add_number(line, event->pid);
	snr_add_text(line, "] ");
	snr_add_text(line, event->engine);
	snr_add_text(line, ": ");
	snr_add_text(line, event->call);
	snr_add_text(line, " ");
	add_quoted(line, event->from, event->from_len, line->size / 2);
	if (event->note) {
		snr_add_text(line, " ");
		snr_add_text(line, event->note);
	} else if (event->result < 0) {
		snr_add_text(line, " fails: errno ");
		snr_add_number(line, -event->result);
	} else if (is_hidden(image, event)) {
		snr_add_text(line, " is not there");
	} else if (event->to) {
		snr_add_text(line, " -> ");
		add_quoted(line, event->to, event->to_len, line->size / 8);
	} else {
		snr_add_text(line, " unchanged");
	}
	snr_add_text(line, " (");
	add_rule(line, image, event->rule);
	snr_add_text(line, ")\n");
}

static void format_json(struct snr_builder *line, const struct snr_image *image,
			const struct snr_event *event)
{
	char rule[512];
	size_t len = snr_log_rule(image, event->rule, rule, sizeof(rule));

	snr_add_text(line, "{\"pid\":");
	snr_add_number(line, event->pid);
	snr_add_text(line, ",\"engine\":\"");
	snr_add_text(line, event->engine);
	snr_add_text(line, "\",\"call\":\"");
	snr_add_text(line, event->call);
	snr_add_text(line, "\",\"path\":");
	add_quoted(line, event->from, event->from_len, line->size / 2);
	if (event->to && event->result >= 0 && !is_hidden(image, event)) {
		snr_add_text(line, ",\"to\":");
		add_quoted(line, event->to, event->to_len, line->size / 8);
	}
	if (event->result < 0) {
		snr_add_text(line, ",\"errno\":");
		snr_add_number(line, -event->result);
	}
	if (event->note) {
		snr_add_text(line, ",\"note\":");
		add_quoted(line, event->note, snr_length(event->note), 16);
	}
	if (event->rule != SNR_NO_RULE) {
		snr_add_text(line, ",\"rule\":");
		add_quoted(line, rule, len, 16);
	}
	snr_add_text(line, "}\n");
}

size_t snr_log_format(const struct snr_image *image, const struct snr_event *event, char *out,
		      size_t size)
{
	struct snr_builder line = {.out = out, .size = size < SNR_LOG_SIZE ? size : SNR_LOG_SIZE};

	if (image->flags & SNR_IMAGE_LOG_JSON)
		format_json(&line, image, event);
	else
		format_text(&line, image, event);
	return line.len;
}
