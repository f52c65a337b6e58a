/* SPDX-License-Identifier: MIT
 * dladdr(3): programs look for their own files beside the name that it gives. Called by programs.
 * It must never give a name back that does not last as long as the process.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <dlfcn.h>

/* What a libc without them has found: nothing. */
static int find_nothing(void)
{
	return 0;
}

SHIM_REAL_AS(int, dladdr, (const void *address, Dl_info *info), find_nothing)
SHIM_REAL_AS(int, dladdr1, (const void *address, Dl_info *info, void **extra, int flags),
	     find_nothing)

/* A library's real name, and behind its NUL the program's. */
struct known {
	struct known *next;
	size_t len;
	char name[];
};

static struct known *names; /* only added to: few libraries lie under rules */

static const char *find(const struct known *known, const char *real, size_t len)
{
	for (; known; known = known->next)
		if (known->len == len && snr_equal(known->name, real, len))
			return known->name + len + 1;
	return NULL;
}

static const char *keep(const char *real, size_t len, const char *own, size_t own_len)
{
	struct known *known = shim_map(sizeof(*known) + len + own_len + 2);

	if (!known)
		return real;
	known->len = len;
	snr_copy(known->name, real, len + 1);
	snr_copy(known->name + len + 1, own, own_len + 1);
	known->next = __atomic_load_n(&names, __ATOMIC_ACQUIRE);
	while (!__atomic_compare_exchange_n(&names, &known->next, known, false, __ATOMIC_RELEASE,
					    __ATOMIC_ACQUIRE))
		;
	return known->name + len + 1;
}

static const char *own_name(const char *real)
{
	size_t len = snr_length(real);
	const char *own = find(__atomic_load_n(&names, __ATOMIC_ACQUIRE), real, len);
	struct shim_slot *slot = own ? NULL : shim_slot_take();
	long n;

	if (!slot)
		return own ? own : real;
	n = shim_reverse(real, len, slot->text[0], SNR_PATH_MAX);
	if (n > 0 && ((size_t)n != len || !snr_equal(slot->text[0], real, len)))
		real = keep(real, len, slot->text[0], (size_t)n);
	shim_slot_release(slot);
	return real;
}

static int give_own_name(int found, Dl_info *info)
{
	if (found && info->dli_fname && info->dli_fname[0] == '/' && shim_redirector())
		info->dli_fname = own_name(info->dli_fname);
	return found;
}

SHIM_EXPORT int dladdr(const void *address, Dl_info *info)
{
	return give_own_name(real_dladdr()(address, info), info);
}

SHIM_EXPORT int dladdr1(const void *address, Dl_info *info, void **extra, int flags)
{
	return give_own_name(real_dladdr1()(address, info, extra, flags), info);
}
