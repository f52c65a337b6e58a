/* SPDX-License-Identifier: MIT
 * Temporary names: libc makes them up and opens them in one go, so where a rule applies we do both.
 * Called by programs. The template comes back in the program's own words.
 */
#include "preload/shim.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

SHIM_REAL_POINTER(char *, mktemp, (char *template))
SHIM_REAL_POINTER(char *, __mktemp, (char *template))
SHIM_REAL_POINTER(char *, mkdtemp, (char *template))
SHIM_REAL(int, mkstemp, (char *template))
SHIM_REAL(int, mkstemp64, (char *template))
SHIM_REAL(int, mkostemp, (char *template, int flags))
SHIM_REAL(int, mkostemp64, (char *template, int flags))
SHIM_REAL(int, mkstemps, (char *template, int suffix))
SHIM_REAL(int, mkstemps64, (char *template, int suffix))
SHIM_REAL(int, mkostemps, (char *template, int suffix, int flags))
SHIM_REAL(int, mkostemps64, (char *template, int suffix, int flags))

#define ATTEMPTS (62 * 62 * 62) /* TMP_MAX of glibc */

static uint64_t random_number(void)
{
	uint64_t number = 0;

#ifdef __NR_getrandom
	if (snr_rawcall3(__NR_getrandom, &number, sizeof(number), 1 /* GRND_NONBLOCK */) ==
	    (long)sizeof(number))
		return number;
#endif
	{
		struct timespec now = {0};

		snr_rawcall2(__NR_clock_gettime, CLOCK_MONOTONIC, &now);
		number = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ull ^ (uintptr_t)&now;
	}
	return number;
}

void shim_random_letters(char *place)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	uint64_t number = random_number();

	for (int i = 0; i < SHIM_LETTERS; i++) {
		place[i] = letters[(uint32_t)number % (sizeof(letters) - 1)];
		number >>= 8;
	}
}

/* That of libc makes names up and tries them inside, where `fault` rules do not see it. What is
 * asked here is no call of the program: it is not counted, told or prepared. */
bool shim_changes_new(const char *path)
{
	const struct snr_call call = {.op = SNR_open,
				      .arg = {(uintptr_t)path, O_RDWR | O_CREAT | O_EXCL, 0600}};
	struct snr_redirector *redirector = shim_redirector();
	struct shim_slot *slot;
	bool changes;

	if (!redirector || redirector->image->fault_ops)
		return redirector != NULL;
	slot = shim_slot_take();
	if (!slot)
		return false;
	snr_plan_call(redirector, &slot->scratch, &call, &slot->plan);
	changes = slot->plan.verdict != SNR_UNCHANGED;
	shim_slot_release(slot);
	return changes;
}

/* Where the six X are, or NULL: the real function must say what is wrong, or do it since no rule
 * applies. */
static char *find_place(char *template, int suffix)
{
	char *place;
	long len;

	if (!shim_redirector())
		return NULL;
	len = shim_string_length(template, SNR_PATH_MAX);
	if (len < SHIM_LETTERS || suffix < 0 || suffix > len - SHIM_LETTERS)
		return NULL;
	place = template + len - suffix - SHIM_LETTERS;
	if (!snr_equal(place, "XXXXXX", SHIM_LETTERS))
		return NULL;
	return shim_changes_new(template) ? place : NULL;
}

static int open_new(char *template, char *place, int flags)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int saved = errno;
		int fd;

		shim_random_letters(place);
		fd = open64(template, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0)
			errno = saved;
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

SHIM_EXPORT int mkstemp(char *template)
{
	char *place = find_place(template, 0);

	return place ? open_new(template, place, 0) : real_mkstemp()(template);
}

SHIM_EXPORT int mkstemp64(char *template)
{
	char *place = find_place(template, 0);

	return place ? open_new(template, place, O_LARGEFILE) : real_mkstemp64()(template);
}

SHIM_EXPORT int mkostemp(char *template, int flags)
{
	char *place = find_place(template, 0);

	return place ? open_new(template, place, flags) : real_mkostemp()(template, flags);
}

SHIM_EXPORT int mkostemp64(char *template, int flags)
{
	char *place = find_place(template, 0);

	return place ? open_new(template, place, flags | O_LARGEFILE)
		     : real_mkostemp64()(template, flags);
}

SHIM_EXPORT int mkstemps(char *template, int suffix)
{
	char *place = find_place(template, suffix);

	return place ? open_new(template, place, 0) : real_mkstemps()(template, suffix);
}

SHIM_EXPORT int mkstemps64(char *template, int suffix)
{
	char *place = find_place(template, suffix);

	return place ? open_new(template, place, O_LARGEFILE) : real_mkstemps64()(template, suffix);
}

SHIM_EXPORT int mkostemps(char *template, int suffix, int flags)
{
	char *place = find_place(template, suffix);

	return place ? open_new(template, place, flags) : real_mkostemps()(template, suffix, flags);
}

SHIM_EXPORT int mkostemps64(char *template, int suffix, int flags)
{
	char *place = find_place(template, suffix);

	return place ? open_new(template, place, flags | O_LARGEFILE)
		     : real_mkostemps64()(template, suffix, flags);
}

SHIM_EXPORT char *mkdtemp(char *template)
{
	char *place = find_place(template, 0);

	if (!place)
		return real_mkdtemp()(template);
	for (int i = 0; i < ATTEMPTS; i++) {
		int saved = errno;

		shim_random_letters(place);
		if (mkdir(template, 0700) == 0) {
			errno = saved;
			return template;
		}
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

/* mktemp(3): a name that nobody has; an empty string where there is none. */
static char *find_unused(char *template, char *place)
{
	struct stat64 st;

	for (int i = 0; i < ATTEMPTS; i++) {
		long result;

		shim_random_letters(place);
		result = shim_stat(template, &st, AT_SYMLINK_NOFOLLOW);
		if (result == -ENOENT)
			return template;
		if (result < 0) {
			shim_fail(result);
			break;
		}
	}
	*template = '\0';
	return template;
}

SHIM_EXPORT char *mktemp(char *template)
{
	char *place = find_place(template, 0);

	return place ? find_unused(template, place) : real_mktemp()(template);
}

SHIM_EXPORT char *__mktemp(char *template)
{
	char *place = find_place(template, 0);

	return place ? find_unused(template, place) : real___mktemp()(template);
}
