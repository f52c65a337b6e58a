/* SPDX-License-Identifier: MIT
 * Catalogues of messages: libc opens them itself beneath the directory or by the path that it is
 * given here. Called by programs. Outside of a window it must never touch a name that libc looks
 * for elsewhere (NLSPATH).
 */
#include "preload/window.h"

#include <libintl.h>
#include <nl_types.h>

SHIM_REAL_POINTER(char *, bindtextdomain, (const char *domain, const char *directory))
SHIM_REAL_POINTER(nl_catd, catopen, (const char *name, int flag))

/* Only an absolute directory can be kept: a relative one is libc's to look for, at every message.
 */
static bool is_absolute(const char *path)
{
	return path && shim_redirector() && shim_string_length(path, SNR_PATH_MAX) > 0 &&
	       path[0] == '/';
}

/* Within windows a directory is redirected when it is looked in, otherwise now. */
SHIM_EXPORT char *bindtextdomain(const char *domain, const char *directory)
{
	struct shim_thread saved;
	char text[SNR_PATH_MAX];
	const char *real;
	char *result;

	if (shim_window_open(&saved, SHIM_FILES_messages)) {
		result = real_bindtextdomain()(domain, directory);
		shim_window_close(&saved);
		return result;
	}
	if (!is_absolute(directory))
		return real_bindtextdomain()(domain, directory);
	real = shim_redirect(SNR_stat, directory, text);
	return real_bindtextdomain()(domain, real ? real : directory);
}

SHIM_EXPORT nl_catd catopen(const char *name, int flag)
{
	struct shim_thread saved;
	char text[SNR_PATH_MAX];
	const char *real;
	nl_catd result;

	if (shim_window_open(&saved, SHIM_FILES_catalogs)) {
		result = real_catopen()(name, flag);
		shim_window_close(&saved);
		return result;
	}
	if (!is_absolute(name))
		return real_catopen()(name, flag);
	real = shim_redirect(SNR_open, name, text);
	return real ? real_catopen()(real, flag) : (nl_catd)-1;
}
