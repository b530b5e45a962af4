/*
 * SPDX-License-Identifier: MIT
 *
 * Checks that a library for Windows agrees with the server on jumps, structures and the C library. The magic block does not
 * detect all differences: a library with a different pid_t, for example, has the same magic block.
 */
#include "postgres.h"

#include <math.h>
#include <sys/stat.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "replication/slot.h"
#include "storage/condition_variable.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

static int	checks;
static StringInfoData report;

static void
check(bool ok, const char *what)
{
	checks++;
	if (!ok)
		appendStringInfo(&report, "%sdiffers: %s", report.len ? "\n" : "", what);
}

/* runs SQL in subtransactions, catches its errors, and counts them in local variables */
PG_FUNCTION_INFO_V1(try_sql);
Datum
try_sql(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			times = PG_GETARG_INT32(1);
	volatile int caught = 0;
	volatile int finally = 0;
	char	   *volatile last = NULL;
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	for (int i = 0; i < times; i++)
	{
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(context);
		PG_TRY();
		{
			PG_TRY();
			{
				SPI_connect();
				SPI_execute(query, false, 0);
				SPI_finish();
			}
			PG_FINALLY();
			{
				finally++;
			}
			PG_END_TRY();
			ReleaseCurrentSubTransaction();
			MemoryContextSwitchTo(context);
			CurrentResourceOwner = owner;
		}
		PG_CATCH();
		{
			ErrorData  *error;

			MemoryContextSwitchTo(context);
			error = CopyErrorData();
			FlushErrorState();
			RollbackAndReleaseCurrentSubTransaction();
			MemoryContextSwitchTo(context);
			CurrentResourceOwner = owner;
			caught++;
			last = error->message;
		}
		PG_END_TRY();
	}
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("caught %d, finally %d: %s", caught, finally, last ? last : "no error")));
}

/* throws an error from a number of nested calls */
static pg_noinline int
deep(int depth, int at)
{
	volatile double local = depth * 1.5;
	int			result;

	if (depth == 1000)
		return 0;
	if (depth >= at)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("thrown at depth %d, local %g, " INT64_FORMAT " %zu", depth, local, (int64) 1 << 40, sizeof(sigjmp_buf))));
	result = deep(depth + 1, at) + 1;
	return result + (int) local;
}

PG_FUNCTION_INFO_V1(try_deep);
Datum
try_deep(PG_FUNCTION_ARGS)
{
	volatile double kept = 42.5;
	register double in_register = PG_GETARG_INT32(0) * 1.25;

	PG_TRY();
	{
		(void) deep(0, PG_GETARG_INT32(0));
	}
	PG_CATCH();
	{
		if (kept != 42.5 || in_register != PG_GETARG_INT32(0) * 1.25)
			elog(ERROR, "a variable was lost");
		PG_RE_THROW();
	}
	PG_END_TRY();
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(layout);
Datum
layout(PG_FUNCTION_ARGS)
{
	Relation	rel;
	HTAB	   *table;
	HASHCTL		info;
	struct stat st;
	FILE	   *file;
	slock_t		lock;
#if PG_VERSION_NUM >= 180000
	pg_crc32c	crc;
#endif
	char		buffer[64];
	bool		found;
	int			first;

	initStringInfo(&report);
	checks = 0;
	check(MyProc->pid == MyProcPid && MyProcPid == _getpid(), "MyProc->pid");
	check(MyProc->databaseId == MyDatabaseId, "MyProc->databaseId");
	check(MyProc->roleId == GetAuthenticatedUserId() || MyProc->roleId == GetUserId(), "MyProc->roleId");
	check(MyProc >= ProcGlobal->allProcs && ((char *) MyProc - (char *) ProcGlobal->allProcs) % sizeof(PGPROC) == 0, "sizeof(PGPROC)");
#if PG_VERSION_NUM >= 170000
	check(&ProcGlobal->allProcs[MyProcNumber] == MyProc, "ProcGlobal->allProcs[MyProcNumber]");
#else
	check(&ProcGlobal->allProcs[MyProc->pgprocno] == MyProc, "ProcGlobal->allProcs[pgprocno]");
#endif
	check(strcmp(MyProcPort->database_name, "probe") == 0, "MyProcPort->database_name");
	check(strcmp(MyProcPort->user_name, "postgres") == 0, "MyProcPort->user_name");
	check(strcmp(MyProcPort->remote_host, "127.0.0.1") == 0, "MyProcPort->remote_host");
	check(strcmp(MyProcPort->application_name, "probe") == 0, "MyProcPort->application_name");

	rel = relation_open(RelationRelationId, AccessShareLock);
	check(strcmp(RelationGetRelationName(rel), "pg_class") == 0, "rd_rel->relname");
	check(RelationGetDescr(rel)->natts == Natts_pg_class, "rd_att->natts");
	check(strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel), Natts_pg_class - 1)->attname), "relpartbound") == 0, "TupleDescAttr");
	check(RelationGetForm(rel)->relkind == 'r' && rel->rd_rel->relnatts == Natts_pg_class, "FormData_pg_class");
	relation_close(rel, AccessShareLock);

	/* a lock of this library, a lock of the server, and structures that contain locks */
	SpinLockInit(&lock);
	SpinLockAcquire(&lock);
	first = lock;
	SpinLockRelease(&lock);
	check(first != 0 && lock == 0 && sizeof(lock) == 4, "slock_t");
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	check(LWLockHeldByMeInMode(AddinShmemInitLock, LW_EXCLUSIVE), "LWLock");
	LWLockRelease(AddinShmemInitLock);
	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	check(ReplicationSlotCtl->replication_slots[0].in_use && strcmp(NameStr(ReplicationSlotCtl->replication_slots[0].data.name), "one") == 0, "ReplicationSlot [0]");
	check(ReplicationSlotCtl->replication_slots[1].in_use && strcmp(NameStr(ReplicationSlotCtl->replication_slots[1].data.name), "two") == 0, "ReplicationSlot [1]");
	check(ReplicationSlotCtl->replication_slots[1].data.persistency == RS_PERSISTENT, "ReplicationSlot persistency");
	LWLockRelease(ReplicationSlotControlLock);

	memset(&info, 0, sizeof(info));
	info.keysize = sizeof(int);
	info.entrysize = 16;
	info.hcxt = CurrentMemoryContext;
	table = hash_create("probe", 16, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < 1000; i++)
		((int *) hash_search(table, &i, HASH_ENTER, &found))[1] = i * 2;
	first = 777;
	check(((int *) hash_search(table, &first, HASH_FIND, &found))[1] == 1554 && hash_get_num_entries(table) == 1000, "HASHCTL");

	/* the C library */
	file = AllocateFile("probe.txt", "w");
	check(file != NULL && fprintf(file, "%lld %zu %s\n", (long long) 1 << 40, (size_t) 7, "x") > 0, "FILE: fprintf on the server's file");
	FreeFile(file);
	check(stat("probe.txt", &st) == 0 && st.st_size >= 17 && st.st_mtime > 1600000000, "struct stat");
	file = AllocateFile("probe.txt", "r");
	check(file != NULL && fgets(buffer, sizeof(buffer), file) != NULL && strncmp(buffer, "1099511627776 7 x", 17) == 0, "FILE: fgets");
	FreeFile(file);
	unlink("probe.txt");
	errno = 0;
	check(AllocateFile("no/such/file", "r") == NULL && errno == ENOENT, "errno of the server");
	errno = EACCES;
	check(strstr(psprintf("%m"), "ermission") != NULL, "errno of this library");
	check(sizeof(time_t) == 8 && llabs((long long) time(NULL) - timestamptz_to_time_t(GetCurrentTimestamp())) <= 1, "time_t");
	snprintf(buffer, sizeof(buffer), INT64_FORMAT " " UINT64_FORMAT " %g", PG_INT64_MIN, PG_UINT64_MAX, 0.1);
	check(strcmp(buffer, "-9223372036854775808 18446744073709551615 0.1") == 0, "INT64_FORMAT");
	check(fabs(sqrt(2.0) * pow(2.0, 0.5) - 2.0) < 1e-12, "math");
#if PG_VERSION_NUM >= 180000
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, "123456789", 9);
	FIN_CRC32C(crc);
	check(crc == 0xE3069283, "CRC32C");
#endif
	check(sizeof(long) == 4 && sizeof(void *) == 8 && sizeof(Datum) == 8 && sizeof(bool) == 1, "sizes");
	WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 10, 0);
	check(true, "WaitLatch");
	pg_usleep(1000);
	if (report.len == 0)
		appendStringInfoString(&report, checks >= 29 ? "all checks passed" : "checks are missing");
	PG_RETURN_TEXT_P(cstring_to_text(report.data));
}

/* a set, and a value per call */
PG_FUNCTION_INFO_V1(series);
Datum
series(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		context->max_calls = PG_GETARG_INT32(0);
	}
	context = SRF_PERCALL_SETUP();
	if (context->call_cntr < context->max_calls)
		SRF_RETURN_NEXT(context, Float8GetDatum(context->call_cntr * 0.5));
	SRF_RETURN_DONE(context);
}
