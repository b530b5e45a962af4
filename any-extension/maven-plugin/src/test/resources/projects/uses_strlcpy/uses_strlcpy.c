/* SPDX-License-Identifier: MIT */
/* Copies a name with a function that postgres.h declares on every system. */
#include "postgres.h"
#include "fmgr.h"
#include "utils/builtins.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(twice);
Datum twice(PG_FUNCTION_ARGS)
{
	char short_name[8];
	strlcpy(short_name, "a name that is too long", sizeof(short_name));
	PG_RETURN_INT32(PG_GETARG_INT32(0) + (int32) strlen(short_name) - 7 + PG_GETARG_INT32(0));
}
