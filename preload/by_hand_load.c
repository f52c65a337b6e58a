/* SPDX-License-Identifier: MIT
 * dlopen and dlmopen of a redirected file, or of one that needs such.
 * Called by programs. Where no rule applies it must be a jump: the real function looks at its
 * return address to know whose RUNPATH and $ORIGIN to use.
 */
#include "preload/child.h"
#include "preload/gate.h"

#include "shared/environ.h"
#include "shared/libraries.h"
#include "shared/text.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>

/* clang makes no jump of it for i386 unless it must. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(musttail)
#define JUMP __attribute__((musttail)) return
#endif
#endif
#ifndef JUMP
#define JUMP return
#endif

SHIM_REAL_POINTER(void *, dlopen, (const char *file, int mode))
SHIM_REAL_POINTER(void *, dlmopen, (Lmid_t list, const char *file, int mode))

/* Only a name with a slash is a path; one with a $ is the loader's to expand. */
static bool is_path(const char *file)
{
	long len = file && shim_redirector() ? shim_string_length(file, SNR_PATH_MAX) : 0;
	bool slash = false;

	for (long i = 0; i < len; i++) {
		if (file[i] == '$')
			return false;
		slash |= file[i] == '/';
	}
	return slash;
}

static struct shim_slot *plan_library(const char *file)
{
	return is_path(file) ? shim_plan(SNR_open, (long)file, O_RDONLY, 0, 0, 0) : NULL;
}

/* ---- what it needs: ld.so's search for that is seen by the companion alone. Where a process runs
 * without, libraries that only a rule leads to are opened first, by their real paths; ld.so then
 * knows them by their DT_SONAME. ---- */

#define MAX_DEPTH    16
#define LIBRARY_NAME 256

struct needs {
	struct shim_reader reader; /* first: read_library gets it as context */
	struct shim_reader probe;  /* of what was found */
	struct snr_redirector redirector;
	struct snr_scratch scratch;
	struct snr_library_search search;
	char name[LIBRARY_NAME];
};

static bool has_companion(void)
{
	const char *list = snr_environ_get(shim_initial_environment(), "LD_AUDIT");

	for (; list && *list; list++)
		if (snr_begins(list, snr_length(list), SNR_COMPANION))
			return true;
	return false;
}

static long read_library(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	return shim_read_file(context, path, offset, out, size);
}

static bool is_library(struct shim_reader *probe, const char *path)
{
	struct snr_elf elf = {0};
	char head[SNR_ELF_HEAD];
	long n = shim_read_file(probe, path, 0, head, sizeof(head));

	return n > 0 && snr_elf_open(&elf, head, (size_t)n) &&
	       elf.elf_class == (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32);
}

/* Find needs->name as ld.so does. True: a rule leads to it, and search.found says where it is. */
static bool find_under_rule(struct needs *needs)
{
	const char *environment = snr_environ_get(shim_initial_environment(), "LD_LIBRARY_PATH");
	struct snr_library_search *search = &needs->search;
	const char *list;

	for (unsigned i = 0; (list = snr_libraries_list(search, i, environment)); i++) {
		while (list && *list) {
			enum snr_place place = snr_libraries_place(search, &list);

			if (place == SNR_PLACE_UNKNOWN)
				return false;
			if (snr_libraries_find(search, needs->name) > 0 &&
			    is_library(&needs->probe, search->found))
				return place == SNR_PLACE_MOVED;
		}
	}
	return false;
}

static void open_needs(const char *path, int mode, int depth);

static void open_each(struct needs *needs, int mode, int depth)
{
	struct snr_library_search *search = &needs->search;
	unsigned index = 0;
	long len;

	while ((len = snr_elf_string(&search->elf, &search->dynamic, DT_NEEDED, &index, needs->name,
				     sizeof(needs->name))) != -ENOENT) {
		if (len > 0 && find_under_rule(needs)) {
			open_needs(search->found, mode, depth + 1);
			real_dlopen()(search->found, mode & ~RTLD_GLOBAL);
		}
	}
}

static void open_needs(const char *path, int mode, int depth)
{
	struct snr_redirector *redirector = shim_redirector();
	struct needs *needs = depth < MAX_DEPTH ? shim_map(sizeof(*needs)) : NULL;

	if (!needs)
		return;
	shim_reader_start(&needs->reader);
	shim_reader_start(&needs->probe);
	needs->redirector = *redirector;
	needs->redirector.host.context = needs;
	if (snr_libraries_of(&needs->search, &needs->redirector, &needs->scratch, read_library,
			     path))
		open_each(needs, mode, depth);
	shim_reader_end(&needs->reader);
	shim_reader_end(&needs->probe);
	shim_unmap(needs, sizeof(*needs));
}

/* PATH is the real one. */
static void prepare(const char *path, int mode)
{
	if ((shim_redirector()->image->flags & SNR_IMAGE_LIBRARIES) && !(mode & RTLD_NOLOAD) &&
	    !has_companion())
		open_needs(path, mode, 0);
}

/* A refusal is left to the loader, which has a message for it (dlerror): it finds nothing at the
 * program's path. */
static __attribute__((noinline)) void *changed_dlopen(struct shim_slot *slot, const char *file,
						      int mode)
{
	char text[SNR_PATH_MAX];

	file = shim_take(slot, 0, file, text);
	shim_slot_release(slot);
	prepare(file, mode);
	return real_dlopen()(file, mode);
}

static __attribute__((noinline)) void *changed_dlmopen(struct shim_slot *slot, Lmid_t list,
						       const char *file, int mode)
{
	char text[SNR_PATH_MAX];

	file = shim_take(slot, 0, file, text);
	shim_slot_release(slot);
	return real_dlmopen()(list, file, mode);
}

SHIM_EXPORT void *dlopen(const char *file, int mode)
{
	struct shim_slot *slot = plan_library(file);

	shim_gate_forget_objects();
	if (slot)
		return changed_dlopen(slot, file, mode);
	if (is_path(file))
		prepare(file, mode);
	JUMP real_dlopen()(file, mode);
}

SHIM_EXPORT void *dlmopen(Lmid_t list, const char *file, int mode)
{
	struct shim_slot *slot = plan_library(file);

	shim_gate_forget_objects();
	if (slot)
		return changed_dlmopen(slot, list, file, mode);
	JUMP real_dlmopen()(list, file, mode);
}
