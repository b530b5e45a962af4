#[[#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

PG_MODULE_MAGIC;
]]#
PG_FUNCTION_INFO_V1(${extensionName}_distance);
PG_FUNCTION_INFO_V1(${extensionName}_distance_all);

/* returns the distance between a and b */
Datum
${extensionName}_distance(PG_FUNCTION_ARGS)
{
	float8		a = PG_GETARG_FLOAT8(0);
	float8		b = PG_GETARG_FLOAT8(1);

	if (!isfinite(a) || !isfinite(b))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("distance is undefined for %g and %g", a, b)));
	PG_RETURN_FLOAT8(fabs(a - b));
}

/* returns the distances between the elements of two arrays, in order */
Datum
${extensionName}_distance_all(PG_FUNCTION_ARGS)
{
	Datum	   *a, *b;
	int			count, others;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &a, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &b, NULL, &others);
	if (count != others)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("arrays must have the same length, but have %d and %d elements", count, others)));
	for (int i = 0; i < count; i++)
		a[i] = DirectFunctionCall2(${extensionName}_distance, a[i], b[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(a, count, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
