/*
 * peer.c
 *		pg_hello() and spi_version() as they are usually written.  The first gets
 *		its argument with PG_GETARG_TEXT_PP, which calls a function even if the
 *		name has a short header.  The second parses and plans its query in each
 *		call.
 *
 * SPDX-License-Identifier: MIT
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "../../extension/src/greeting.h"

PG_MODULE_MAGIC;

/* not static, so that the compiler cannot treat it as a constant */
extern int	peer_repeat;
int			peer_repeat = GREETING_REPEAT_MIN;

PG_FUNCTION_INFO_V1(peer_hello);
PG_FUNCTION_INFO_V1(peer_spi_version);

/*
 * peer_hello(name text) returns text
 */
Datum
peer_hello(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	const Size	name_len = VARSIZE_ANY_EXHDR(name);
	Size		size;
	text	   *result;

	if (unlikely(!greeting_size(name_len, peer_repeat, MaxAllocSize - VARHDRSZ, &size)))
		elog(ERROR, "greeting exceeds the maximum size of a value");

	result = (text *) palloc(size + VARHDRSZ);
	SET_VARSIZE(result, size + VARHDRSZ);
	greeting_write(VARDATA(result), VARDATA_ANY(name), name_len, peer_repeat);
	PG_RETURN_TEXT_P(result);
}

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
