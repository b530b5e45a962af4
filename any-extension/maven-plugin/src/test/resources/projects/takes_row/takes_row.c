/* SPDX-License-Identifier: MIT */
/* Takes a row. With the headers of 17.12, the macro for the argument calls a function that 17.11 does not have. */
#include "postgres.h"
#include "access/htup_details.h"
#include "fmgr.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(attributes);

Datum
attributes(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);

	PG_RETURN_INT32(HeapTupleHeaderGetNatts(row));
}
