/* SPDX-License-Identifier: MIT
 * Answers that were given before: for the whole text of an absolute path, whether it is the
 * kernel's as it stands, or which rule takes which part of it. One look instead of one a component;
 * lossy, lock-free, forgotten with the facts. The shim asks it before it plans anything.
 */
#ifndef SNR_MEMO_H
#define SNR_MEMO_H

#include <stddef.h>
#include <stdint.h>

#define SNR_MEMOS 1024 /* entries, a power of two: 16 KiB */

/* What is known of a path: 0 nothing, SNR_MEMO_UNCHANGED, or rule and rest (below). */
typedef uint64_t snr_memo_answer;

#define SNR_MEMO_UNCHANGED 1ull

/* The rule's target takes the place of the first REST bytes (1 to SNR_PATH_MAX) of the text. */
#define SNR_MEMO_MOVED(rule, rest) ((uint64_t)(rule) << 32 | (uint64_t)(rest) << 1)
#define SNR_MEMO_RULE(answer)      ((uint32_t)((answer) >> 32))
#define SNR_MEMO_REST(answer)      ((uint32_t)(answer) >> 1)

/* Two words that a writer may leave half written: the first is the key mixed with the second, so
 * that such a pair matches nothing. */
struct snr_memo {
	uint64_t check;
	uint64_t answer;
};

struct snr_memos {
	struct snr_memo memo[SNR_MEMOS];
};

/* Hash of the text at TEXT up to its NUL, which must come within ROOM bytes, all readable; *LEN is
 * its length. USE tells apart the ways in which one text may be looked up. Returns 0 if there is no
 * NUL. */
uint64_t snr_memo_hash(const char *text, size_t room, uint64_t use, size_t *len);

/* EPOCH is that of the facts (shared/facts.h): what was learnt in another one is not found. */
snr_memo_answer snr_memo_get(const struct snr_memos *memos, uint32_t epoch, uint64_t hash);
void snr_memo_put(struct snr_memos *memos, uint32_t epoch, uint64_t hash, snr_memo_answer answer);

#endif
