/* SPDX-License-Identifier: MIT
 * What comes back: real names that the kernel makes up, turned into the program's own. Callable
 * from everywhere. It must never touch the stored text of a symbolic link.
 */
#include "shared/rewrite.h"
#include "shared/text.h"

/* proc(5): names in /proc/PID and /proc/PID/task/TID whose links the kernel makes up. */
static const char *const magic_names[] = {"cwd", "exe", "root"};
static const char *const magic_folders[] = {"fd", "map_files"};

struct cut {
	const char *path;
	size_t len;
	struct snr_component c;
};

static bool cut_next(struct cut *cut)
{
	return snr_next_component(cut->path, cut->len, &cut->c);
}

static bool cut_is(const struct cut *cut, const char *word)
{
	size_t len = cut->c.end - cut->c.start;

	return len == snr_length(word) && snr_equal(cut->path + cut->c.start, word, len);
}

static bool cut_is_process(const struct cut *cut)
{
	size_t len = cut->c.end - cut->c.start;

	return snr_digits(cut->path + cut->c.start, len) == len || cut_is(cut, "self") ||
	       cut_is(cut, "thread-self");
}

static bool cut_is_one_of(const struct cut *cut, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cut_is(cut, words[i]))
			return true;
	return false;
}

static size_t hex_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len &&
	       ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f') ||
		(text[n] >= 'A' && text[n] <= 'F')))
		n++;
	return n;
}

/* Of map_files: two hexadecimal addresses with a dash between them. */
static bool is_range(const char *name, size_t len)
{
	size_t n = hex_digits(name, len);

	return n && n + 1 < len && name[n] == '-' &&
	       n + 1 + hex_digits(name + n + 1, len - n - 1) == len;
}

/* Most names are none, and must cost nothing: realpath(3) asks for every name on its way. */
bool snr_is_magic_name(const char *name, size_t len)
{
	struct cut cut = {.path = name, .len = len};

	return len &&
	       (snr_digits(name, len) == len || is_range(name, len) ||
		(cut_next(&cut) &&
		 cut_is_one_of(&cut, magic_names, sizeof(magic_names) / sizeof(*magic_names))));
}

bool snr_ends_in_magic_name(const char *path, size_t len)
{
	struct snr_component last = snr_last_component(path, len);

	return snr_is_magic_name(path + last.start, last.end - last.start);
}

bool snr_is_magic_link(const char *path, size_t len)
{
	struct cut cut = {.path = path, .len = len};

	if (!snr_begins(path, len, "/proc/") || !cut_next(&cut) || !cut_next(&cut) ||
	    !cut_is_process(&cut) || !cut_next(&cut))
		return false;
	if (cut_is(&cut, "task") && (!cut_next(&cut) || !cut_is_process(&cut) || !cut_next(&cut)))
		return false;
	if (cut_is_one_of(&cut, magic_folders, sizeof(magic_folders) / sizeof(*magic_folders)))
		return cut_next(&cut) && !cut_next(&cut);
	return cut_is_one_of(&cut, magic_names, sizeof(magic_names) / sizeof(*magic_names)) &&
	       !cut_next(&cut);
}

long snr_reverse(const struct snr_image *image, const char *name, size_t len, char *out,
		 size_t size)
{
	struct snr_builder builder = {.out = out, .size = size};

	if (len && name[0] == '/')
		return snr_unmap(image, name, len, out, size);
	snr_add(&builder, name, len);
	return snr_finish(&builder);
}
