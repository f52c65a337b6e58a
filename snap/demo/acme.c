/* SPDX-License-Identifier: MIT
 * The main program of the demo's vendor application, as a closed-source vendor ships it: a dynamic
 * C program that knows only its own hard-coded paths. Run by snap/demo/run and the tests.
 * It must never look at its environment to find its files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG "/etc/acme.conf"
#define SHARE  "/usr/share/acme"
#define STATE  "/var/lib/acme"
#define BIN    "/opt/acme/bin"

static int failures;

__attribute__((format(printf, 2, 3))) static void report(const char *path, const char *format, ...)
{
	va_list args;

	printf("acme[%d]: %-26s ", (int)getpid(), path);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void failed(const char *path)
{
	report(path, "FAILED: %s", strerror(errno));
	failures++;
}

static void read_settings(void)
{
	char line[256], edition[64] = "none";
	FILE *file = fopen(CONFIG, "r");

	if (!file) {
		failed(CONFIG);
		return;
	}
	while (fgets(line, sizeof(line), file))
		sscanf(line, "edition = %63s", edition);
	fclose(file);
	report(CONFIG, "read, edition %s", edition);
}

static void read_catalogue(void)
{
	struct dirent *entry;
	struct stat st;
	char path[512];
	int files = 0;
	long bytes = 0;
	DIR *dir = opendir(SHARE);

	if (!dir) {
		failed(SHARE);
		return;
	}
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", SHARE, entry->d_name);
		if (entry->d_name[0] != '.' && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			files++;
			bytes += (long)st.st_size;
		}
	}
	closedir(dir);
	report(SHARE, "listed, %d files of %ld bytes", files, bytes);
}

static void count_runs(void)
{
	const char *path = STATE "/runs";
	int runs = 0;
	FILE *file = fopen(path, "r");

	if (file) {
		if (fscanf(file, "%d", &runs) != 1)
			runs = 0;
		fclose(file);
	}
	file = fopen(STATE "/runs.new", "w");
	if (!file) {
		failed(path);
		return;
	}
	fprintf(file, "%d\n", runs + 1);
	if (fclose(file) != 0 || rename(STATE "/runs.new", path) != 0) {
		failed(path);
		return;
	}
	report(path, "written, run number %d", runs + 1);
}

static void enter_home(void)
{
	char cwd[256];

	if (chdir(BIN "/..") != 0 || !getcwd(cwd, sizeof(cwd))) {
		failed(BIN "/..");
		return;
	}
	report(BIN "/..", "entered, getcwd says %s", cwd);
}

static void run_part(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		failed(path);
	} else if (status != 0) {
		report(path, "FAILED: %s",
		       WEXITSTATUS(status) == 127 ? strerror(ENOENT) : "ended with an error");
		failures++;
	}
}

int main(void)
{
	read_settings();
	read_catalogue();
	count_runs();
	enter_home();
	run_part(BIN "/acme-index");
	run_part(BIN "/acme-sync");
	run_part(BIN "/acme-report");
	return failures ? 1 : 0;
}
