/*
 * pg_hello.c
 *		Greetings, the time in milliseconds, and the server version.
 *
 * SPDX-License-Identifier: MIT
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "greeting.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(
					.name = "pg_hello",
					.version = PG_HELLO_VERSION
);
#else
PG_MODULE_MAGIC;
#endif

#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(x) EmitWarningsOnPlaceholders(x)
#endif

/* Microseconds from the Unix epoch (1970) to PostgreSQL's epoch (2000) */
#define POSTGRES_EPOCH_USECS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* The setting pg_hello.repeat */
static int	hello_repeat = GREETING_REPEAT_MIN;

/* The plan of spi_version(), saved by its first call in this session */
static SPIPlanPtr version_plan = NULL;

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(pg_hello);
PG_FUNCTION_INFO_V1(pg_hello_repeat);
PG_FUNCTION_INFO_V1(pg_hello_all);
PG_FUNCTION_INFO_V1(now_ms);
PG_FUNCTION_INFO_V1(spi_version);

/*
 * Defines the setting pg_hello.repeat when the library is loaded.
 */
void
_PG_init(void)
{
	DefineCustomIntVariable("pg_hello.repeat",
							"Sets how many times a greeting is repeated when no count is given.",
							"Used by pg_hello(name), and by pg_hello_all() for names without a count.",
							&hello_repeat,
							GREETING_REPEAT_MIN,
							GREETING_REPEAT_MIN,
							GREETING_REPEAT_MAX,
							PGC_USERSET,
							GUC_REPORT,
							NULL, NULL, NULL);

	MarkGUCPrefixReserved("pg_hello");
}

/*
 * Raises an error if a repeat count is out of range.
 */
static void
check_repeat(int32 repeat)
{
	if (unlikely(!greeting_repeat_is_valid(repeat)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("repeat count must be between %d and %d, but is %d",
						GREETING_REPEAT_MIN, GREETING_REPEAT_MAX, repeat)));
}

/*
 * Returns the greeting for one name.  Allocates its exact size once.
 */
static inline text *
greet(const text *name, int repeat)
{
	const Size	name_len = VARSIZE_ANY_EXHDR(name);
	Size		size;
	text	   *result;

	if (unlikely(!greeting_size(name_len, repeat, MaxAllocSize - VARHDRSZ, &size)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("greeting exceeds the maximum size of a value"),
				 errdetail("The name has %zu bytes, the repeat count is %d, and a value has at most %zu bytes.",
						   name_len, repeat, (Size) MaxAllocSize),
				 errhint("Use a shorter name or a smaller repeat count.")));

	result = (text *) palloc(size + VARHDRSZ);
	SET_VARSIZE(result, size + VARHDRSZ);
	greeting_write(VARDATA(result), VARDATA_ANY(name), name_len, repeat);
	return result;
}

/*
 * Returns the name in argument 0, with a short or a long header.  Calls the
 * detoasting function only for a name that is compressed or out of line, which
 * is rare.  The call would take a tenth of the time of a greeting.
 */
static inline const text *
name_argument(FunctionCallInfo fcinfo)
{
	struct varlena *name = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0));

	if (unlikely(VARATT_IS_COMPRESSED(name) || VARATT_IS_EXTERNAL(name)))
		name = pg_detoast_datum_packed(name);
	return (const text *) name;
}

/*
 * pg_hello(name text) returns text
 *
 * Repeats the greeting pg_hello.repeat times.
 */
Datum
pg_hello(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(greet(name_argument(fcinfo), hello_repeat));
}

/*
 * pg_hello(name text, repeat integer) returns text
 *
 * Depends only on its arguments.
 */
Datum
pg_hello_repeat(PG_FUNCTION_ARGS)
{
	int32		repeat = PG_GETARG_INT32(1);

	/* check the count before fetching the name, which may be out of line */
	check_repeat(repeat);
	PG_RETURN_TEXT_P(greet(name_argument(fcinfo), repeat));
}

/*
 * Returns the length of an array.  Raises an error if the array has more than
 * one dimension.
 */
static int
checked_length(const ArrayType *array, const char *argument)
{
	/* an empty array has no dimensions */
	if (ARR_NDIM(array) == 0)
		return 0;
	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must have one dimension", argument),
				 errdetail("It has %d dimensions.", ARR_NDIM(array))));
	return ARR_DIMS(array)[0];
}

/*
 * Returns whether element i of an array is null.  The bitmap is NULL if the
 * array has no nulls.
 */
static inline bool
element_is_null(const uint8 *bitmap, int i)
{
	return bitmap != NULL && (bitmap[i / BITS_PER_BYTE] & (1 << (i % BITS_PER_BYTE))) == 0;
}

/*
 * The state of an iteration over the names of pg_hello_all() and their counts.
 */
typedef struct Walk
{
	int			length;
	int			setting;		/* the count for names without a count */
	const uint8 *name_nulls;
	const uint8 *repeat_nulls;
	char	   *name;			/* the current name */
	const char *repeat;			/* the current count; NULL if there are none */
} Walk;

/*
 * Returns the current name and its count, and advances to the next name.
 * Returns NULL for a null name.
 */
static inline const text *
walk_next(Walk *walk, int i, int *repeat)
{
	const text *name = NULL;

	*repeat = walk->setting;
	if (walk->repeat != NULL && !element_is_null(walk->repeat_nulls, i))
	{
		memcpy(repeat, walk->repeat, sizeof(int32));
		walk->repeat += sizeof(int32);
	}
	if (!element_is_null(walk->name_nulls, i))
	{
		name = (const text *) walk->name;
		walk->name = (char *) att_align_nominal(walk->name + VARSIZE_ANY(name), TYPALIGN_INT);
	}
	return name;
}

/*
 * Raises an error for a greeting that does not fit into the rest of the
 * result, or that exceeds the maximum size of a value.  The subscript is the
 * position of the name.
 */
static void
report_oversize(Size name_len, int repeat, int subscript)
{
	const Size	limit = INTALIGN_DOWN(MaxAllocSize - ARR_OVERHEAD_NONULLS(1)) - VARHDRSZ;
	Size		size;

	if (!greeting_size(name_len, repeat, limit, &size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("greeting exceeds the maximum size of a value"),
				 errdetail("Element %d of argument \"names\" has %zu bytes, its repeat count is %d, and a value has at most %zu bytes.",
						   subscript, name_len, repeat, (Size) MaxAllocSize),
				 errhint("Use a shorter name or a smaller repeat count.")));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("greetings exceed the maximum size of a value"),
			 errdetail("The maximum of %zu bytes is exceeded at element %d of argument \"names\".",
					   (Size) MaxAllocSize, subscript),
			 errhint("Pass fewer names at a time.")));
}

/*
 * pg_hello_all(names text[], repeats integer[] DEFAULT NULL) returns text[]
 *
 * Greets many names in one call, in order.  The greeting of a null name is
 * null, and the setting replaces a null count.  A first iteration checks the
 * counts and adds up the sizes, so that one allocation of the exact size
 * suffices.  A second iteration writes the greetings.
 */
Datum
pg_hello_all(PG_FUNCTION_ARGS)
{
	ArrayType  *names;
	ArrayType  *repeats = NULL;
	ArrayType  *result;
	Walk		start;
	Walk		walk;
	Size		header;
	Size		left;
	Size		total;
	char	   *out;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	names = PG_GETARG_ARRAYTYPE_P(0);
	memset(&start, 0, sizeof(start));
	start.length = checked_length(names, "names");
	start.setting = hello_repeat;
	start.name_nulls = ARR_NULLBITMAP(names);
	start.name = ARR_DATA_PTR(names);

	if (!PG_ARGISNULL(1))
	{
		int			length;

		repeats = PG_GETARG_ARRAYTYPE_P(1);
		length = checked_length(repeats, "repeats");
		if (length != start.length)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("arguments \"names\" and \"repeats\" must have the same length"),
					 errdetail("The length of \"names\" is %d, and that of \"repeats\" is %d.",
							   start.length, length)));
		start.repeat_nulls = ARR_NULLBITMAP(repeats);
		start.repeat = ARR_DATA_PTR(repeats);
	}

	if (start.length == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));

	header = start.name_nulls != NULL ?
		ARR_OVERHEAD_WITHNULLS(1, start.length) : ARR_OVERHEAD_NONULLS(1);
	left = MaxAllocSize - header;
	walk = start;
	for (int i = 0; i < walk.length; i++)
	{
		int			repeat;
		const text *name = walk_next(&walk, i, &repeat);
		Size		name_len;
		Size		size;

		CHECK_FOR_INTERRUPTS();
		if (name == NULL)
			continue;
		if (unlikely(!greeting_repeat_is_valid(repeat)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("repeat count must be between %d and %d, but is %d",
							GREETING_REPEAT_MIN, GREETING_REPEAT_MAX, repeat),
					 errdetail("The count is element %d of argument \"repeats\".",
							   ARR_LBOUND(repeats)[0] + i)));
		name_len = VARSIZE_ANY_EXHDR(name);
		if (unlikely(!greeting_size(name_len, repeat, left, &size) ||
					 INTALIGN(size + VARHDRSZ) > left))
			report_oversize(name_len, repeat, ARR_LBOUND(names)[0] + i);
		left -= INTALIGN(size + VARHDRSZ);
	}

	total = MaxAllocSize - left;
	result = (ArrayType *) palloc(total);
	/* the bitmap's last bits and the padding after it are part of the value */
	memset(result, 0, header);
	SET_VARSIZE(result, total);
	result->ndim = 1;
	result->dataoffset = start.name_nulls != NULL ? (int32) header : 0;
	result->elemtype = TEXTOID;
	ARR_DIMS(result)[0] = start.length;
	ARR_LBOUND(result)[0] = ARR_LBOUND(names)[0];
	/* a null name has a null greeting */
	if (start.name_nulls != NULL)
		array_bitmap_copy(ARR_NULLBITMAP(result), 0, start.name_nulls, 0, start.length);

	out = ARR_DATA_PTR(result);
	walk = start;
	for (int i = 0; i < walk.length; i++)
	{
		int			repeat;
		const text *name = walk_next(&walk, i, &repeat);
		char	   *end;

		CHECK_FOR_INTERRUPTS();
		if (name == NULL)
			continue;
		end = greeting_write(VARDATA(out), VARDATA_ANY(name),
							 VARSIZE_ANY_EXHDR(name), repeat);
		SET_VARSIZE(out, end - out);
		/* initialize the padding, which is part of the value */
		while ((uintptr_t) end != INTALIGN((uintptr_t) end))
			*end++ = '\0';
		out = end;
	}
	Assert(out == (char *) result + total);

	PG_RETURN_ARRAYTYPE_P(result);
}

/*
 * now_ms() returns bigint
 *
 * Returns the current time in milliseconds since 1970-01-01 00:00:00 UTC.
 * Like the result of clock_timestamp(), it advances within a transaction.
 */
Datum
now_ms(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((GetCurrentTimestamp() + POSTGRES_EPOCH_USECS) / 1000);
}

/*
 * spi_version() returns text
 *
 * Runs SELECT version() through the Server Programming Interface (SPI), with a
 * plan that is prepared once per session.
 */
Datum
spi_version(PG_FUNCTION_ARGS)
{
	Datum		version;
	bool		isnull;
	int			rc;

	if ((rc = SPI_connect()) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed: %s", SPI_result_code_string(rc));

	if (version_plan == NULL)
	{
		/* the qualified name makes the result independent of search_path */
		SPIPlanPtr	plan = SPI_prepare("SELECT pg_catalog.version()", 0, NULL);

		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		if ((rc = SPI_keepplan(plan)) != 0)
			elog(ERROR, "SPI_keepplan failed: %s", SPI_result_code_string(rc));
		version_plan = plan;
	}

	/* read-only: incrementing the command counter would fail in parallel mode */
	rc = SPI_execute_plan(version_plan, NULL, NULL, true, 1);
	if (rc != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "version query failed: %s", SPI_result_code_string(rc));

	version = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		elog(ERROR, "version query returned null");

	/* SPI_finish() frees the row, so copy the value to the caller's context */
	version = SPI_datumTransfer(version, false, -1);

	SPI_finish();
	PG_RETURN_DATUM(version);
}
