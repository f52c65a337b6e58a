/* SPDX-License-Identifier: MIT
 * LD_PRELOAD, and SNAPREDIR_GATE under hybrid, of a new program. Used by exec.c only.
 * It must never change a variable that is not ours.
 */
#include "tracer/exec_env.h"

#include "shared/environ.h"
#include "shared/gate.h"
#include "shared/libraries.h"
#include "tracer/exec.h"
#include "tracer/gate.h"
#include "tracer/memory.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS   (1u << 20)   /* more pointers than the kernel takes (E2BIG) in any case */
#define CHUNK      64           /* pointers read at once */
#define PREFIX     16           /* bytes by which our variables are told from others */
#define MAX_STRING (32 * 4096u) /* MAX_ARG_STRLEN */

static uint64_t pointer_at(const char *at, unsigned word)
{
	uint32_t half;
	uint64_t whole;

	if (word == 4) {
		memcpy(&half, at, sizeof(half));
		return half;
	}
	memcpy(&whole, at, sizeof(whole));
	return whole;
}

/* As many whole pointers as lie before the end of a page: the next one may not be readable. */
static size_t chunk_at(uint64_t address, unsigned word)
{
	size_t here = (4096 - address % 4096) / word;

	return here > CHUNK ? CHUNK : here ? here : 1;
}

static int append(uint64_t **out, size_t n, size_t *room, uint64_t value)
{
	if (n == *room) {
		size_t more = *room ? 2 * *room : CHUNK;
		uint64_t *grown = realloc(*out, more * sizeof(**out));

		if (!grown)
			return -ENOMEM;
		*out = grown;
		*room = more;
	}
	(*out)[n] = value;
	return 0;
}

long exec_read_vector(struct tracer *tracer, const struct tracee *tracee, uint64_t address,
		      size_t skip, uint64_t **out)
{
	unsigned word = tracee->abi->word;
	size_t n = 0, room = 0, seen = 0;

	while (address && seen < MAX_ARGS) {
		char bytes[CHUNK * sizeof(uint64_t)];
		size_t count = chunk_at(address, word);

		if (tracee_read(tracer, tracee, address, bytes, count * word))
			return -EFAULT;
		for (size_t i = 0; i < count; i++) {
			uint64_t value = pointer_at(bytes + i * word, word);

			if (!value)
				return (long)n;
			if (seen++ >= skip && append(out, n++, &room, value))
				return -ENOMEM;
		}
		address += count * word;
	}
	return address ? -E2BIG : 0;
}

/* Could the string that begins with PREFIX be one of our variables? ld.so needs no companion where
 * the tracer sees what it opens: not when it is BARE. */
static bool is_ours(const char *prefix, bool bare)
{
	if (!strncmp(prefix, "LD_PRELOAD=", 11) || !strncmp(prefix, "SNAPREDIR_", 10))
		return true;
	return bare &&
	       (!strncmp(prefix, "LD_AUDIT=", 9) || !strncmp(prefix, "LD_LIBRARY_PATH=", 16) ||
		!strncmp(prefix, "GLIBC_TUNABLES=", 15) || !strncmp(prefix, "ASAN_OPTIONS=", 13));
}

/* A program's environment here: our variables as strings, all others as places in OTHERS. */
struct view {
	size_t n;
	uint64_t *address;
	const char **string; /* n, and NULL */
	char *others;        /* n empty strings */
};

static void free_view(struct view *view)
{
	for (size_t i = 0; view->string && i < view->n; i++)
		if (view->string[i] && view->string[i] != view->others + i)
			free((char *)(uintptr_t)view->string[i]);
	free(view->string);
	free(view->others);
	free(view->address);
}

static int read_variable(struct tracer *tracer, const struct tracee *tracee, struct view *view,
			 size_t i)
{
	size_t room = 512;

	for (;;) {
		char *text = malloc(room);
		long len;

		if (!text)
			return -ENOMEM;
		len = tracee_read_string(tracer, tracee, view->address[i], text, room);
		if (len >= 0) {
			view->string[i] = text;
			return 0;
		}
		free(text);
		if (len != -ENAMETOOLONG || room >= MAX_STRING)
			return -EFAULT;
		room *= 8;
	}
}

static int read_strings(struct tracer *tracer, const struct tracee *tracee, struct view *view)
{
	char prefix[CHUNK][PREFIX];

	for (size_t from = 0; from < view->n; from += CHUNK) {
		size_t count = view->n - from < CHUNK ? view->n - from : CHUNK;

		if (tracee_read_heads(tracer, tracee, view->address + from, count, prefix[0],
				      PREFIX))
			return -EFAULT;
		for (size_t i = 0; i < count; i++) {
			int r = 0;

			view->string[from + i] = view->others + from + i;
			if (is_ours(prefix[i], tracee->image_value))
				r = read_variable(tracer, tracee, view, from + i);
			if (r)
				return r;
		}
	}
	return 0;
}

/* Returns 0, -ENOMEM, or another error: it is the kernel's to meet. */
static int read_view(struct tracer *tracer, const struct tracee *tracee, uint64_t envp,
		     struct view *view)
{
	long n = exec_read_vector(tracer, tracee, envp, 0, &view->address);

	if (n < 0)
		return (int)n;
	view->n = (size_t)n;
	view->string = calloc(view->n + 1, sizeof(*view->string));
	view->others = calloc(view->n + 1, 1);
	if (!view->string || !view->others)
		return -ENOMEM;
	return read_strings(tracer, tracee, view);
}

/* The shim has a gate only in 64-bit programs with glibc, and none beneath a filter of the
 * program's own, which knows nothing of the calls that a shim makes; nor where a sanitizer is at
 * home in the address space, and wants to see every call. */
static bool may_have_gate(const struct tracer *tracer, const struct tracee *tracee,
			  const struct snr_exec_plan *plan)
{
	return tracer->gate[0] && !tracee->filtered && plan->kind == SNR_EXEC_DYNAMIC &&
	       plan->libc == SNR_LIBC_GLIBC && !plan->sanitized && plan->elf_class == ELFCLASS64 &&
	       plan->machine == EM_X86_64;
}

static bool is_unchanged(const struct view *view, char *const *slots, size_t nslots)
{
	if (nslots != view->n + 1)
		return false;
	for (size_t i = 0; i < view->n; i++)
		if (slots[i] != view->string[i])
			return false;
	return true;
}

/* The strings that stay are found by their places in VIEW. */
static void take_slots(const struct view *view, char *const *slots, size_t n, struct exec_env *env)
{
	size_t from = 0;

	env->n = n;
	for (size_t i = 0; i < n; i++) {
		size_t at = from;

		while (at < view->n && view->string[at] != slots[i])
			at++;
		if (at < view->n) {
			env->entry[i] = (struct exec_env_entry){view->address[at], false};
			from = at + 1;
		} else {
			env->entry[i] =
				(struct exec_env_entry){(uint64_t)(slots[i] - env->bytes), true};
		}
	}
}

static int build(const struct view *view, const struct snr_environ *want, struct exec_env *env)
{
	struct snr_environ_size size = snr_environ_measure(want);
	char **slots = calloc(size.slots, sizeof(*slots));

	env->size = size.bytes;
	env->bytes = malloc(size.bytes + 1);
	if (slots && env->bytes) {
		snr_environ_build(want, slots, env->bytes);
		if (is_unchanged(view, slots, size.slots)) {
			free(slots);
			return 0;
		}
		env->entry = calloc(size.slots, sizeof(*env->entry));
	}
	if (env->entry)
		take_slots(view, slots, size.slots - 1, env);
	free(slots);
	return env->entry ? 0 : -ENOMEM;
}

static int build_gate(const struct tracer *tracer, const struct view *view, bool gate,
		      struct exec_env *env)
{
	const struct snr_image *image = tracer->redirector.image;
	const struct snr_environ want = {
		.envp = view->string,
		.shim = gate ? snr_string(image, image->shim64) : NULL,
		.gate = gate ? tracer->gate : NULL,
		.ours = {snr_string(image, image->shim64), snr_string(image, image->shim32)},
	};

	return build(view, &want, env);
}

const char *exec_env_shim(const struct tracer *tracer, const struct snr_exec_plan *plan)
{
	const struct snr_image *image = tracer->redirector.image;
	struct snr_text shim = plan->elf_class == ELFCLASS32 ? image->shim32 : image->shim64;

	return shim.len ? snr_string(image, shim) : NULL;
}

/* As the launcher does it for engine preload. */
static int build_bare(struct tracer *tracer, const char *value, const struct view *view,
		      const struct snr_exec_plan *plan, struct exec_env *env)
{
	const struct snr_image *image = tracer->redirector.image;
	struct snr_library_search *search = malloc(sizeof(*search));
	struct snr_library_needs needs;
	struct snr_environ want = {
		.envp = view->string,
		.shim = exec_env_shim(tracer, plan),
		.sanitized = plan->sanitized,
		.name = plan->changed ? plan->script : NULL,
		.image = value,
		.ours = {snr_string(image, image->shim64), snr_string(image, image->shim32)},
	};
	int r;

	if (!search)
		return -ENOMEM;
	needs = snr_library_needs(search, &tracer->redirector, &tracer->scratch, exec_read_file,
				  plan, view->string);
	want.libraries = needs.companion;
	want.library_path = needs.library_path;
	r = build(view, &want, env);
	free(search);
	return r;
}

/* Beneath a snapredir with engine preload the variables are that one's. */
static bool is_another(const struct view *view)
{
	return snr_environ_get(view->string, SNR_IMAGE_ENV) != NULL;
}

/* A native program's is the one that the launcher was started with. */
static int make_native(const struct snr_image *image, struct exec_env *env)
{
	const char *first = snr_string(image, image->environment);
	const char **slots = calloc(image->environment_count + 1, sizeof(*slots));

	env->n = image->environment_count;
	env->size = image->environment.len + 1;
	env->bytes = malloc(env->size);
	env->entry = calloc(env->n + 1, sizeof(*env->entry));
	if (slots && env->bytes && env->entry) {
		memcpy(env->bytes, first, env->size);
		snr_exec_environment(image, slots);
		for (size_t i = 0; i < env->n; i++)
			env->entry[i] = (struct exec_env_entry){(uint64_t)(slots[i] - first), true};
		free(slots);
		return 0;
	}
	free(slots);
	return -ENOMEM;
}

int exec_env_make(struct tracer *tracer, const struct tracee *tracee, uint64_t envp,
		  const struct snr_exec_plan *plan, struct exec_env *env)
{
	struct view view = {0};
	int r;

	*env = (struct exec_env){0};
	if (plan->native)
		return make_native(tracer->redirector.image, env);
	if (tracer->redirector.image->engine != SNR_ENGINE_HYBRID && !tracee->image_value)
		return 0;
	r = read_view(tracer, tracee, envp, &view);
	if (!r && is_another(&view))
		r = 0;
	else if (!r && tracee->image_value)
		r = build_bare(tracer, tracee->image_value, &view, plan, env);
	else if (!r)
		r = build_gate(tracer, &view, may_have_gate(tracer, tracee, plan), env);
	else if (r != -ENOMEM)
		r = 0;
	free_view(&view);
	return r;
}

void exec_env_free(struct exec_env *env)
{
	free(env->entry);
	free(env->bytes);
}
