/* SPDX-License-Identifier: MIT */
/* Reads a column of a row, like most extensions that process rows. */
#include "postgres.h"
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "fmgr.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(twice);
Datum twice(PG_FUNCTION_ARGS)
{
	bool none;
	int32 value;
	SPI_connect();
	SPI_execute("SELECT 2", true, 1);
	value = DatumGetInt32(heap_getattr(SPI_tuptable->vals[0], 1, SPI_tuptable->tupdesc, &none));
	SPI_finish();
	PG_RETURN_INT32(value * PG_GETARG_INT32(0));
}
