/* SPDX-License-Identifier: MIT
 * Nanoseconds of one lookup among N rules: lookup N hit|miss|spread. A path of six components that
 * one rule covers, one that none covers, and hits all over the table. Run by tests/bench/run.
 */
#include "tests/bench/bench.h"

#include "launcher/rules_check.h"
#include "launcher/rules_compile.h"
#include "shared/match.h"

#include <string.h>

#define SPREAD 1024

struct question {
	const struct snr_image *image;
	char path[SPREAD][96];
	size_t len[SPREAD];
	unsigned count;
	unsigned next;
	size_t found;
};

static void ask(void *context)
{
	struct question *q = context;
	unsigned n = q->next;

	q->next = n + 1 < q->count ? n + 1 : 0;
	q->found += snr_match_longest(q->image, q->path[n], q->len[n], &(size_t){0}) != SNR_NO_RULE;
}

static void compile(unsigned rules, struct image *image)
{
	struct rules list = {0};
	struct rules_set set = {0};
	struct image_settings settings = {.engine = SNR_ENGINE_PRELOAD};
	char *text = malloc(rules * 128ul + 1);
	size_t len = 0;

	for (unsigned i = 0; i < rules; i++)
		len += (size_t)sprintf(text + len,
				       "bind /opt/vendor/part%02u/lib%05u /tmp/none/target%05u\n",
				       i % 100, i, i);
	rules_read_text(&list, "bench", text, len);
	rules_check(&list, &set);
	if (image_build(&set, &settings, image) != 0)
		exit(1);
	free(text);
}

int main(int argc, char **argv)
{
	static struct question q;
	struct image image;
	unsigned rules = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	bool spread = argc > 2 && strcmp(argv[2], "spread") == 0;
	bool miss = argc > 2 && strcmp(argv[2], "miss") == 0;

	if (!rules)
		return 2;
	compile(rules, &image);
	q.image = image.mapped;
	q.count = spread ? SPREAD : 1;
	for (unsigned i = 0; i < q.count; i++) {
		unsigned n = spread ? (unsigned)(i * 2654435761u % rules) : rules / 2;

		q.len[i] = (size_t)snprintf(q.path[i], sizeof(q.path[i]),
					    "/opt/%s/part%02u/lib%05u/a/file",
					    miss ? "other" : "vendor", n % 100, n);
	}
	printf("%.1f\n", bench_measure(ask, &q));
	return q.found == 0 && !miss;
}
