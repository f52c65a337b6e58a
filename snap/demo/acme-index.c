/* SPDX-License-Identifier: MIT
 * The static C part of the demo's vendor application: reads the catalogue, writes an index.
 * Run by acme. No libc that could be preloaded is beneath it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CATALOGUE "/usr/share/acme/catalogue.txt"
#define INDEX     "/var/lib/acme/index"

static int fail(const char *path)
{
	printf("acme-index[%d]: %-25s FAILED: %s\n", (int)getpid(), path, strerror(errno));
	return 1;
}

int main(void)
{
	char line[256];
	long offset = 0;
	int articles = 0;
	FILE *in, *out;

	in = fopen(CATALOGUE, "r");
	if (!in)
		return fail(CATALOGUE);
	out = fopen(INDEX, "w");
	if (!out)
		return fail(INDEX);
	while (fgets(line, sizeof(line), in)) {
		fprintf(out, "%ld %.*s\n", offset, (int)strcspn(line, ",\n"), line);
		offset = ftell(in);
		articles++;
	}
	fclose(in);
	if (fclose(out) != 0)
		return fail(INDEX);
	printf("acme-index[%d]: %-25s written, %d articles\n", (int)getpid(), INDEX, articles);
	return 0;
}
