/* SPDX-License-Identifier: MIT
 * Runs a fuzz target without libFuzzer: every file of its corpus, and for each some mutations from
 * a fixed seed. Speaks TAP; `make check` runs it. An input that crashes ends the program, its name
 * is the last one told.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <libgen.h>

#define MUTATIONS 3000
#define MOST      8192

static uint64_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* A byte changed, put in, taken out, or a piece doubled: a few of these. */
static size_t mutate(uint8_t *data, size_t size)
{
	for (unsigned n = 1 + pick(4); n; n--) {
		size_t at = pick((unsigned)size + 1);

		switch (pick(4)) {
		case 0:
			if (at < size)
				data[at] =
					(uint8_t)(pick(2) ? pick(256) : data[at] ^ (1u << pick(8)));
			break;
		case 1:
			if (size < MOST) {
				memmove(data + at + 1, data + at, size - at);
				data[at] = (uint8_t) "/.\n\0\377 \"$#a"[pick(10)];
				size++;
			}
			break;
		case 2:
			if (at < size) {
				memmove(data + at, data + at + 1, size - at - 1);
				size--;
			}
			break;
		default:
			if (at < size && size + (size - at) <= MOST) {
				memmove(data + size, data + at, size - at);
				size += size - at;
			}
		}
	}
	return size;
}

/* In a block of just its size, so that a sanitizer sees what is read beyond it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void replay(const char *path)
{
	static uint8_t data[MOST], changed[MOST];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(data, 1, MOST, file) : 0;

	if (file)
		fclose(file);
	run(data, size);
	seed = size * 2654435761u + 1;
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(changed, data, size);
		run(changed, mutate(changed, size));
	}
}

int main(int argc, char **argv)
{
	char dir[256], path[768];
	struct dirent **list;
	int n;

	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", basename(argv[0]));
	n = scandir(argc > 1 ? argv[1] : dir, &list, NULL, alphasort);
	if (n < 0) {
		printf("1..0 # SKIP no corpus %s\n", dir);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# an input that crashes is the one behind the last that is told\n");
	for (int i = 0, told = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", argc > 1 ? argv[1] : dir,
				 list[i]->d_name);
			replay(path);
			printf("ok %d - %s\n", ++told, list[i]->d_name);
		}
		if (i == n - 1)
			printf("1..%d\n", told);
		free(list[i]);
	}
	free(list);
	return 0;
}
