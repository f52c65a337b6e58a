/* SPDX-License-Identifier: MIT
 * Messages to the user, and the end after the last one.
 * The launcher's files call it. It must never write to standard output: that is the program's.
 */
#include "launcher/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void (*fail_last)(void);

static void speak(const char *subject, const char *format, va_list list)
{
	char line[8192];
	int saved = errno;
	int used = snprintf(line, sizeof(line), "snapredir: %s%s", subject ? subject : "",
			    subject ? ": " : "");

	if (used < 0 || used > (int)sizeof(line) - 2)
		used = sizeof(line) - 2;
	int more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, list);
	if (more > 0)
		used += more;
	if (used > (int)sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody is left to tell if it
	 * fails. */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		errno = saved;
	errno = saved;
}

void say(const char *subject, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	speak(subject, format, list);
	va_end(list);
}

_Noreturn void die(int status, const char *subject, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	speak(subject, format, list);
	va_end(list);
	/* Not exit(3): nothing that was registered for the end shall run in what was to become the
	 * program, perhaps traced already. */
	fflush(stdout);
	if (fail_last)
		fail_last();
	_exit(status);
}
