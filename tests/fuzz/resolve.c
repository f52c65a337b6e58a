/* SPDX-License-Identifier: MIT
 * Fuzz target: resolution in random worlds. The input: a byte of flags, then lines: a path to
 * resolve, a cwd, rules `PATH=TARGET`, and nodes `PATH` (a directory), `PATH:` (a file),
 * `PATH:TEXT` (a link).
 */
#include "tests/fuzz/fuzz.h"

#include "shared/resolve.h"

#define MOST 24

static char lines[2 + 2 * MOST][2][512];

/* Absolute, without dots, doubled or last slashes, as the image's paths are. */
static bool is_canonical(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len < 2 || path[len - 1] == '/' || strstr(path, "//"))
		return false;
	for (const char *at = path; (at = strstr(at, "/.")); at++)
		if (!at[2] || at[2] == '/' || (at[2] == '.' && (!at[3] || at[3] == '/')))
			return false;
	return true;
}

/* PATH and PATH=TARGET or PATH:TEXT apart. Returns the sign between, 0 without one. */
static char cut(char line[2][512])
{
	char *sign = strpbrk(line[0], "=:"), found;

	line[1][0] = '\0';
	if (!sign)
		return 0;
	found = *sign;
	*sign = '\0';
	if (found == '=')
		snprintf(line[1], 512, "%s", sign + 1);
	else if (sign[1])
		snprintf(line[1], 512, "-> %.500s", sign + 1);
	else
		strcpy(line[1], "f");
	return found;
}

static bool is_new(const struct pair *rules, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rules[i].path, path))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snr_scratch scratch;
	static char out[SNR_PATH_MAX], again[SNR_PATH_MAX];
	struct pair rules[MOST];
	struct node nodes[MOST];
	size_t nrules = 0, nnodes = 0, nlines = 2;
	struct input input = {data, size};
	unsigned flags = take(&input);
	struct snr_lookup lookup = {.follow = flags & 1,
				    .create = flags & 2,
				    .entry = flags & 4,
				    .no_links = flags & 8,
				    .no_xdev = flags & 16};
	struct snr_facts facts = {0};
	bool lost;
	struct snr_resolved first, second;
	struct image image;

	take_line(&input, lines[0][0], 512);
	take_line(&input, lines[1][0], 512);
	while (input.left && nlines < COUNT(lines) && nrules < MOST && nnodes < MOST) {
		char(*line)[512] = lines[nlines++];
		char sign;

		take_line(&input, line[0], 512);
		sign = cut(line);
		if (!is_canonical(line[0]))
			continue;
		if (sign == '=') {
			if (is_canonical(line[1]) && is_new(rules, nrules, line[0]))
				rules[nrules++] = (struct pair){line[0], line[1]};
		} else {
			nodes[nnodes++] = (struct node){line[0], sign ? line[1] : "d"};
		}
	}
	if (!is_canonical(lines[1][0]))
		strcpy(lines[1][0], "/");
	image = fake_image(rules, nrules);
	struct world world = {nodes, nnodes, lines[1][0], lines[1][0], 0};
	struct snr_host host = world_host(&world);

	first = snr_resolve(image.mapped, NULL, &host, &scratch, AT_FDCWD, lines[0][0],
			    strlen(lines[0][0]), lookup, out);
	if (first.changed && !first.error)
		HOLDS(out[0] == '/' && strlen(out) == first.len && first.len < SNR_PATH_MAX);
	HOLDS(first.error <= 0);
	HOLDS(first.rule == SNR_NO_RULE || first.rule < image.mapped->nrules);
	/* What is remembered changes no answer. */
	for (int i = 0; i < 2; i++) {
		second = snr_resolve(image.mapped, &facts, &host, &scratch, AT_FDCWD, lines[0][0],
				     strlen(lines[0][0]), lookup, again);
		HOLDS(second.changed == first.changed && second.error == first.error);
		if (first.changed && !first.error)
			HOLDS(!strcmp(out, again));
	}
	HOLDS(snr_canonical(image.mapped, &host, &scratch, AT_FDCWD, lines[0][0],
			    strlen(lines[0][0]), out, &lost) < SNR_PATH_MAX);
	image_free(&image);
	return 0;
}
