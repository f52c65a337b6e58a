/* SPDX-License-Identifier: MIT
 * Names that libc makes up in /tmp. Run by tests/integration/preload-time64.sh, without rules and
 * with one for /tmp. With an argument it leaves its files, to be found where the rule leads.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Found at run time: the linker warns of these names. A static program does not find them. */
typedef char *make_name(char *name);
typedef char *make_name_in(const char *dir, const char *prefix);
static int leave;

/* A name must look right and be nobody's. */
static void show(const char *call, char *name)
{
	FILE *stream;

	if (!name) {
		printf("%s: %s\n", call, strerror(errno));
		return;
	}
	stream = fopen(name, "wx");
	printf("%s: %.*sXXXXXX, %s\n", call, (int)strlen(name) - 6, name,
	       stream ? "new" : strerror(errno));
	if (stream)
		fclose(stream);
	if (!leave)
		unlink(name);
}

static void nameless(const char *call, FILE *stream)
{
	char link[64], name[4096];
	struct stat st;
	ssize_t n;

	if (!stream) {
		printf("%s: %s\n", call, strerror(errno));
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(stream));
	n = readlink(link, name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = '\0';
	fputs("text", stream);
	rewind(stream);
	fstat(fileno(stream), &st);
	printf("%s: %.5s %o links %d, %c\n", call, name, (unsigned)st.st_mode, (int)st.st_nlink,
	       fgetc(stream));
	fclose(stream);
}

int main(int argc, char **argv)
{
	make_name *tmp_nam = (make_name *)dlsym(RTLD_DEFAULT, "tmpnam");
	make_name *tmp_nam_r = (make_name *)dlsym(RTLD_DEFAULT, "tmpnam_r");
	make_name_in *temp_nam = (make_name_in *)dlsym(RTLD_DEFAULT, "tempnam");
	char name[L_tmpnam];

	if (!tmp_nam || !tmp_nam_r || !temp_nam)
		return 2;
	leave = argc > 1;
	unsetenv("TMPDIR");
	show("tmpnam", tmp_nam(NULL));
	show("tmpnam", tmp_nam(name));
	show("tmpnam_r", tmp_nam_r(name));
	printf("tmpnam_r: %s\n", tmp_nam_r(NULL) ? "?" : "none");
	show("tempnam", temp_nam(NULL, NULL));
	show("tempnam", temp_nam("/tmp///", "a-long-prefix"));
	show("tempnam", temp_nam("/nowhere", ""));
	setenv("TMPDIR", "/tmp/", 1);
	show("tempnam", temp_nam("/usr", "x"));
	setenv("TMPDIR", "/nowhere", 1);
	show("tempnam", temp_nam(NULL, "y"));
	nameless("tmpfile", tmpfile());
	nameless("tmpfile64", tmpfile64());
	return 0;
}
