/* SPDX-License-Identifier: MIT
 * One write(2) a line, into the log that the launcher opened. Used inside tracer/ only.
 * It must never write to a descriptor of the program's.
 */
#include "tracer/note.h"
#include "tracer/count.h"

#include "shared/record.h"
#include "tracer/memory.h"
#include "tracer/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_line(const struct tracer *tracer, const char *line, size_t len)
{
	/* A log that cannot be written must not stop the program. */
	if (write(tracer->log_fd, line, len) < 0)
		return;
}

static void write_event(const struct tracer *tracer, const struct snr_event *event)
{
	char line[SNR_LOG_SIZE];

	write_line(tracer, line,
		   snr_log_format(tracer->redirector.image, event, line, sizeof(line)));
}

static bool is_noted(const struct tracer *tracer, bool changed)
{
	return tracer->log_fd >= 0 && tracer->redirector.image->verbose > (changed ? 0 : 1);
}

static bool is_learnt(const struct tracer *tracer)
{
	return tracer->record_fd >= 0;
}

/* Into the log, if it is worth a line there, and to whoever learns. */
static void tell(struct tracer *tracer, struct tracee *tracee, const struct snr_event *event)
{
	if (is_noted(tracer, event->to || event->result))
		write_event(tracer, event);
	if (is_learnt(tracer))
		record_expect(tracer, tracee, event);
}

void note_plan(struct tracer *tracer, struct tracee *tracee, const struct snr_call *args,
	       const struct snr_plan *plan)
{
	const struct snr_pathop *row = &snr_pathops[args->op];
	bool leads = plan->verdict == SNR_CHANGED && !plan->result;
	int result = snr_plan_error(plan), n = 0;

	count_call(tracer, tracee, plan->rule, leads, result);
	if (!is_noted(tracer, plan->verdict != SNR_UNCHANGED) && !is_learnt(tracer))
		return;
	for (int i = 0; i < SNR_NARGS; i++) {
		bool changed = leads && n < plan->npaths && plan->path_arg[n] == i;
		struct snr_event event;
		long len;

		if (!snr_role_is_path(row->role[i]))
			continue;
		len = tracee_read_string(tracer, tracee, args->arg[i], tracer->name, SNR_PATH_MAX);
		if (len < 0)
			continue;
		event = snr_event_of(&tracer->redirector.host, args, i);
		event.pid = tracee->tgid;
		event.engine = "trace";
		event.rule = plan->rule;
		event.result = result;
		event.from = tracer->name;
		event.from_len = (size_t)len;
		event.to = changed ? plan->text[n] : NULL;
		event.to_len = changed ? plan->path_len[n] : 0;
		n += changed;
		tell(tracer, tracee, &event);
	}
}

void note_exec_expected(struct tracer *tracer, struct tracee *tracee, const uint64_t *args,
			enum snr_op op, const char *path, const struct snr_exec_plan *plan)
{
	const struct snr_pathop *row = &snr_pathops[op];
	struct snr_event event = {.op = op,
				  .dirfd = row->role[0] == SNR_ROLE_DIRFD ? (int)(uint32_t)args[0]
									  : AT_FDCWD,
				  .from = path,
				  .from_len = strlen(path),
				  .to = plan->changed ? plan->real : NULL,
				  .to_len = plan->changed ? strlen(plan->real) : 0,
				  .result = plan->error,
				  .rule = plan->rule};

	if (is_learnt(tracer))
		record_expect(tracer, tracee, &event);
}

void note_exec(struct tracer *tracer, const struct tracee *tracee, enum snr_op op, const char *path,
	       const struct snr_exec_plan *plan)
{
	struct snr_event event = {.pid = tracee->tgid,
				  .engine = "trace",
				  .call = snr_pathops[op].name,
				  .from = path,
				  .result = plan->error,
				  .rule = plan->rule};

	count_call(tracer, tracee, plan->rule, plan->changed, plan->error);
	if (!is_noted(tracer, plan->changed || plan->error))
		return;
	event.from_len = strlen(path);
	event.to = plan->changed ? plan->real : NULL;
	event.to_len = plan->changed ? strlen(plan->real) : 0;
	write_event(tracer, &event);
}

void note_fault(struct tracer *tracer, const struct tracee *tracee, const char *call,
		const struct snr_fault_answer *answer)
{
	struct snr_event event = {.pid = tracee->tgid,
				  .engine = "trace",
				  .call = call,
				  .from = tracer->name,
				  .from_len = strlen(tracer->name),
				  .result = answer->error,
				  .rule = answer->rule,
				  .note = answer->error ? NULL : SNR_LOG_SHORT};

	snr_stats_count(tracer->redirector.stats, tracee->tgid, SNR_ENGINE_TRACE, answer->rule,
			SNR_COUNT_FAULTS);
	if (is_noted(tracer, true))
		write_event(tracer, &event);
}

/* unix(7): the path lies behind two bytes of family and need not end in a NUL. */
static size_t name_length(const struct socket_name *name)
{
	return strnlen((const char *)name->text + SNR_ADDRESS_FAMILY,
		       name->len - SNR_ADDRESS_FAMILY);
}

void note_name(struct tracer *tracer, struct tracee *tracee, enum snr_op op,
	       const struct socket_name *name, const struct socket_change *change)
{
	struct snr_event event = {.pid = tracee->tgid,
				  .engine = "trace",
				  .call = snr_pathops[op].name,
				  .from = (const char *)name->text + SNR_ADDRESS_FAMILY,
				  .from_len = name_length(name),
				  .result = change->verdict == SNR_FINISHED ? change->result : 0,
				  .rule = change->rule,
				  .op = op,
				  .dirfd = AT_FDCWD};

	if (!event.from_len)
		return;
	count_call(tracer, tracee, change->rule, change->verdict == SNR_CHANGED, event.result);
	if (!is_noted(tracer, change->verdict != SNR_UNCHANGED) && !is_learnt(tracer))
		return;
	if (change->verdict == SNR_CHANGED) {
		event.to = (const char *)change->name.text + SNR_ADDRESS_FAMILY;
		event.to_len = name_length(&change->name);
	}
	tell(tracer, tracee, &event);
}

/* TEXT holds nothing that JSON would escape. */
static void write_text(const struct tracer *tracer, const struct tracee *tracee, const char *text)
{
	bool json = tracer->redirector.image->flags & SNR_IMAGE_LOG_JSON;
	char line[512];
	int n = snprintf(line, sizeof(line),
			 json ? "{\"pid\":%d,\"engine\":\"trace\",\"text\":\"%s\"}\n"
			      : "snapredir[%d] trace: %s\n",
			 tracee->tgid, text);

	if (n > 0)
		write_line(tracer, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line));
}

void note_second_tracer(struct tracer *tracer, const struct tracee *tracee, pid_t target)
{
	char text[256];

	if (tracer->log_fd < 0)
		return;
	snprintf(text, sizeof(text),
		 "ptrace fails: process %d is traced by snapredir already; debuggers and programs "
		 "that trace others need %s-e preload",
		 target,
		 tracer->redirector.image->engine == SNR_ENGINE_HYBRID ? "" : "-e hybrid or ");
	write_text(tracer, tracee, text);
}

void note_handed(struct tracer *tracer, const struct tracee *tracee)
{
	if (tracer->log_fd >= 0)
		write_text(tracer, tracee,
			   "handed over to a tracer of its own: from here on redirected as by "
			   "-e preload, static programs not at all");
}

void note_bare(struct tracer *tracer, const struct tracee *tracee, const char *call)
{
	char text[256];

	if (tracer->log_fd < 0)
		return;
	snprintf(text, sizeof(text),
		 "%s fails: another tracer has the process, which executed nothing since, and this "
		 "call cannot be redirected then",
		 call);
	write_text(tracer, tracee, text);
}

/* What JSON would escape is left out. */
static void copy_plain(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++)
		if ((unsigned char)*from >= ' ' && *from != '"' && *from != '\\')
			to[n++] = *from;
	to[n] = '\0';
}

void note_unseen(struct tracer *tracer, const struct tracee *tracee, const char *path,
		 const char *why)
{
	char text[384], name[128];

	if (tracer->log_fd < 0)
		return;
	copy_plain(path, name, sizeof(name));
	snprintf(text, sizeof(text), "execve fails: another tracer has the process, and %s %s",
		 name, why);
	write_text(tracer, tracee, text);
}

void note_failure(struct tracer *tracer, const struct tracee *tracee, const char *what, int err)
{
	char text[256];

	if (tracer->log_fd < 0)
		return;
	snprintf(text, sizeof(text), "%s: %s; it is killed", what, strerror(-err));
	write_text(tracer, tracee, text);
}
