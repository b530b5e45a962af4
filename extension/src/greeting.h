/*
 * greeting.h
 *		Computes the size of a greeting, and writes it.
 *
 * This file needs no server header, so that a fuzzer can include it without
 * changes (test/fuzz/greeting_fuzz.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GREETING_H
#define GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define GREETING_REPEAT_MIN 1
#define GREETING_REPEAT_MAX 10

#define GREETING_PREFIX "Hello, "
#define GREETING_PREFIX_LEN (sizeof(GREETING_PREFIX) - 1)

/*
 * Returns whether a greeting may be repeated this number of times.
 */
static inline bool
greeting_repeat_is_valid(int repeat)
{
	return repeat >= GREETING_REPEAT_MIN && repeat <= GREETING_REPEAT_MAX;
}

/*
 * Computes the size in bytes of "Hello, NAME!", repeated with one space
 * between the greetings.  Returns false, and does not set *size, if the size
 * exceeds limit.  The repeat count must be valid, and limit must be below
 * SIZE_MAX / 2.
 */
static inline bool
greeting_size(size_t name_len, int repeat, size_t limit, size_t *size)
{
	const size_t frame = GREETING_PREFIX_LEN + 2;	/* prefix, '!', space */

	/* check the name first, so that the sum below cannot overflow */
	if (name_len > limit)
		return false;
	/* there is no space after the last greeting, hence the 1 */
	if (frame + name_len > (limit + 1) / (size_t) repeat)
		return false;

	*size = (frame + name_len) * (size_t) repeat - 1;
	return true;
}

/*
 * Writes the greeting to dst, which must have room for greeting_size() bytes.
 * Returns a pointer to the byte after the greeting.
 */
static inline char *
greeting_write(char *dst, const char *name, size_t name_len, int repeat)
{
	for (int i = 0; i < repeat; i++)
	{
		if (i > 0)
			*dst++ = ' ';
		memcpy(dst, GREETING_PREFIX, GREETING_PREFIX_LEN);
		dst += GREETING_PREFIX_LEN;
		memcpy(dst, name, name_len);
		dst += name_len;
		*dst++ = '!';
	}
	return dst;
}

#endif							/* GREETING_H */
