/* SPDX-License-Identifier: MIT
 * Functions that read files within a window, and more than their arguments say: what libc would
 * read only later, in functions that are too many to wrap, is read here. Called by programs.
 */
#include "preload/window.h"

#include <libintl.h>
#include <locale.h>
#include <stdarg.h>
#include <syslog.h>
#include <utmp.h>
#include <utmpx.h>
#include <wchar.h>

extern locale_t __newlocale(int mask, const char *name, locale_t base);
extern void __syslog_chk(int priority, int flag, const char *format, ...);
extern void __vsyslog_chk(int priority, int flag, const char *format, va_list list);

SHIM_REAL_POINTER(char *, setlocale, (int category, const char *name))
SHIM_REAL_POINTER(locale_t, newlocale, (int mask, const char *name, locale_t base))
SHIM_REAL_POINTER(locale_t, __newlocale, (int mask, const char *name, locale_t base))
SHIM_REAL(int, utmpname, (const char *file))
SHIM_REAL(int, utmpxname, (const char *file))

/* The module that converts the present locale's character set is loaded by the first character that
 * is not ASCII, libc's own messages by the first error that is printed. */
static void read_the_rest(void)
{
	(void)btowc(0xe4);
	dcgettext("libc", "Success", LC_MESSAGES);
}

SHIM_EXPORT char *setlocale(int category, const char *name)
{
	struct shim_thread saved;
	char *result;

	if (!name || !shim_window_open(&saved, SHIM_FILES_locale))
		return real_setlocale()(category, name);
	result = real_setlocale()(category, name);
	if (result)
		read_the_rest();
	shim_window_close(&saved);
	return result;
}

static locale_t make_locale(newlocale_call *real, int mask, const char *name, locale_t base)
{
	struct shim_thread saved;
	locale_t result, before;

	if (!shim_window_open(&saved, SHIM_FILES_locale))
		return real(mask, name, base);
	result = real(mask, name, base);
	if (result) {
		before = uselocale(result);
		read_the_rest();
		uselocale(before);
	}
	shim_window_close(&saved);
	return result;
}

SHIM_EXPORT locale_t newlocale(int mask, const char *name, locale_t base)
{
	return make_locale(real_newlocale(), mask, name, base);
}

SHIM_EXPORT locale_t __newlocale(int mask, const char *name, locale_t base)
{
	return make_locale(real___newlocale(), mask, name, base);
}

/* ---- variadic ---- */

SHIM_EXPORT void syslog(int priority, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsyslog(priority, format, list);
	va_end(list);
}

SHIM_EXPORT void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	__vsyslog_chk(priority, flag, format, list);
	va_end(list);
}

/* ---- names that libc keeps ---- */

/* Within windows FILE is redirected when it is opened, otherwise now. */
static int name_logins(utmpname_call *real, const char *file)
{
	struct shim_thread saved;
	char text[SNR_PATH_MAX];
	int result;

	if (!shim_window_open(&saved, SHIM_FILES_logins)) {
		file = shim_redirect(SNR_stat, file, text);
		return file ? real(file) : -1;
	}
	result = real(file);
	shim_window_close(&saved);
	return result;
}

SHIM_EXPORT int utmpname(const char *file)
{
	return name_logins(real_utmpname(), file);
}

SHIM_EXPORT int utmpxname(const char *file)
{
	return name_logins(real_utmpxname(), file);
}
