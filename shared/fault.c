/* SPDX-License-Identifier: MIT
 * `fault` rules: shared/faultops.def as data, names of what a call works on, and whose turn it is.
 * Part of fault.h. It must never make a call fail that no rule names.
 */
#include "shared/fault.h"

#include "shared/name.h"
#include "shared/text.h"
#include "shared/verdict.h"

#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* The operations' names in faultops.def. */
enum {
	OPEN = SNR_FAULT_OPEN,
	READ = SNR_FAULT_READ,
	WRITE = SNR_FAULT_WRITE,
	PREAD = SNR_FAULT_PREAD,
	PWRITE = SNR_FAULT_PWRITE,
	FSYNC = SNR_FAULT_FSYNC,
	CLOSE = SNR_FAULT_CLOSE,
	RENAME = SNR_FAULT_RENAME,
	UNLINK = SNR_FAULT_UNLINK,
	MKDIR = SNR_FAULT_MKDIR,
};

#define COUNT(arg)  SNR_SIZE_COUNT, arg
#define VECTOR(arg) SNR_SIZE_VECTOR, arg
#define NONE        SNR_SIZE_NONE, 0

const struct snr_on_call snr_on_calls[] = {
#define ON(name, fd, operations, other, others, ...)                                               \
	[SNR_ON_##name] = {#name, {fd, other}, {operations, others}, __VA_ARGS__},
#include "shared/faultops.def"
};

/* The operation that a row of the table is, by what it does to names. */
static uint32_t named(enum snr_op op)
{
	unsigned effects = snr_pathops[op].effects;

	if (effects & SNR_REMOVES) {
		if (effects & SNR_CREATES)
			return RENAME;
		return effects & SNR_DIRECTORY ? 0 : UNLINK;
	}
	if (!(effects & SNR_CREATES))
		return 0;
	if (!(effects & SNR_EXCLUSIVE))
		return OPEN;
	return effects & SNR_DIRECTORY ? MKDIR : 0;
}

uint32_t snr_fault_ops(enum snr_op op, const uint64_t args[SNR_NARGS])
{
	/* unlinkat(2) is rmdir(2), too. */
	if (op == SNR_unlinkat && ((uint32_t)args[2] & AT_REMOVEDIR))
		return 0;
	return named(op);
}

bool snr_fault_is_named(const struct snr_image *image, enum snr_op op)
{
	return (image->fault_ops & named(op)) != 0;
}

bool snr_fault_is_on(const struct snr_image *image, enum snr_on on)
{
	return (image->fault_ops & (snr_on_calls[on].ops[0] | snr_on_calls[on].ops[1])) != 0;
}

/* ---- whose turn it is ---- */

/* Sebastiano Vigna's splitmix64: the next number of a sequence whose place is VALUE. */
static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15ull;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

/* Is call number COUNT (from 0) one of N in M? Evenly spread, the last of M being one; or by the
 * seed, the same ones in each run. */
static bool is_turn(const struct snr_rule *rule, uint64_t count)
{
	uint64_t n = rule->fault.n, m = rule->fault.m, place = count % m;

	if (rule->flags & SNR_RULE_SEEDED)
		return mix((uint64_t)rule->fault.seed << 32 ^ mix(count)) % m < n;
	return (place + 1) * n / m != place * n / m;
}

static uint32_t count(const struct snr_fault_counts *counts, uint32_t rule)
{
	return rule < counts->n ? __atomic_fetch_add(&counts->word[rule], 1, __ATOMIC_RELAXED) : 0;
}

struct snr_fault_answer snr_fault_judge(const struct snr_image *image,
					const struct snr_fault_counts *counts, uint32_t ops,
					const char *path, size_t len)
{
	struct snr_fault_answer answer = {.rule = SNR_NO_RULE};
	struct snr_verdicts verdicts =
		snr_verdicts_begin(image, path, len, SNR_KIND_BIT(SNR_FAULT));
	uint32_t index;

	while ((index = snr_verdicts_next(&verdicts)) != SNR_NO_RULE) {
		const struct snr_rule *rule = snr_rule(image, index);

		if (!(rule->fault.ops & ops) || !is_turn(rule, count(counts, index)) ||
		    (answer.rule != SNR_NO_RULE && answer.rule > index))
			continue;
		answer = (struct snr_fault_answer){index, -(int)rule->error, rule->fault.amount};
	}
	return answer;
}

/* ---- names ---- */

struct snr_fault_answer snr_fault_call(const struct snr_redirector *redirector,
				       const struct snr_fault_counts *counts,
				       struct snr_scratch *scratch, const struct snr_call *call,
				       char name[SNR_PATH_MAX])
{
	struct snr_fault_answer answer = {.rule = SNR_NO_RULE};
	const struct snr_pathop *row = &snr_pathops[call->op];
	const struct snr_host *host = &redirector->host;
	uint32_t ops = snr_fault_ops(call->op, call->arg);
	const uint64_t how[3] = {0};

	if (!(redirector->image->fault_ops & ops))
		return answer;
	for (int arg = 0; arg < SNR_NARGS && answer.rule == SNR_NO_RULE; arg++) {
		int dirfd = snr_pathop_dirfd(row, arg);
		long len;

		if (!snr_role_is_path(row->role[arg]))
			continue;
		dirfd = dirfd < 0 ? AT_FDCWD : (int)(uint32_t)call->arg[dirfd];
		len = host->read_string(host->context, call->arg[arg], scratch->path, SNR_PATH_MAX);
		if (len > 0)
			len = snr_name_of(redirector->image, host, scratch, dirfd, scratch->path,
					  (size_t)len, snr_pathop_lookup(row, arg, call->arg, how),
					  name);
		if (len > 0)
			answer = snr_fault_judge(redirector->image, counts, ops, name, (size_t)len);
	}
	return answer;
}

struct snr_fault_answer snr_fault_on(const struct snr_redirector *redirector,
				     const struct snr_fault_counts *counts, enum snr_on on,
				     const uint64_t args[SNR_NARGS], char real[SNR_PATH_MAX],
				     char name[SNR_PATH_MAX])
{
	struct snr_fault_answer answer = {.rule = SNR_NO_RULE};
	const struct snr_on_call *row = &snr_on_calls[on];
	const struct snr_host *host = &redirector->host;

	for (int i = 0; i < 2 && answer.rule == SNR_NO_RULE; i++) {
		int fd = row->fd[i] < 0 ? -1 : (int)(uint32_t)args[row->fd[i]];
		long len;

		if (fd < 0 || !(redirector->image->fault_ops & row->ops[i]))
			continue;
		len = host->directory(host->context, fd, real, SNR_PATH_MAX);
		if (len > 0 && real[0] == '/')
			/* A file that was removed is still the one that had the name. */
			len = snr_reverse(redirector->image, real,
					  snr_length_undeleted(real, (size_t)len), name,
					  SNR_PATH_MAX);
		else
			len = 0;
		if (len > 0)
			answer = snr_fault_judge(redirector->image, counts, row->ops[i], name,
						 (size_t)len);
	}
	return answer;
}
