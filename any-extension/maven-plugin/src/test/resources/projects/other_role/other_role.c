/* SPDX-License-Identifier: MIT */
/* The smallest extension. */
#include "postgres.h"
#include "fmgr.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(twice);
Datum twice(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(2 * PG_GETARG_INT32(0));
}
