/* SPDX-License-Identifier: MIT
 * The working directory's name: getcwd and its kin give the program's own.
 * Called by programs. It must never write behind the size it was given.
 */
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

SHIM_REAL_POINTER(char *, getcwd, (char *out, size_t size))
SHIM_REAL_POINTER(char *, __getcwd_chk, (char *out, size_t size, size_t room))
SHIM_REAL_POINTER(char *, getwd, (char *out))
SHIM_REAL_POINTER(char *, __getwd_chk, (char *out, size_t room))
SHIM_REAL_POINTER(char *, get_current_dir_name, (void))

/* Put LEN bytes and their NUL at TEXT where getcwd(3) would put them. */
static char *give(const char *text, size_t len, char *out, size_t size)
{
	long error = 0;

	if (size ? len >= size : out != NULL)
		error = size ? -ERANGE : -EINVAL;
	else if (out)
		error = shim_write(out, text, len + 1);
	else if ((out = malloc(size ? size : len + 1)))
		snr_copy(out, text, len + 1);
	if (!error)
		return out;
	shim_fail(error);
	return NULL;
}

static struct snr_redirector *find_redirector(void)
{
	struct snr_redirector *gate = shim_gate_redirector();

	return gate ? gate : shim_redirector();
}

/* The program's name of the cwd is in slot->text[1] where the answer is its length; 0: it has none
 * that libc would give. */
static long name_of_cwd(struct snr_redirector *redirector, struct shim_slot *slot)
{
	long n = snr_rawcall2(__NR_getcwd, slot->text[0], SNR_PATH_MAX);
	long len;

	if (n <= 1 || slot->text[0][0] != '/')
		return 0;
	len = snr_reverse(redirector->image, slot->text[0], (size_t)n - 1, slot->text[1],
			  SNR_PATH_MAX);
	return len < 0 ? 0 : len;
}

SHIM_EXPORT char *getcwd(char *out, size_t size)
{
	struct snr_redirector *redirector = find_redirector();
	struct shim_slot *slot = redirector ? shim_slot_take() : NULL;
	long len;

	if (!slot)
		return real_getcwd()(out, size);
	len = name_of_cwd(redirector, slot);
	if (len) {
		out = give(slot->text[1], (size_t)len, out, size);
		shim_slot_release(slot);
		return out;
	}
	shim_slot_release(slot);
	return real_getcwd()(out, size);
}

/* A buffer that is too small ends the program in the real function. */
SHIM_EXPORT char *__getcwd_chk(char *out, size_t size, size_t room)
{
	if (size > room)
		return real___getcwd_chk()(out, size, room);
	return getcwd(out, size);
}

/* getwd(3) has no size: PATH_MAX, and on failure a message in OUT, which the real one writes.
 * False: it has to. */
static bool give_wd(char *out)
{
	struct snr_redirector *redirector = find_redirector();
	struct shim_slot *slot = redirector ? shim_slot_take() : NULL;
	long len;

	if (!slot)
		return false;
	len = name_of_cwd(redirector, slot);
	if (len && shim_write(out, slot->text[1], (size_t)len + 1) < 0)
		len = 0;
	shim_slot_release(slot);
	return len != 0;
}

SHIM_EXPORT char *getwd(char *out)
{
	return give_wd(out) ? out : real_getwd()(out);
}

SHIM_EXPORT char *__getwd_chk(char *out, size_t room)
{
	if (room < SNR_PATH_MAX)
		return real___getwd_chk()(out, room);
	return give_wd(out) ? out : real_getwd()(out);
}

/* $PWD is believed where it names the directory that we are in, links in it and all. */
SHIM_EXPORT char *get_current_dir_name(void)
{
	const char *pwd = snr_environ_get((const char *const *)environ, "PWD");
	struct stat64 here, there;
	size_t size;
	char *out;

	if (!shim_redirector())
		return real_get_current_dir_name()();
	if (!pwd || shim_stat(".", &here, 0) < 0 || shim_stat(pwd, &there, 0) < 0 ||
	    here.st_dev != there.st_dev || here.st_ino != there.st_ino)
		return getcwd(NULL, 0);
	size = snr_length(pwd) + 1;
	out = malloc(size);
	if (out)
		snr_copy(out, pwd, size);
	return out;
}
