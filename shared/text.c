/* SPDX-License-Identifier: MIT
 * Bytes and strings without a libc beneath. Callable from everywhere.
 * It must never call anything, and never read behind the sizes it is given.
 */
#include "shared/text.h"

#include <errno.h>

void snr_copy(char *to, const char *from, size_t size)
{
	while (size >= sizeof(uint64_t)) {
		uint64_t word;

		__builtin_memcpy(&word, from, sizeof(word));
		__builtin_memcpy(to, &word, sizeof(word));
		from += sizeof(word);
		to += sizeof(word);
		size -= sizeof(word);
	}
	while (size--)
		*to++ = *from++;
}

void snr_move(char *to, const char *from, size_t size)
{
	if (to <= from) {
		while (size--)
			*to++ = *from++;
	} else {
		while (size--)
			to[size] = from[size];
	}
}

bool snr_equal(const char *a, const char *b, size_t size)
{
	while (size--)
		if (*a++ != *b++)
			return false;
	return true;
}

size_t snr_length(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	return len;
}

size_t snr_length_within(const char *text, size_t size)
{
	size_t len = 0;

	while (len < size && text[len])
		len++;
	return len;
}

size_t snr_length_undeleted(const char *text, size_t len)
{
	static const char mark[] = " (deleted)";
	size_t size = sizeof(mark) - 1;

	return len > size && snr_equal(text + len - size, mark, size) ? len - size : len;
}

bool snr_begins(const char *text, size_t len, const char *prefix)
{
	size_t n = snr_length(prefix);

	return n <= len && snr_equal(text, prefix, n);
}

size_t snr_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

size_t snr_decimal(uint64_t number, char *out)
{
	char digits[20];
	size_t n = 0;

	/* No 64-bit division on 32-bit machines: that would need libgcc. */
	do {
		uint64_t quotient = 0, rest = 0;

		if (number <= UINT32_MAX) {
			quotient = (uint32_t)number / 10;
			rest = (uint32_t)number % 10;
		} else {
			for (int bit = 63; bit >= 0; bit--) {
				rest = rest << 1 | (number >> bit & 1);
				quotient <<= 1;
				if (rest >= 10) {
					rest -= 10;
					quotient |= 1;
				}
			}
		}
		digits[n++] = (char)('0' + rest);
		number = quotient;
	} while (number);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

uint64_t snr_number(const char *text, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	return number;
}

bool snr_next_component(const char *path, size_t len, struct snr_component *component)
{
	size_t i = component->end;

	while (i < len && path[i] == '/')
		i++;
	component->start = i;
	while (i < len && path[i] != '/')
		i++;
	component->end = i;
	return component->end > component->start;
}

struct snr_component snr_last_component(const char *path, size_t len)
{
	struct snr_component last = {.end = len};

	while (last.end && path[last.end - 1] == '/')
		last.end--;
	last.start = last.end;
	while (last.start && path[last.start - 1] != '/')
		last.start--;
	return last;
}

bool snr_is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

bool snr_is_dotdot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

void snr_add(struct snr_builder *builder, const char *text, size_t len)
{
	if (builder->overflow || len >= builder->size - builder->len) {
		builder->overflow = true;
		return;
	}
	snr_copy(builder->out + builder->len, text, len);
	builder->len += len;
}

void snr_add_text(struct snr_builder *builder, const char *text)
{
	snr_add(builder, text, snr_length(text));
}

void snr_add_number(struct snr_builder *builder, int64_t number)
{
	char digits[20];

	if (number < 0)
		snr_add(builder, "-", 1);
	snr_add(builder, digits,
		snr_decimal(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, digits));
}

long snr_finish(struct snr_builder *builder)
{
	if (builder->overflow)
		return -ENAMETOOLONG;
	builder->out[builder->len] = '\0';
	return (long)builder->len;
}
