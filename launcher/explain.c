/* SPDX-License-Identifier: MIT
 * --explain: which rule decides a path, where it leads, which links were met. Only main.c calls it.
 * The answer is shared/resolve.h's, the same that programs get.
 */
#include "launcher/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/errnos.h"
#include "launcher/host.h"
#include "launcher/rules_kinds.h"
#include "shared/log.h"
#include "shared/name.h"
#include "shared/verdict.h"

#define MAX_MET 64 /* more than the kernel follows */

struct met {
	char *text[MAX_MET]; /* "PATH" -> "TEXT", each once */
	unsigned count;
};

static void remember_link(void *context, const char *path, const char *text, size_t len)
{
	struct met *met = context;
	char *line;

	if (met->count == MAX_MET ||
	    asprintf(&line, "\"%s\" -> \"%.*s\"", path, (int)len, text) < 0)
		return;
	for (unsigned i = 0; i < met->count; i++) {
		if (strcmp(met->text[i], line) == 0) {
			free(line);
			return;
		}
	}
	met->text[met->count++] = line;
}

/* What lies at the real PATH in the end. */
static const char *kind_of(const char *path)
{
	struct stat stat_now;

	if (stat(path, &stat_now) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "nothing is there" : strerror(errno);
	if (S_ISDIR(stat_now.st_mode))
		return "a directory";
	if (S_ISREG(stat_now.st_mode))
		return stat_now.st_mode & 0111 ? "an executable file" : "a file";
	return "a special file";
}

/* The line that the log would have, but for its head: `"FROM" -> "TO" (FILE:LINE bind PATH)`. */
static void print_decision(const struct snr_image *image, const char *path,
			   const struct snr_resolved *resolved, const char *to)
{
	struct snr_event event = {
		.pid = getpid(),
		.engine = "explain",
		.call = "lookup",
		.from = path,
		.from_len = strlen(path),
		.to = resolved->changed ? to : NULL,
		.to_len = resolved->len,
		.result = resolved->error,
		.rule = resolved->rule,
	};
	char line[SNR_LOG_SIZE];
	size_t len = snr_log_format(image, &event, line, sizeof(line));
	const char *text = image->flags & SNR_IMAGE_LOG_JSON ? line : memchr(line, '"', len);

	fwrite(text, 1, (size_t)(line + len - text), stdout);
}

/* "write,fsync EIO 1 call in 100", in the words of the rule. */
static void print_fault(const struct snr_rule *rule)
{
	const struct snr_fault *fault = &rule->fault;
	const char *between = "";

	printf("    fails: ");
	for (uint32_t bit = 1; bit && bit <= fault->ops; bit <<= 1) {
		if (fault->ops & bit) {
			printf("%s%s", between, rules_fault_name(bit));
			between = ",";
		}
	}
	if (rule->error)
		printf(" %s", errno_name(rule->error));
	else
		printf(" short=%u", fault->amount);
	printf(" %u/%u", fault->n, fault->m);
	if (rule->flags & SNR_RULE_SEEDED)
		printf(" seed=%u", fault->seed);
}

/* What other rules have to say of the file, once calls work on it. */
static void print_verdicts(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			   const char *path, size_t len)
{
	const struct snr_image *image = redirector->image;
	const uint32_t kinds = SNR_KIND_BIT(SNR_FAULT) | SNR_KIND_BIT(SNR_NATIVE);
	const struct snr_lookup follow = {.follow = true};
	char name[SNR_PATH_MAX], place[SNR_LOG_SIZE];
	struct snr_verdicts verdicts;
	uint32_t index;
	long n;

	if (!snr_has_kind(image, kinds))
		return;
	n = snr_name_of(image, &redirector->host, scratch, AT_FDCWD, path, len, follow, name);
	if (n < 0)
		return;
	verdicts = snr_verdicts_begin(image, name, (size_t)n, kinds);
	while ((index = snr_verdicts_next(&verdicts)) != SNR_NO_RULE) {
		snr_log_rule(image, index, place, sizeof(place));
		if (snr_rule(image, index)->kind == SNR_FAULT)
			print_fault(snr_rule(image, index));
		else
			printf("    executed, it runs without rules");
		printf(" (%s)\n", place);
	}
}

static void print_readonly(const struct snr_image *image, uint32_t rule)
{
	char text[SNR_LOG_SIZE];

	snr_log_rule(image, rule, text, sizeof(text));
	printf("    read-only: to change it is EROFS (%s)\n", text);
}

int explain_path(const struct snr_image *image, const char *path)
{
	struct met met = {.count = 0};
	struct host_context context = {remember_link, &met};
	struct snr_redirector redirector = host_redirector(image, &context);
	struct snr_lookup follow = {.follow = true, .writes = true};
	struct snr_scratch scratch;
	char to[SNR_PATH_MAX];
	size_t len = strlen(path);

	if (len >= SNR_PATH_MAX)
		return -ENAMETOOLONG;
	struct snr_resolved resolved = snr_resolve(image, NULL, &redirector.host, &scratch,
						   AT_FDCWD, path, len, follow, to);
	print_decision(image, path, &resolved, to);
	if (!(image->flags & SNR_IMAGE_LOG_JSON)) {
		for (unsigned i = 0; i < met.count; i++)
			printf("    link %s\n", met.text[i]);
		if (resolved.at_rule)
			printf("    the rule's own path: a mount point, which cannot be removed or "
			       "renamed\n");
		if (resolved.ancestor)
			printf("    rules lie beneath it\n");
		if (resolved.frozen != SNR_NO_RULE)
			print_readonly(image, resolved.frozen);
		if (!resolved.error)
			printf("    %s\n", kind_of(resolved.changed ? to : path));
		print_verdicts(&redirector, &scratch, path, len);
	}
	for (unsigned i = 0; i < met.count; i++)
		free(met.text[i]);
	fflush(stdout);
	return 0;
}
