/* SPDX-License-Identifier: MIT
 * Windows: which functions need one, opening and closing it.
 * Called by the wrappers of the table's WINDOW rows and by others of preload/. It must never leave
 * a thread with a mask or a dispatch that is not the program's.
 */
#include "preload/window.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* linux/prctl.h, Linux 5.11 */
#define PR_SYS_DISPATCH_OFF          0
#define PR_SYS_DISPATCH_ON           1
#endif

__thread struct shim_thread shim_thread;
uint8_t shim_reads_known[SHIM_NFILES];

/* ---- which files ---- */

struct files {
	const char *paths; /* separated by blanks; "/" is every file */
	const char *variables[2];
};

static const struct files groups[SHIM_NFILES] = {
#define FILES(name, paths, ...) {paths, {__VA_ARGS__}},
#include "shared/pathops.def"
};

/* Can the name PATH, or one beneath it, lead to another file than it says? */
static bool is_touched(const struct snr_image *image, const char *path, size_t len)
{
	const struct snr_entry *entry = snr_match_path(image, snr_hash_path(path, len));
	char text[256];
	struct shim_slot *slot;
	size_t rest;

	if ((entry && entry->ancestor) ||
	    snr_match_longest(image, path, len, &rest) != SNR_NO_RULE || len >= sizeof(text))
		return true;
	snr_copy(text, path, len);
	text[len] = '\0';
	slot = shim_plan(SNR_open, (long)text, O_RDONLY, 0, 0, 0);
	if (slot)
		shim_slot_release(slot);
	return slot != NULL;
}

/* One of the absolute names in LIST, BETWEEN which that character stands. What follows a % is for
 * libc to say (NLSPATH). */
static bool is_any_touched(const struct snr_image *image, const char *list, char between)
{
	while (*list) {
		size_t len = 0, end;

		while (list[len] && list[len] != between && list[len] != '%')
			len++;
		end = len;
		while (end > 1 && list[len] == '%' && list[end] != '/')
			end--;
		if (*list == '/' && is_touched(image, list, end))
			return true;
		while (list[len] && list[len] != between)
			len++;
		list += list[len] ? len + 1 : len;
	}
	return false;
}

/* The value of one of VARIABLES that SETTING sets, or NULL. */
static const char *value_of(const char *const *variables, const char *setting)
{
	for (int i = 0; i < 2 && variables[i]; i++) {
		size_t len = 0;

		while (variables[i][len] && variables[i][len] == setting[len])
			len++;
		if (!variables[i][len] && setting[len] == '=')
			return setting + len + 1;
	}
	return NULL;
}

/* What the variables of each group said when they were last asked: a hash of their values, and in
 * bit 0 the answer. */
static uint64_t asked[SHIM_NFILES];

/* Do variables name a file that a rule has to do with? Asked at every call, since they change. */
static bool names_other(const struct snr_image *image, enum shim_files files)
{
	uint64_t hash = SNR_HASH_ROOT, before = __atomic_load_n(&asked[files], __ATOMIC_RELAXED);
	const char *const *variables = groups[files].variables;
	const char *values[2], *value;
	char first = variables[0][0], second = variables[1] ? variables[1][0] : first;
	int n = 0;

	for (char **setting = environ; setting && *setting && n < 2; setting++) {
		if (**setting != first && **setting != second)
			continue;
		value = value_of(variables, *setting);
		if (!value)
			continue;
		hash = snr_hash_step(hash, value, snr_length(value));
		values[n++] = value;
	}
	if (!n)
		return false;
	hash |= 1;
	if ((before | 1) == hash)
		return before & 1;
	while (n--) {
		if (is_any_touched(image, values[n], ':')) {
			__atomic_store_n(&asked[files], hash, __ATOMIC_RELAXED);
			return true;
		}
	}
	__atomic_store_n(&asked[files], hash - 1, __ATOMIC_RELAXED);
	return false;
}

static enum shim_reads ask(const struct snr_image *image, enum shim_files files)
{
	if (is_any_touched(image, groups[files].paths, ' '))
		return SHIM_READS_SOME;
	return groups[files].variables[0] ? SHIM_READS_NAMED : SHIM_READS_NONE;
}

bool shim_reads_now(enum shim_files files)
{
	const struct snr_redirector *redirector = shim_redirector();
	uint8_t known = __atomic_load_n(&shim_reads_known[files], __ATOMIC_RELAXED);

	if (!redirector)
		return false;
	if (known == SHIM_READS_UNKNOWN) {
		known = (uint8_t)ask(redirector->image, files);
		__atomic_store_n(&shim_reads_known[files], known, __ATOMIC_RELAXED);
	}
	return known == SHIM_READS_SOME ||
	       (known == SHIM_READS_NAMED && names_other(redirector->image, files));
}

/* ---- the kernel ---- */

/* Where the linker put our code: calls from there are never trapped. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

long shim_dispatch_on(void)
{
	uintptr_t start = (uintptr_t)__ehdr_start;

	return snr_rawcall5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start,
			    (uintptr_t)etext - start, &shim_thread.selector);
}

void shim_dispatch_off(void)
{
	snr_rawcall5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}

void shim_set_mask(uint64_t mask)
{
	snr_rawcall4(__NR_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

/* ---- open, close ---- */

static bool impossible;

/* The mask first: from then on nobody comes between. */
bool shim_window_open(struct shim_thread *saved, enum shim_files files)
{
	const uint64_t mask = SHIM_WINDOW_MASK;
	long error;

	if (!shim_reads(files) || __atomic_load_n(&impossible, __ATOMIC_RELAXED) ||
	    !shim_signal_take())
		return false;
	*saved = shim_thread;
	snr_rawcall4(__NR_rt_sigprocmask, SIG_SETMASK, &mask, &shim_thread.mask, sizeof(mask));
	error = shim_dispatch_on();
	if (error < 0) {
		__atomic_store_n(&impossible, true, __ATOMIC_RELAXED);
		shim_set_mask(shim_thread.mask);
		shim_log_failure(shim_rules()->image, "prctl", "PR_SET_SYSCALL_USER_DISPATCH",
				 (int)error);
		return false;
	}
	shim_thread.frame = (uintptr_t)saved;
	shim_thread.selector = SHIM_BLOCK;
	return true;
}

/* SAVED is open itself where a handler of the program has interrupted a call within it. */
void shim_window_close(const struct shim_thread *saved)
{
	uint64_t mask = shim_thread.mask;

	if (shim_thread.selector == SHIM_ALLOW)
		return;
	if (!saved->frame)
		shim_dispatch_off();
	shim_thread = *saved;
	shim_set_mask(mask);
}
