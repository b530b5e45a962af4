#[[#include "postgres.h"

#include <math.h>

#include "fmgr.h"

PG_MODULE_MAGIC;
]]#
PG_FUNCTION_INFO_V1(${extensionName}_distance);

/* how far a and b are apart */
Datum
${extensionName}_distance(PG_FUNCTION_ARGS)
{
	float8		a = PG_GETARG_FLOAT8(0);
	float8		b = PG_GETARG_FLOAT8(1);

	if (!isfinite(a) || !isfinite(b))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("there is no distance of %g and %g", a, b)));
	PG_RETURN_FLOAT8(fabs(a - b));
}
