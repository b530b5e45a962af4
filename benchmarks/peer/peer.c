/*
 * peer.c
 *		spi_version() as it is usually written: the query is parsed and planned
 *		in each call.
 *
 * SPDX-License-Identifier: MIT
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(peer_spi_version);

/*
 * peer_spi_version() returns text
 */
Datum
peer_spi_version(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	Datum		version;
	bool		isnull;
	text	   *result;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute("SELECT pg_catalog.version()", true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "version query failed");

	version = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		elog(ERROR, "version query returned null");

	spi = MemoryContextSwitchTo(caller);
	result = DatumGetTextPCopy(version);
	MemoryContextSwitchTo(spi);

	SPI_finish();
	PG_RETURN_TEXT_P(result);
}
