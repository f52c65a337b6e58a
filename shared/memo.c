/* SPDX-License-Identifier: MIT
 * Answers that were given before, found by the whole text of a path. Callable from everywhere.
 * It must never read behind the NUL, or the ROOM, that it was told of.
 */
#include "shared/memo.h"

#define MIX  0xd6e8feb86659fd93ull
#define ONES 0x0101010101010101ull
#define TOPS 0x8080808080808080ull

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * MIX;
	return hash ^ hash >> 32;
}

/* The bytes before the first NUL of a word, others 0. *BYTES is their number, 8 if there is no NUL.
 */
static uint64_t before_nul(uint64_t word, size_t *bytes)
{
	uint64_t nul = (word - ONES) & ~word & TOPS;

	*bytes = 8;
	if (!nul)
		return word;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	*bytes = (size_t)__builtin_ctzll(nul) / 8;
	return *bytes ? word & (~0ull >> (64 - *bytes * 8)) : 0;
#else
	word = __builtin_bswap64(word);
	nul = (word - ONES) & ~word & TOPS;
	*bytes = (size_t)__builtin_ctzll(nul) / 8;
	return *bytes ? word & (~0ull >> (64 - *bytes * 8)) : 0;
#endif
}

uint64_t snr_memo_hash(const char *text, size_t room, uint64_t use, size_t *len)
{
	uint64_t hash = use * MIX + 1;
	size_t at = 0, bytes = 8;
	uint64_t word;

	while (room - at >= 8) {
		__builtin_memcpy(&word, text + at, 8);
		word = before_nul(word, &bytes);
		hash = mix(hash, word);
		at += bytes;
		if (bytes < 8) {
			*len = at;
			return hash | 1;
		}
	}
	word = 0;
	for (bytes = 0; at + bytes < room; bytes++) {
		if (!text[at + bytes]) {
			*len = at + bytes;
			return mix(hash, word) | 1;
		}
		word |= (uint64_t)(unsigned char)text[at + bytes] << (8 * bytes);
	}
	return 0;
}

static uint64_t key_of(uint32_t epoch, uint64_t hash)
{
	return hash + epoch * MIX;
}

static size_t slot_of(uint64_t hash)
{
	return (hash >> 22) & (SNR_MEMOS - 1);
}

snr_memo_answer snr_memo_get(const struct snr_memos *memos, uint32_t epoch, uint64_t hash)
{
	const volatile struct snr_memo *memo = &memos->memo[slot_of(hash)];
	uint64_t answer = memo->answer;

	return memo->check == (key_of(epoch, hash) ^ answer * MIX) ? answer : 0;
}

void snr_memo_put(struct snr_memos *memos, uint32_t epoch, uint64_t hash, snr_memo_answer answer)
{
	volatile struct snr_memo *memo = &memos->memo[slot_of(hash)];

	memo->check = key_of(epoch, hash) ^ answer * MIX;
	memo->answer = answer;
}
