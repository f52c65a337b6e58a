/* SPDX-License-Identifier: MIT
 * The quick way through a wrapper: a path that was asked for before needs no plan. For preload/
 * only. It must never answer for a call whose plan depends on more than its path and its flags.
 */
#include "preload/shim.h"

#include "shared/fault.h"
#include "shared/start.h"
#include "shared/text.h"

#include <fcntl.h>

#define PAGE_SIZE 4096u

static struct snr_memos memos;

/* What tells apart two lookups of one text: the call and its flag word. */
static uint64_t use_of(enum snr_op op, long flags)
{
	return (uint64_t)op << 32 | (uint32_t)flags;
}

/* Bytes from TEXT to the end of its page, where that can be read; else 0. */
static size_t room_at(const char *text)
{
	return shim_is_readable(text, 1) ? PAGE_SIZE - ((uintptr_t)text & (PAGE_SIZE - 1)) : 0;
}

/* A relative path of which all is known. */
static bool stays(const struct snr_redirector *redirector, enum snr_op op, int dirfd,
		  const char *path, size_t room, long flags)
{
	const struct snr_pathop *row = &snr_pathops[op];
	size_t len = snr_length_within(path, room);
	uint64_t args[SNR_NARGS];
	struct snr_lookup lookup;
	int path_arg = 0;
	uint32_t rule;

	if (snr_pathop_tests(row) && snr_has_kind(redirector->image, SNR_KIND_BIT(SNR_READONLY)))
		return false;
	if (!len || len == room || redirector->image->watched ||
	    ((row->effects & SNR_REVERSES) && snr_ends_in_magic_name(path, len)))
		return false;
	while (!snr_role_is_path(row->role[path_arg]))
		path_arg++;
	for (int i = 0; i < SNR_NARGS; i++)
		args[i] = (uint64_t)flags;
	lookup = snr_pathop_lookup(row, path_arg, args, NULL);
	return snr_is_foreign_name(redirector->image, path, len, lookup) ||
	       (dirfd == AT_FDCWD && snr_start_stays(redirector->image, redirector->facts, NULL,
						     NULL, path, len, lookup, &rule));
}

snr_memo_answer shim_known(enum snr_op op, int dirfd, const char *path, long flags)
{
	const struct snr_redirector *redirector = shim_redirector();

	return redirector ? shim_known_by(redirector, op, dirfd, path, flags) : SNR_MEMO_UNCHANGED;
}

snr_memo_answer shim_known_by(const struct snr_redirector *redirector, enum snr_op op, int dirfd,
			      const char *path, long flags)
{
	snr_memo_answer answer;
	uint64_t hash;
	size_t len, room;

	if (!redirector->facts || snr_fault_is_named(redirector->image, op))
		return 0;
	room = room_at(path);
	if (!room)
		return 0;
	if (path[0] != '/')
		return stays(redirector, op, dirfd, path, room, flags) ? SNR_MEMO_UNCHANGED : 0;
	hash = snr_memo_hash(path, room, use_of(op, flags), &len);
	answer = hash ? snr_memo_get(&memos, snr_facts_epoch(redirector->facts), hash) : 0;
	if (answer > SNR_MEMO_UNCHANGED &&
	    snr_rule(redirector->image, SNR_MEMO_RULE(answer))->target.len + len >= SNR_PATH_MAX)
		return 0;
	return answer;
}

void shim_learn(const struct snr_call *call, const struct shim_slot *slot)
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	const char *path = NULL;
	long flags = 0;
	uint64_t hash;
	size_t len;

	for (int i = 0; i < SNR_NARGS; i++) {
		if (snr_role_is_path(op->role[i]))
			path = (const char *)(uintptr_t)call->arg[i];
		else if (op->role[i] >= SNR_ROLE_OFLAGS && op->role[i] <= SNR_ROLE_FSCMD)
			flags = (long)call->arg[i];
	}
	hash = snr_memo_hash(path, room_at(path), use_of(call->op, flags), &len);
	if (hash)
		snr_memo_put(&memos, slot->scratch.epoch, hash, slot->plan.memo);
}

const char *shim_move(const struct snr_image *image, snr_memo_answer answer, const char *path,
		      char *text)
{
	struct snr_text target = snr_rule(image, SNR_MEMO_RULE(answer))->target;
	const char *rest = path + SNR_MEMO_REST(answer);
	size_t len = target.len > 1 || !*rest ? target.len : 0;

	snr_copy(text, snr_string(image, target), len);
	snr_copy(text + len, rest, snr_length(rest) + 1);
	return text;
}
