/*
 * greeting_fuzz.c
 *		Compares src/greeting.h with a naive implementation, for libFuzzer.
 *
 * An input consists of a byte for the count, two numbers of eight bytes each,
 * and a name.  If REPLAY is defined, the program runs the inputs in the files
 * that are passed as arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../src/greeting.h"

#define UNTOUCHED ((size_t) 0x5a5a5a5a)
#define LIMIT_MAX (SIZE_MAX / 2 - 1)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* a type that can hold ten times any size */
#if SIZE_MAX > UINT32_MAX
typedef unsigned __int128 wide;
#else
typedef uint64_t wide;
#endif

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Appends one byte to a buffer, and enlarges the buffer if necessary.
 */
static void
append(char **buffer, size_t *len, size_t *room, char byte)
{
	if (*len == *room)
	{
		*room = *room * 2 + 16;
		*buffer = realloc(*buffer, *room);
		CHECK(*buffer != NULL);
	}
	(*buffer)[(*len)++] = byte;
}

/*
 * Builds the greeting byte by byte, without computing its size first.
 */
static char *
naive_greeting(const char *name, size_t name_len, int repeat, size_t *len)
{
	char	   *buffer = NULL;
	size_t		room = 0;

	*len = 0;
	while (repeat-- > 0)
	{
		for (const char *p = "Hello, "; *p != '\0'; p++)
			append(&buffer, len, &room, *p);
		for (size_t i = 0; i < name_len; i++)
			append(&buffer, len, &room, name[i]);
		append(&buffer, len, &room, '!');
		if (repeat > 0)
			append(&buffer, len, &room, ' ');
	}
	return buffer;
}

/*
 * Checks the computed size for a name of this length.  Needs no actual name.
 */
static void
check_size(size_t name_len, int repeat, size_t limit)
{
	const wide	wanted = ((wide) 7 + name_len + 1) * (unsigned) repeat + (unsigned) (repeat - 1);
	size_t		size = UNTOUCHED;

	if (greeting_size(name_len, repeat, limit, &size))
	{
		CHECK(wanted <= limit);
		CHECK(size == wanted);
	}
	else
	{
		CHECK(wanted > limit);
		CHECK(size == UNTOUCHED);
	}
}

/*
 * Checks computed sizes with limits at and around the size of a greeting, and
 * the bytes that are written into a buffer of exactly this size.
 */
static void
check_bytes(const char *name, size_t name_len, int repeat)
{
	size_t		wanted_len;
	char	   *wanted = naive_greeting(name, name_len, repeat, &wanted_len);
	size_t		size = UNTOUCHED;
	char	   *actual;

	check_size(name_len, repeat, wanted_len - 1);
	check_size(name_len, repeat, wanted_len + 1);
	check_size(name_len, repeat, name_len);
	CHECK(greeting_size(name_len, repeat, wanted_len, &size));
	CHECK(size == wanted_len);

	actual = malloc(size);
	CHECK(actual != NULL);
	CHECK(greeting_write(actual, name, name_len, repeat) == actual + size);
	CHECK(memcmp(actual, wanted, size) == 0);
	free(actual);
	free(wanted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t	first;
	uint64_t	second;
	int			repeat;
	size_t		limit;
	size_t		name_len;
	char	   *name;

	if (size < 1 + sizeof(first) + sizeof(second))
		return 0;
	repeat = GREETING_REPEAT_MIN + data[0] % GREETING_REPEAT_MAX;
	memcpy(&first, data + 1, sizeof(first));
	memcpy(&second, data + 1 + sizeof(first), sizeof(second));
	data += 1 + sizeof(first) + sizeof(second);
	size -= 1 + sizeof(first) + sizeof(second);

	CHECK(greeting_repeat_is_valid((int) (uint32_t) first) ==
		  ((int) (uint32_t) first > 0 && (int) (uint32_t) first < 11));
	for (int i = -1; i < 20; i++)
		CHECK(greeting_repeat_is_valid(i) == (i >= 1 && i <= 10));

	/* any lengths and limits, very large ones, and lengths that just fit */
	limit = first % (LIMIT_MAX + 1);
	check_size(second, repeat, limit);
	check_size(second, repeat, LIMIT_MAX - first % 64);
	check_size(SIZE_MAX - second % 64, repeat, limit);
	check_size(limit - second % 64, repeat, limit);
	check_size(SIZE_MAX / (unsigned) repeat + 32 - second % 64, repeat, limit);
	check_size((limit + 1) / (unsigned) repeat + 32 - second % 64, repeat, limit);
	check_size((LIMIT_MAX + 1) / (unsigned) repeat + 32 - second % 64, repeat, LIMIT_MAX);

	/* a separate block of this size, so that a read past its end is detected */
	name_len = size;
	name = malloc(name_len);
	CHECK(name != NULL || name_len == 0);
	if (name_len > 0)
		memcpy(name, data, name_len);
	check_bytes(name_len > 0 ? name : "", name_len, repeat);
	free(name);
	return 0;
}

#ifdef REPLAY
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 16];

	for (int i = 1; i < argc; i++)
	{
		FILE	   *file = fopen(argv[i], "rb");

		CHECK(file != NULL);
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
		fclose(file);
	}
	return 0;
}
#endif
