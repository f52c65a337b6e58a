/* SPDX-License-Identifier: MIT
 * Bytes and strings without a libc beneath, and the few things that path code does again and again.
 * Everybody may call it; shared/ must not use anything else for the purpose.
 */
#ifndef SNR_TEXT_H
#define SNR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The areas must not overlap, but for snr_move. */
void snr_copy(char *to, const char *from, size_t size);
void snr_move(char *to, const char *from, size_t size);
bool snr_equal(const char *a, const char *b, size_t size);

/* strlen(3), strnlen(3) */
size_t snr_length(const char *text);
size_t snr_length_within(const char *text, size_t size);

/* Does TEXT of LEN bytes begin with the literal PREFIX? */
bool snr_begins(const char *text, size_t len, const char *prefix);

/* The kernel's text of where a descriptor leads ends in a mark if that was removed (d_path in
 * fs/d_path.c), as does a name that looks so: the length without it. */
size_t snr_length_undeleted(const char *text, size_t len);

/* Length of the decimal number at the start of TEXT, 0 if there is none. */
size_t snr_digits(const char *text, size_t len);
/* Write NUMBER in decimal to OUT (room for 20 bytes), no NUL. Returns the length. */
size_t snr_decimal(uint64_t number, char *out);
/* Read the decimal number of LEN digits at TEXT. */
uint64_t snr_number(const char *text, size_t len);

/* One component of a path. Iteration: struct snr_component c = {0}; while (snr_next_component(path,
 * len, &c)) ... */
struct snr_component {
	size_t start; /* offset of its first byte */
	size_t end;   /* offset behind its last byte */
};

/* Step to the next component of PATH, LEN bytes; empty ones (//) are skipped. False at the end. */
bool snr_next_component(const char *path, size_t len, struct snr_component *component);

/* The last component of PATH, slashes behind it left out: empty where there is none. */
struct snr_component snr_last_component(const char *path, size_t len);

/* Is NAME "." / ".."? */
bool snr_is_dot(const char *name, size_t len);
bool snr_is_dotdot(const char *name, size_t len);

/* A string that is built up in the caller's buffer; overflow is remembered instead of written. */
struct snr_builder {
	char *out;
	size_t size;
	size_t len; /* bytes so far, without the NUL */
	bool overflow;
};

void snr_add(struct snr_builder *builder, const char *text, size_t len);
void snr_add_text(struct snr_builder *builder, const char *text);
void snr_add_number(struct snr_builder *builder, int64_t number);
/* Put the NUL. Returns the length or -ENAMETOOLONG. */
long snr_finish(struct snr_builder *builder);

#endif
