/* SPDX-License-Identifier: MIT
 * execve and execveat: what the exec planner says, put into the call. Used inside tracer/ only.
 * It must never load a program itself: the kernel executes the real file.
 */
#include "tracer/image.h"
#include "tracer/memory.h"
#include "tracer/note.h"

#include "shared/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ARGS (1u << 20) /* more pointers than the kernel takes (E2BIG) in any case */

/* The last file that was looked at, its head kept: a plan asks for one program header after the
 * other. */
struct looked_at {
	char path[SNR_PATH_MAX];
	char head[4096];
	long size; /* of head, or -errno */
	int fd;    /* -1: none is open */
};

/* Only regular files: opening others may block or do something. The tracer's own rights are used: a
 * program may be executable and not readable. */
static int open_regular(const struct tracer *tracer, const char *path)
{
	char view[SNR_PATH_MAX + 64];
	struct stat st;
	int fd;

	if (tracee_view(tracer, path, view, sizeof(view)))
		return -ENAMETOOLONG;
	if (stat(view, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	fd = open(view, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static void look_at(const struct tracer *tracer, struct looked_at *file, const char *path)
{
	if (file->fd >= 0)
		close(file->fd);
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->fd = open_regular(tracer, path);
	file->size = file->fd;
	if (file->fd >= 0)
		file->size = pread(file->fd, file->head, sizeof(file->head), 0);
	if (file->fd >= 0 && file->size < 0)
		file->size = -errno;
}

static long read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	struct tracer *tracer = context;
	struct looked_at *file = tracer->looked_at;
	ssize_t n;

	if (strcmp(file->path, path))
		look_at(tracer, file, path);
	if (file->size < 0)
		return file->size;
	if (offset + size <= (uint64_t)file->size) {
		memcpy(out, file->head + offset, size);
		return (long)size;
	}
	n = pread(file->fd, out, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

/* What is written into the tracee: strings, then the vector of pointers to them and to the
 * program's own arguments. */
struct vector {
	char *blob;
	size_t size; /* of the strings */
	size_t room;
	size_t front[SNR_EXEC_FRONT]; /* offsets */
	int nfront;
	uint64_t *args; /* the program's own, argv[1] on */
	size_t nargs;
};

static int add_string(struct vector *vector, const char *text)
{
	size_t len = strlen(text) + 1;
	char *blob = vector->blob;

	if (vector->size + len > vector->room) {
		vector->room = 2 * (vector->size + len);
		blob = realloc(vector->blob, vector->room);
		if (!blob)
			return -ENOMEM;
		vector->blob = blob;
	}
	memcpy(blob + vector->size, text, len);
	vector->size += len;
	return 0;
}

/* Read the pointers behind argv[0]. A vector that cannot be read gives -EFAULT: the kernel shall
 * say so itself. */
static int read_args(struct tracer *tracer, const struct tracee *tracee, uint64_t argv,
		     struct vector *vector)
{
	unsigned word = tracee->abi->word;

	for (size_t i = 0, room = 0; argv && i < MAX_ARGS; i++) {
		uint64_t value = 0;

		if (tracee_read(tracer, tracee, argv + i * word, &value, word))
			return -EFAULT;
		if (!value)
			return 0;
		if (i == 0)
			continue;
		if (vector->nargs == room) {
			uint64_t *args;

			room = room ? 2 * room : 64;
			args = realloc(vector->args, room * sizeof(*args));
			if (!args)
				return -ENOMEM;
			vector->args = args;
		}
		vector->args[vector->nargs++] = value;
	}
	return argv ? -E2BIG : 0;
}

/* Bytes of a pointer in the image to be executed; 0: unknown. */
static unsigned word_of(const struct snr_exec_plan *plan)
{
	return plan->elf_class == ELFCLASS64 ? 8 : plan->elf_class == ELFCLASS32 ? 4 : 0;
}

static int make_vector(struct tracer *tracer, struct tracee *tracee, uint64_t argv,
		       const struct snr_exec_plan *plan, struct vector *vector)
{
	const char *front[SNR_EXEC_FRONT];
	int r;

	image_expect(tracee, plan->script, plan->real, word_of(plan), tracer->name);
	r = add_string(vector, tracer->name);

	if (r || !plan->nshebang)
		return r;
	r = read_args(tracer, tracee, argv, vector);
	if (r)
		return r == -ENOMEM ? r : 0;
	vector->nfront = snr_exec_argv(plan, front);
	for (int i = 0; !r && i < vector->nfront; i++) {
		vector->front[i] = vector->size;
		r = add_string(vector, front[i]);
	}
	return r;
}

static size_t vector_at(const struct vector *vector)
{
	return (vector->size + 15) & ~(size_t)15;
}

static size_t vector_total(const struct vector *vector, unsigned word)
{
	if (!vector->nfront)
		return vector->size;
	return vector_at(vector) + ((size_t)vector->nfront + vector->nargs + 1) * word;
}

static void put_pointer(char *at, uint64_t value, unsigned word)
{
	uint32_t half = (uint32_t)value;

	if (word == 4)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &value, sizeof(value));
}

static int write_vector(struct tracer *tracer, const struct tracee *tracee,
			const struct vector *vector, uint64_t address)
{
	unsigned word = tracee->abi->word;
	size_t total = vector_total(vector, word), n = 0;
	struct tracee_piece piece = {NULL, total};
	char *all = calloc(1, total), *at;
	int r;

	if (!all)
		return -ENOMEM;
	memcpy(all, vector->blob, vector->size);
	at = all + vector_at(vector);
	if (vector->nfront) {
		for (int i = 0; i < vector->nfront; i++)
			put_pointer(at + n++ * word, address + vector->front[i], word);
		for (size_t i = 0; i < vector->nargs; i++)
			put_pointer(at + n++ * word, vector->args[i], word);
	}
	piece.data = all;
	r = (int)tracee_write(tracer, tracee, address, &piece, 1);
	free(all);
	return r;
}

/* Returns false where the tracee was resumed to come back with the same call. */
static bool change_call(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
			int path_arg, int argv_arg, const struct vector *vector)
{
	uint64_t address = tracee_scratch(tracer, tracee, vector_total(vector, tracee->abi->word));
	int r;

	if (!address)
		return false;
	r = write_vector(tracer, tracee, vector, address);
	if (!r)
		r = tracee_replace_arg(tracee, call, path_arg, address);
	if (!r && vector->nfront)
		r = tracee_replace_arg(tracee, call, argv_arg, address + vector_at(vector));
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
	int argv_arg = snr_pathop_find(&snr_pathops[op], SNR_ROLE_ARGV);
	struct vector vector = {0};
	int r = make_vector(tracer, tracee, call->arg[argv_arg], plan, &vector);
	bool done = true;

	if (r)
		tracee_finish(tracer, tracee, r);
	else
		done = change_call(tracer, tracee, call, path_arg, argv_arg, &vector);
	free(vector.blob);
	free(vector.args);
	return done;
}

/* Plan the execution of PATH, which was read from argument PATH_ARG. */
static void plan_exec(struct tracer *tracer, const struct arch_call *call,
		      const struct snr_pathop *row, int path_arg, const char *path, size_t len)
{
	int dirfd_arg = snr_pathop_dirfd(row, path_arg);
	struct looked_at file;

	file.path[0] = '\0';
	file.fd = -1;
	tracer->looked_at = &file;
	snr_plan_exec(&tracer->redirector, &tracer->scratch, read_file,
		      dirfd_arg < 0 ? AT_FDCWD : (int)(uint32_t)call->arg[dirfd_arg], path, len,
		      snr_pathop_lookup(row, path_arg, call->arg, NULL), &tracer->exec);
	tracer->looked_at = NULL;
	if (file.fd >= 0)
		close(file.fd);
}

void tracee_exec(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op)
{
	const struct snr_pathop *row = &snr_pathops[op];
	const struct snr_exec_plan *plan = &tracer->exec;
	char *path = tracer->text[0];
	int path_arg = 0;
	long len;

	while (!snr_role_is_path(row->role[path_arg]))
		path_arg++;
	len = tracee_read_string(tracer, tracee, call->arg[path_arg], path, SNR_PATH_MAX);
	if (len < 0) {
		tracee_resume(tracee, 0);
		return;
	}
	plan_exec(tracer, call, row, path_arg, path, (size_t)len);
	if (plan->error)
		tracee_finish(tracer, tracee, plan->error);
	else if (!plan->changed)
		tracee_resume(tracee, 0);
	else if (!follow_plan(tracer, tracee, call, op, path_arg, plan))
		return;
	note_exec(tracer, tracee, op, path, plan);
}

void tracee_exec_done(struct tracer *tracer, struct tracee *tracee)
{
	int r = tracee_fresh_space(tracee);

	tracee->due = TRACEE_NOTHING;
	tracee->changed = 0;
	tracee->tgid = tracee->tid;
	tracer->current = tracee;
	if (tracee->image)
		image_begin(tracer, tracee);
	if (r)
		tracee_fail(tracer, tracee, "cannot follow its exec", r);
	else
		tracee_resume(tracee, 0);
}
