/* SPDX-License-Identifier: MIT */
// region c
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(acme_geo_midpoint);
PG_FUNCTION_INFO_V1(acme_geo_midpoint_all);

Datum
acme_geo_midpoint(PG_FUNCTION_ARGS)
{
	float8		a = PG_GETARG_FLOAT8(0);
	float8		b = PG_GETARG_FLOAT8(1);

	if (!isfinite(a) || !isfinite(b))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("midpoint is undefined for %g and %g", a, b)));
	PG_RETURN_FLOAT8(a / 2 + b / 2);
}

/* returns the midpoints of the elements of two arrays, in order */
Datum
acme_geo_midpoint_all(PG_FUNCTION_ARGS)
{
	Datum	   *a, *b;
	int			count, others;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &a, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &b, NULL, &others);
	if (count != others)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("arrays have %d and %d elements", count, others)));
	for (int i = 0; i < count; i++)
		a[i] = DirectFunctionCall2(acme_geo_midpoint, a[i], b[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(a, count, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
// endregion
