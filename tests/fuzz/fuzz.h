/* SPDX-License-Identifier: MIT
 * Common to the fuzz targets: a small fixed world under rules, and an input that is taken apart.
 * Each target is one LLVMFuzzerTestOneInput; replay.c runs them without libFuzzer. Only tests/fuzz
 * includes it. It must touch no file.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "tests/unit/fake.h"

#include <fcntl.h>
#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

/* The next byte, 0 at the end. */
static inline unsigned take(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

/* The next text, up to a newline or the end, into OUT of SIZE bytes; its length. */
static inline size_t take_line(struct input *input, char *out, size_t size)
{
	size_t n = 0;

	while (input->left && *input->at != '\n') {
		char c = (char)take(input);

		if (n + 1 < size && c)
			out[n++] = c;
	}
	take(input);
	out[n] = '\0';
	return n;
}

static const struct pair fuzz_rules[] = {
	{"/opt/acme", "/snap/a"},
	{"/opt/acme/in", "/data/in"},
	{"/etc/acme.conf", "/data/acme.conf"},
	{"/var/lib/acme", "/data/lib"},
	{"/nowhere/at/all", "/data"},
};

static const struct node fuzz_nodes[] = {
	{"/opt", "d"},
	{"/etc", "d"},
	{"/var", "d"},
	{"/var/lib", "d"},
	{"/snap", "d"},
	{"/snap/a", "d"},
	{"/snap/a/f", "f"},
	{"/snap/a/l", "-> f"},
	{"/snap/a/abs", "-> /opt/acme/in/g"},
	{"/snap/a/up", "-> .."},
	{"/snap/a/loop", "-> loop"},
	{"/snap/a/d", "d"},
	{"/data", "d"},
	{"/data/in", "d"},
	{"/data/in/g", "f"},
	{"/data/acme.conf", "f"},
	{"/data/lib", "d"},
	{"/home", "d"},
	{"/home/link", "-> /opt"},
	{"/home/f", "f"},
	{"/proc", "d"},
	{"/proc/self", "-> 9"},
	{"/proc/9", "d"},
	{"/proc/9/cwd", "-> /snap/a"},
};

/* Made once, never given back. */
static inline const struct snr_image *fuzz_image(void)
{
	static struct image image;

	if (!image.mapped)
		image = fake_image(fuzz_rules, COUNT(fuzz_rules));
	return image.mapped;
}

#endif
