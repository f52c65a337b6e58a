/* SPDX-License-Identifier: MIT
 * execve and execveat: what the exec planner says, put into the call. Used inside tracer/ only.
 * It must never load a program itself: the kernel executes the real file.
 */
#include "tracer/exec.h"

#include "tracer/count.h"
#include "tracer/exec_env.h"
#include "tracer/hand.h"
#include "tracer/gate.h"
#include "tracer/image.h"
#include "tracer/memory.h"
#include "tracer/note.h"
#include "tracer/record.h"

#include "shared/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What is written into the tracee: strings, then vectors of pointers to them and to the program's
 * own strings. */
struct vector {
	char *blob;
	size_t size; /* of the strings */
	size_t room;
	bool path;                    /* the first string is another path to execute */
	size_t front[SNR_EXEC_FRONT]; /* offsets */
	int nfront;                   /* 0: the program's own vector of arguments stays */
	int own;                      /* that of them which is the program's argv[0], or 0 */
	uint64_t *args;               /* the program's own */
	size_t nargs;
	struct exec_env env;
	size_t env_at; /* offset of its strings */
};

static int add_bytes(struct vector *vector, const char *bytes, size_t len)
{
	char *blob = vector->blob;

	if (vector->size + len > vector->room) {
		vector->room = 2 * (vector->size + len);
		blob = realloc(vector->blob, vector->room);
		if (!blob)
			return -ENOMEM;
		vector->blob = blob;
	}
	if (len) /* else there may be no blob */
		memcpy(blob + vector->size, bytes, len);
	vector->size += len;
	return 0;
}

static int add_string(struct vector *vector, const char *text)
{
	return add_bytes(vector, text, strlen(text) + 1);
}

/* Bytes of a pointer in the image to be executed; 0: unknown. */
static unsigned word_of(const struct snr_exec_plan *plan)
{
	return plan->elf_class == ELFCLASS64 ? 8 : plan->elf_class == ELFCLASS32 ? 4 : 0;
}

/* The real path and, of scripts, the arguments of the interpreter. What cannot be read of the
 * program's own is the kernel's to refuse. */
static int add_program(struct tracer *tracer, struct tracee *tracee, uint64_t argv,
		       const struct snr_exec_plan *plan, struct vector *vector)
{
	const char *front[SNR_EXEC_FRONT];
	struct utsname kernel;
	bool by_file =
		plan->by_descriptor && !uname(&kernel) && snr_exec_names_file(kernel.release);
	long n;
	int r;

	image_expect(tracee, plan->script, plan->real, word_of(plan), by_file, tracer->name);
	vector->path = true;
	r = add_string(vector, tracer->name);
	if (r || !plan->nshebang)
		return r;
	n = exec_read_vector(tracer, tracee, argv, 0, &vector->args);
	if (n < 0)
		return n == -ENOMEM ? -ENOMEM : 0;
	vector->nargs = (size_t)n;
	vector->nfront = snr_exec_argv(plan, front);
	for (int i = 0; !r && i < vector->nfront; i++) {
		if (!front[i] && n)
			vector->own = i;
		vector->front[i] = vector->size;
		r = add_string(vector, front[i] ? front[i] : "");
	}
	return r;
}

static int make_vector(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		       const struct snr_pathop *row, const struct snr_exec_plan *plan,
		       struct vector *vector)
{
	uint64_t argv = call->arg[snr_pathop_find(row, SNR_ROLE_ARGV)];
	uint64_t envp = call->arg[snr_pathop_find(row, SNR_ROLE_ENVP)];
	int r = plan->changed ? add_program(tracer, tracee, argv, plan, vector) : 0;

	if (!r)
		r = exec_env_make(tracer, tracee, envp, plan, &vector->env);
	vector->env_at = vector->size;
	if (!r && vector->env.entry)
		r = add_bytes(vector, vector->env.bytes, vector->env.size);
	return r;
}

static void free_vector(struct vector *vector)
{
	free(vector->blob);
	free(vector->args);
	exec_env_free(&vector->env);
}

static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

/* Where the arguments and the environment lie, and the end of all. */
struct layout {
	size_t args;
	size_t env;
	size_t end;
};

static struct layout lay_out(const struct vector *vector, unsigned word)
{
	struct layout at = {.args = aligned(vector->size)};

	at.env = at.args;
	if (vector->nfront)
		at.env = aligned(at.args + ((size_t)vector->nfront + vector->nargs + 1) * word);
	at.end = vector->env.entry ? at.env + (vector->env.n + 1) * word : at.env;
	return at;
}

static void put_pointer(char *at, uint64_t value, unsigned word)
{
	uint32_t half = (uint32_t)value;

	if (word == 4)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &value, sizeof(value));
}

static void put_vectors(const struct vector *vector, const struct layout *at, unsigned word,
			uint64_t address, char *all)
{
	char *args = all + at->args, *env = all + at->env;
	size_t n = 0;

	if (vector->nfront) {
		for (int i = 0; i < vector->nfront; i++)
			put_pointer(args + n++ * word,
				    vector->own && i == vector->own ? vector->args[0]
								    : address + vector->front[i],
				    word);
		for (size_t i = 1; i < vector->nargs; i++)
			put_pointer(args + n++ * word, vector->args[i], word);
	}
	for (size_t i = 0; vector->env.entry && i < vector->env.n; i++) {
		const struct exec_env_entry *entry = &vector->env.entry[i];

		put_pointer(env + i * word,
			    entry->own ? address + vector->env_at + entry->value : entry->value,
			    word);
	}
}

static int write_vector(struct tracer *tracer, const struct tracee *tracee,
			const struct vector *vector, const struct layout *at, uint64_t address)
{
	struct tracee_piece piece = {NULL, at->end};
	char *all = calloc(1, at->end);
	int r;

	if (!all)
		return -ENOMEM;
	if (vector->size)
		memcpy(all, vector->blob, vector->size);
	put_vectors(vector, at, tracee->abi->word, address, all);
	piece.data = all;
	r = (int)tracee_write(tracer, tracee, address, &piece, 1);
	free(all);
	return r;
}

/* Returns false where the tracee was resumed to come back with the same call. */
static bool change_call(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			const struct snr_pathop *row, int path_arg, const struct vector *vector)
{
	struct layout at = lay_out(vector, tracee->abi->word);
	uint64_t address = tracee_scratch(tracer, tracee, at.end);
	int r;

	if (!address)
		return false;
	r = write_vector(tracer, tracee, vector, &at, address);
	if (!r && vector->path)
		r = tracee_replace_arg(tracee, call, path_arg, address);
	if (!r && vector->nfront)
		r = tracee_replace_arg(tracee, call, snr_pathop_find(row, SNR_ROLE_ARGV),
				       address + at.args);
	if (!r && vector->env.entry)
		r = tracee_replace_arg(tracee, call, snr_pathop_find(row, SNR_ROLE_ENVP),
				       address + at.env);
	if (r)
		tracee_fail(tracer, tracee, "cannot change a call", r);
	else
		tracee_resume(tracee, 0);
	return true;
}

/* Returns false where the tracee will come back with the same call. */
static bool follow_plan(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			enum snr_op op, int path_arg, const struct snr_exec_plan *plan)
{
	const struct snr_pathop *row = &snr_pathops[op];
	struct vector vector = {0};
	int r = make_vector(tracer, tracee, call, row, plan, &vector);
	bool done = true;

	if (r)
		tracee_finish(tracer, tracee, r);
	else if (vector.path || vector.env.entry)
		done = change_call(tracer, tracee, call, row, path_arg, &vector);
	else
		tracee_resume(tracee, 0);
	free_vector(&vector);
	return done;
}

/* proc(5), fdinfo: the flags in octal, O_CLOEXEC among them. */
static bool closes_on_exec(const struct tracee *tracee, int fd)
{
	char path[48], line[64];
	unsigned long flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tracee->tid, fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "flags:", 6))
			flags = strtoul(line + 6, NULL, 8);
	fclose(file);
	return flags & O_CLOEXEC;
}

/* Plan the execution of PATH, which was read from argument PATH_ARG. */
static void plan_exec(struct tracer *tracer, const struct arch_call *call,
		      const struct snr_pathop *row, int path_arg, const char *path, size_t len)
{
	int dirfd_arg = snr_pathop_dirfd(row, path_arg);
	int dirfd = dirfd_arg < 0 ? AT_FDCWD : (int)(uint32_t)call->arg[dirfd_arg];

	snr_plan_exec(&tracer->redirector, &tracer->scratch, exec_read_file, AT_FDCWD, dirfd, path,
		      len, snr_pathop_lookup(row, path_arg, call->arg, NULL), &tracer->exec);
	if (snr_exec_needs_descriptor(&tracer->exec) && closes_on_exec(tracer->current, dirfd))
		tracer->exec.error = -ENOENT;
}

static bool has_unknown_flags(const struct snr_pathop *row, const struct arch_call *call)
{
	int flags = snr_pathop_find(row, SNR_ROLE_ATFLAGS);

	return flags >= 0 && ((uint32_t)call->arg[flags] & ~SNR_EXEC_FLAGS);
}

void tracee_exec(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op)
{
	const struct snr_pathop *row = &snr_pathops[op];
	const struct snr_exec_plan *plan = &tracer->exec;
	char *path = tracer->text[0];
	struct exec_file file;
	int path_arg = 0;
	long len;

	while (!snr_role_is_path(row->role[path_arg]))
		path_arg++;
	len = tracee_read_string(tracer, tracee, call->arg[path_arg], path, SNR_PATH_MAX);
	if (len < 0 || has_unknown_flags(row, call)) {
		tracee_resume(tracee, 0);
		return;
	}
	exec_file_begin(tracer, &file);
	plan_exec(tracer, call, row, path_arg, path, (size_t)len);
	exec_file_end(tracer);
	/* Not for what is not there: execvp(3) goes on to the next one. */
	if (tracee->asked && !plan->error && plan->kind != SNR_EXEC_UNKNOWN) {
		hand_at_exec(tracer, tracee);
		return;
	}
	note_exec_expected(tracer, tracee, call->arg, op, path, plan);
	tracee->becomes_native = plan->native;
	if (plan->error)
		tracee_finish(tracer, tracee, plan->error);
	else if (!follow_plan(tracer, tracee, call, op, path_arg, plan))
		return;
	note_exec(tracer, tracee, op, path, plan);
}

void tracee_exec_elsewhere(struct tracer *tracer, struct tracee *tracee,
			   const struct arch_call *call, enum snr_op op)
{
	static const struct snr_exec_plan unknown;

	tracee->becomes_native = false;
	follow_plan(tracer, tracee, call, op, 0, &unknown);
}

/* The vectors of PLAN at PLACE. Returns as exec_rewrite. */
static int place_vector(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			const struct snr_pathop *row, int path_arg, const struct exec_place *place,
			uint64_t args[ARCH_NARGS])
{
	struct vector vector = {0};
	int r = make_vector(tracer, tracee, call, row, &tracer->exec, &vector);
	const struct layout at = lay_out(&vector, tracee->abi->word);

	image_forget(tracee); /* the shim is told by SNAPREDIR_IMAGE */
	if (!r && at.end > place->size)
		r = -E2BIG;
	if (!r && (vector.path || vector.env.entry)) {
		r = write_vector(tracer, tracee, &vector, &at, place->address);
		if (vector.path)
			args[path_arg] = place->address;
		if (vector.nfront)
			args[snr_pathop_find(row, SNR_ROLE_ARGV)] = place->address + at.args;
		if (vector.env.entry)
			args[snr_pathop_find(row, SNR_ROLE_ENVP)] = place->address + at.env;
		r = r ? r : 1;
	}
	free_vector(&vector);
	return r;
}

int exec_rewrite(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op, const struct exec_place *place, uint64_t args[ARCH_NARGS])
{
	const struct snr_pathop *row = &snr_pathops[op];
	const struct snr_exec_plan *plan = &tracer->exec;
	char *path = tracer->text[0];
	struct exec_file file;
	int path_arg = 0, r;
	long len;

	while (!snr_role_is_path(row->role[path_arg]))
		path_arg++;
	len = tracee_read_string(tracer, tracee, call->arg[path_arg], path, SNR_PATH_MAX);
	if (len < 0 || has_unknown_flags(row, call))
		return 0;
	exec_file_begin(tracer, &file);
	plan_exec(tracer, call, row, path_arg, path, (size_t)len);
	r = plan->error;
	if (!r && !plan->native && snr_exec_unseen(plan, exec_env_shim(tracer, plan) != NULL)) {
		note_unseen(tracer, tracee, path,
			    snr_exec_unseen(plan, exec_env_shim(tracer, plan) != NULL));
		r = -EPERM;
	}
	if (!r)
		r = place_vector(tracer, tracee, call, row, path_arg, place, args);
	exec_file_end(tracer);
	note_exec(tracer, tracee, op, path, plan);
	return r;
}

void tracee_exec_done(struct tracer *tracer, struct tracee *tracee)
{
	int r;

	gate_drop_guest(tracer, tracee);
	r = tracee_fresh_space(tracee);
	tracee->due = TRACEE_NOTHING;
	tracee->moves = false;
	tracee->changed = 0;
	tracee->fresh = false;
	tracee->asked = false;
	tracee->tgid = tracee->tid;
	tracee->native = tracee->native || tracee->becomes_native;
	tracer->current = tracee;
	count_program(tracer, tracee);
	record_finish(tracer, tracee, 0);
	if (tracee->image)
		image_begin(tracer, tracee);
	if (r)
		tracee_fail(tracer, tracee, "cannot follow its exec", r);
	else
		tracee_resume(tracee, 0);
}
