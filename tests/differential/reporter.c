/* SPDX-License-Identifier: MIT
 * The program that the exerciser executes: says by which names it was started and where it is.
 * Lies in the world under test, in a redirected directory. It must never print pids or addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[2 * PATH_MAX + 512], exe[PATH_MAX], cwd[PATH_MAX], comm[32] = "";
	const char *execfn = (const char *)getauxval(AT_EXECFN);
	ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
	size_t at = 0;

	exe[len < 0 ? 0 : len] = '\0';
	if (!getcwd(cwd, sizeof cwd))
		strcpy(cwd, strerrorname_np(errno));
	prctl(PR_GET_NAME, comm);
	at += (size_t)snprintf(text, sizeof text,
			       "  exe %.2048s cwd %.2048s comm %s execfn %.1024s argv", exe, cwd,
			       comm, execfn ? execfn : "");
	for (int i = 0; i < argc && at < sizeof text - 256; i++)
		at += (size_t)snprintf(text + at, 256, " '%.200s'", argv[i]);
	if (argc > 1) {
		struct stat st;

		at += (size_t)snprintf(text + at, 64, " last %s",
				       stat(argv[argc - 1], &st) < 0 ? strerrorname_np(errno)
								     : "is there");
	}
	text[at++] = '\n';
	return write(STDOUT_FILENO, text, at) < 0;
}
