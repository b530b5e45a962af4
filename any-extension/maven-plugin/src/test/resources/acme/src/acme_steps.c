/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(acme_step);

Datum
acme_step(PG_FUNCTION_ARGS)
{
	int32		value = PG_GETARG_INT32(0);

	if (value < 0)
		elog(ERROR, "%s refuses %d", __FILE__, value);
	PG_RETURN_INT32(value + 1);
}
