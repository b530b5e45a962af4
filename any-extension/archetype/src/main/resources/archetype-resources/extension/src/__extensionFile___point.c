/*
 * The type ${extensionName}_point: the coordinates of a point, for example (1.5,2).
 */
#[[#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "nodes/nodes.h"
#include "utils/builtins.h"
#include "utils/float.h"

#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
/* PostgreSQL 15 has no soft errors: input functions raise all errors */
#define ereturn(context, result, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); } while (0)
#define SOFT_ERROR_OCCURRED(context) false
#define float8in_internal(number, end, type, input, context) \
	float8in_internal(number, end, type, input)
#endif
]]#
## region struct
/*
 * A point as it is stored in tables and indexes. Never change this form: pg_upgrade keeps the
 * table files, so a later version of the library must be able to read points that an earlier
 * version wrote.
 */
typedef struct ${className}Point
{
	float8		x;
	float8		y;
} ${className}Point;

StaticAssertDecl(sizeof(${className}Point) == 16, "CREATE TYPE sets this length");
## endregion

#[[#define GETARG_POINT(n)]]# ((${className}Point *) PG_GETARG_POINTER(n))

static const char TYPE_NAME[] = "${extensionName}_point";

PG_FUNCTION_INFO_V1(${extensionName}_point_in);
PG_FUNCTION_INFO_V1(${extensionName}_point_out);
PG_FUNCTION_INFO_V1(${extensionName}_point_recv);
PG_FUNCTION_INFO_V1(${extensionName}_point_send);
PG_FUNCTION_INFO_V1(${extensionName}_point_cmp);
PG_FUNCTION_INFO_V1(${extensionName}_point_hash);
PG_FUNCTION_INFO_V1(${extensionName}_point_distance);

## region input
/* returns a new point; all input passes through this function, so all stored points are valid */
static Datum
make_point(float8 x, float8 y, Node *context)
{
	${className}Point *point;

	if (!isfinite(x) || !isfinite(y))
		ereturn(context, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("coordinates must be finite")));
	point = palloc(sizeof(${className}Point));
	point->x = x;
	point->y = y;
	return PointerGetDatum(point);
}

/* reads a separator and the number after it; returns false if the context has received an error */
static bool
read_number(char separator, char **position, float8 *number, char *input, Node *context)
{
	if (**position != separator)
		ereturn(context, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", TYPE_NAME, input)));
	*number = float8in_internal(*position + 1, position, TYPE_NAME, input, context);
	return !SOFT_ERROR_OCCURRED(context);
}

/* converts text to a point */
Datum
${extensionName}_point_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	char	   *position = input;
	float8		x;
	float8		y;

	if (!read_number('(', &position, &x, input, fcinfo->context) ||
		!read_number(',', &position, &y, input, fcinfo->context))
		PG_RETURN_NULL();
	if (strcmp(position, ")") != 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", TYPE_NAME, input)));
	return make_point(x, y, fcinfo->context);
}
## endregion

/* converts a point to text; reading this text returns the same point */
Datum
${extensionName}_point_out(PG_FUNCTION_ARGS)
{
	${className}Point *point = GETARG_POINT(0);

	PG_RETURN_CSTRING(psprintf("(%s,%s)", float8out_internal(point->x), float8out_internal(point->y)));
}

/* reads a point in binary form, two float8 numbers, which can come from any client */
Datum
${extensionName}_point_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	float8		x = pq_getmsgfloat8(buffer);
	float8		y = pq_getmsgfloat8(buffer);

	return make_point(x, y, fcinfo->context);
}

/* converts a point to its binary form */
Datum
${extensionName}_point_send(PG_FUNCTION_ARGS)
{
	${className}Point *point = GETARG_POINT(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendfloat8(&buffer, point->x);
	pq_sendfloat8(&buffer, point->y);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

## region order
/* compares two points by x, then by y: negative if a is before b, 0 if they are equal */
static int
compare(${className}Point *a, ${className}Point *b)
{
	int			order = float8_cmp_internal(a->x, b->x);

	return order != 0 ? order : float8_cmp_internal(a->y, b->y);
}

/* the support function of the btree operator class */
Datum
${extensionName}_point_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(GETARG_POINT(0), GETARG_POINT(1)));
}

/* the functions of the comparison operators */
#[[#define COMPARISON(function, operator) \
	PG_FUNCTION_INFO_V1(function); \
	Datum \
	function(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(compare(GETARG_POINT(0), GETARG_POINT(1)) operator 0); \
	}
]]#
COMPARISON(${extensionName}_point_lt, <)
COMPARISON(${extensionName}_point_le, <=)
COMPARISON(${extensionName}_point_eq, ==)
COMPARISON(${extensionName}_point_ne, !=)
COMPARISON(${extensionName}_point_ge, >=)
COMPARISON(${extensionName}_point_gt, >)

/* the support function of the hash operator class; equal points, such as (0,0) and (-0,0), have equal hashes */
Datum
${extensionName}_point_hash(PG_FUNCTION_ARGS)
{
	${className}Point *point = GETARG_POINT(0);
	Datum		x = DirectFunctionCall1(hashfloat8, Float8GetDatum(point->x));
	Datum		y = DirectFunctionCall1(hashfloat8, Float8GetDatum(point->y));

	PG_RETURN_UINT32(hash_combine(DatumGetUInt32(x), DatumGetUInt32(y)));
}
## endregion

/* returns the distance between two points */
Datum
${extensionName}_point_distance(PG_FUNCTION_ARGS)
{
	${className}Point *a = GETARG_POINT(0);
	${className}Point *b = GETARG_POINT(1);
	float8		distance = hypot(a->x - b->x, a->y - b->y);

	if (isinf(distance))
		float_overflow_error();
	PG_RETURN_FLOAT8(distance);
}
