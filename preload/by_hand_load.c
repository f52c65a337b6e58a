/* SPDX-License-Identifier: MIT
 * dlopen and dlmopen of a redirected file.
 * Called by programs. Where no rule applies it must be a jump: the real function looks at its
 * return address to know whose RUNPATH and $ORIGIN to use.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <dlfcn.h>
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
static struct shim_slot *plan_library(const char *file)
{
	long len = file && shim_redirector() ? shim_string_length(file, SNR_PATH_MAX) : 0;
	bool slash = false;

	for (long i = 0; i < len; i++) {
		if (file[i] == '$')
			return NULL;
		slash |= file[i] == '/';
	}
	return slash ? shim_plan(SNR_open, (long)file, O_RDONLY, 0, 0, 0) : NULL;
}

/* A refusal is left to the loader, which has a message for it (dlerror): it finds nothing at the
 * program's path. */
static __attribute__((noinline)) void *changed_dlopen(struct shim_slot *slot, const char *file,
						      int mode)
{
	char text[SNR_PATH_MAX];

	file = shim_take(slot, 0, file, text);
	shim_slot_release(slot);
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

	if (slot)
		return changed_dlopen(slot, file, mode);
	JUMP real_dlopen()(file, mode);
}

SHIM_EXPORT void *dlmopen(Lmid_t list, const char *file, int mode)
{
	struct shim_slot *slot = plan_library(file);

	if (slot)
		return changed_dlmopen(slot, list, file, mode);
	JUMP real_dlmopen()(list, file, mode);
}
