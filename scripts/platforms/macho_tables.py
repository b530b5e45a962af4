#!/usr/bin/env python3
"""Writes the tables with which macho-loader.c runs the machine code of a macOS library in a server for Linux.

macho_tables.py LIBRARY ARCH FOLDER   writes library.macho and tables.h to FOLDER

This tests the code, its relocations and symbols. It does not test the loader of macOS, nor the code signature.
SPDX-License-Identifier: MIT"""
import os
import struct
import sys

from macho import CHAINED_FIXUPS, CPU, DYLD_INFO, MachO, Wrong, string, uleb

# The symbols that a library may use here. Their functions take and return the same types on both systems, without structures of the C
# library. Add a name only after comparing the declarations; jmp_buf, FILE, struct stat and clock numbers, for example, differ.
SERVER = '''
    DefineCustomIntVariable GetCurrentTimestamp InterruptPending MarkGUCPrefixReserved ProcessInterrupts SPI_connect SPI_datumTransfer
    SPI_execute_plan SPI_finish SPI_getbinval SPI_keepplan SPI_prepare SPI_processed SPI_result SPI_result_code_string SPI_tuptable
    array_bitmap_copy construct_empty_array errcode errfinish errstart_cold palloc pg_detoast_datum pg_detoast_datum_packed
    '''.split()
# Further symbols that pgvector uses. On arm64, macOS packs arguments on the stack: no function has two neighbouring arguments there of
# which the first is shorter than 8 bytes and the second fits into the gap.
SERVER += '''
    AllocSetContextCreateInternal ArrayGetIntegerTypmods BlockSampler_HasMore BlockSampler_Init BlockSampler_Next BufferBlocks
    BufferGetBlockNumber BuildIndexInfo ConditionVariableCancelSleep ConditionVariableInit ConditionVariableSignal
    ConditionVariableSleep CreateParallelContext CreateTemplateTupleDesc CurrentMemoryContext DefineCustomEnumVariable
    DefineCustomRealVariable DestroyParallelContext DirectFunctionCall1Coll EnterParallelMode ExecStoreVirtualTuple ExitParallelMode
    FreeAccessStrategy FunctionCall0Coll FunctionCall1Coll FunctionCall2Coll GenerationContextCreate GenericXLogAbort GenericXLogFinish
    GenericXLogRegisterBuffer GenericXLogStart GetAccessStrategy GetTransactionSnapshot InitializeParallelDSM ItemPointerEquals
    LWLockAcquire LWLockInitialize LWLockNewTrancheId LWLockRegisterTranche LWLockRelease LaunchParallelWorkers LocalBufferBlockPointers
    LockBuffer LockBufferForCleanup LockPage LockRelationForExtension MainLWLockArray MakeSingleTupleTableSlot MarkBufferDirty
    MemoryContextAlloc MemoryContextAllocExtended MemoryContextAllocZero MemoryContextDelete MemoryContextMemAllocated
    MemoryContextReset PageAddItemExtended PageGetExactFreeSpace PageGetFreeSpace PageIndexMultiDelete PageIndexTupleOverwrite PageInit
    ReadBuffer ReadBufferExtended RegisterSnapshot RelationGetIndexScan RelationGetNumberOfBlocksInFork ShmemInitStruct SnapshotAnyData
    TTSOpsMinimalTuple TTSOpsVirtual TupleDescInitEntry UnlockPage UnlockRelationForExtension UnlockReleaseBuffer UnregisterSnapshot
    WaitForParallelWorkersToAttach WaitForParallelWorkersToFinish add_int_reloption add_reloption_kind add_size array_contains_nulls
    build_reloptions construct_array datumCopy datumIsEqual debug_query_string deconstruct_array enlargeStringInfo errstart
    float_overflow_error float_to_shortest_decimal_buf float_to_shortest_decimal_bufn float_underflow_error genericcostestimate
    get_tablespace_page_costs get_typlenbyvalalign index_close index_form_tuple index_getprocid index_getprocinfo index_open lappend
    list_copy list_delete_last list_make1_impl list_sort log_newpage_range maintenance_work_mem max_parallel_maintenance_workers
    nocache_index_getattr numeric_float4 pairingheap_add pairingheap_allocate pairingheap_first pairingheap_remove_first palloc0
    palloc_extended pfree pg_global_prng_state pg_ltoa pg_number_of_ones pg_prng_double pg_prng_uint32 pg_qsort pgstat_assoc_relation
    pgstat_progress_update_param pgstat_report_activity plan_create_index_workers pnstrdup pq_begintypsend pq_endtypsend pq_getmsgfloat4
    pq_getmsgint pq_sendfloat4 process_shared_preload_libraries_in_progress reservoir_get_next_S reservoir_init_selection_state s_lock
    sampler_random_fract shm_toc_allocate shm_toc_insert shm_toc_lookup slot_getsomeattrs_int table_beginscan_parallel table_close
    table_open table_parallelscan_estimate table_parallelscan_initialize tuplesort_attach_shared tuplesort_begin_heap tuplesort_end
    tuplesort_estimate_shared tuplesort_gettupleslot tuplesort_initialize_shared tuplesort_performsort tuplesort_puttupleslot
    tuplesort_reset vacuum_delay_point wal_level work_mem
    '''.split()
# Further symbols that ip4r, pg_rational, prefix and semver use.
SERVER += '''
    DirectFunctionCall2Coll DirectFunctionCall3Coll cstring_to_text cstring_to_text_with_len end_MultiFuncCall errsave_finish errsave_start
    hash_bytes hash_bytes_extended hashint2 hashtext init_MultiFuncCall int8_numeric numeric_abs numeric_add numeric_div_trunc numeric_eq
    numeric_floor numeric_gt numeric_in numeric_inc numeric_int8 numeric_mul numeric_sub numeric_uminus per_MultiFuncCall pq_getmsgbyte
    pq_getmsgbytes pq_getmsgend pq_getmsgint64 pq_getmsgstring pq_getmsgtext pq_sendstring pq_sendtext pstrdup text_to_cstring textin
    textout
    '''.split()
# Further symbols that a project generated by the archetype and extra_window_functions use.
SERVER += '''
    WinGetCurrentPosition WinGetFuncArgCurrent WinGetFuncArgInFrame WinGetFuncArgInPartition WinGetPartitionLocalMemory
    WinGetPartitionRowCount WinRowsArePeers WinSetMarkPosition float8_cmp_internal float8in_internal float8out_internal
    get_fn_expr_arg_stable get_fn_expr_argtype hashfloat8 pq_getmsgfloat8 pq_sendfloat8
    '''.split()
# Further symbols that pgaudit and rum use. All arguments on the stack are pointers or values of type Datum.
SERVER += '''
    ArrayGetNItems BlessTupleDesc CheckForSerializableConflictIn ConditionalLockBuffer ConditionalLockBufferForCleanup CritSectionCount
    DecrTupleDescRefCount FunctionCall3Coll FunctionCall4Coll FunctionCall5Coll FunctionCall7Coll FunctionCall8Coll GetDefaultOpClass
    GetFreeIndexPage GetMemoryChunkSpace HeapTupleHeaderGetDatum IncrBufferRefCount IndexFreeSpaceMapVacuum LogicalTapeRead
    LogicalTapeWrite PageGetTempPageCopy PageIndexTupleDelete PageRestoreTempPage PredicateLockPage PredicateLockPageCombine
    PredicateLockPageSplit RecordFreeIndexPage ReleaseAndReadBuffer ReleaseBuffer ReleaseCatCacheList ReleaseSysCache SearchSysCache1
    SearchSysCacheExists SearchSysCacheList SysCacheGetAttr TS_execute TupleDescInitEntryCollation add_bool_reloption
    add_string_reloption bit_in bitcmp btcharcmp btfloat4cmp btfloat8cmp btint2cmp btint4cmp btint8cmp btoidcmp bttextcmp byteacmp
    cash_cmp check_amop_signature check_stack_depth date_cmp fmgr_info_copy fmgr_info_cxt format_operator format_procedure
    format_type_be getBaseType get_attnum get_call_result_type get_opclass_family get_opclass_input_type get_opfamily_proc
    gincostestimate heap_form_tuple identify_opfamily_groups inet_in interval_cmp lookup_rowtype_tupdesc lookup_type_cache macaddr_cmp
    network_cmp nocachegetattr numeric_cmp pg_detoast_datum_copy qsort_arg rbt_begin_iterate rbt_create rbt_insert rbt_iterate repalloc
    tbm_add_tuples time_cmp timestamp_cmp timetz_cmp tsCompareString tsquery_requires_match tuplesort_begin_common
    tuplesort_getindextuple tuplesort_puttuple_common varbit_in
    CreateCommandTag DefineCustomBoolVariable DefineCustomStringVariable ExecutorCheckPerms_hook ExecutorEnd_hook ExecutorRun_hook
    ExecutorStart_hook GUC_check_errdetail_string GetCommandLogLevel GetCommandTagEnum GetCommandTagName GetSessionUserId GetUserId
    IsAbortedTransactionBlockState IsCatalogNamespace MemoryContextRegisterResetCallback MemoryContextSetParent OidOutputFunctionCall
    ParallelWorkerNumber ProcessUtility_hook SPI_execute SPI_getvalue SearchSysCache2 SplitIdentifierString appendStringInfoChar
    appendStringInfoString bms_copy bms_first_member bms_free bms_is_empty bms_next_member copyParamList creating_extension
    errhidecontext errhidestmt getRTEPermissionInfo getTypeOutputInfo get_namespace_name get_rel_name get_rel_namespace get_role_oid
    guc_free guc_malloc has_privs_of_role initStringInfo is_member_of_role list_free object_access_hook pg_strcasecmp pg_tolower
    pre_format_elog_string quote_qualified_identifier standard_ExecutorEnd standard_ExecutorRun standard_ExecutorStart
    standard_ProcessUtility
    '''.split()
# A function with five arguments, and then numbers of 4 bytes.
NUMBERS_AFTER_5 = ['check_amproc_signature']
# Functions with a format, by the number of arguments before it. On arm64, macOS passes all arguments after the format on the stack.
FORMATTING = 'errmsg errmsg_internal errdetail errhint format_elog_string psprintf'.split()
FORMATTING_AFTER_1 = 'appendStringInfo pg_sprintf'.split()
FORMATTING_AFTER_2 = 'pg_snprintf'.split()
SCANNING = 'sscanf'.split()
# Error numbers differ, but these extensions compare errno only with ERANGE, which is the same. sigsetjmp writes less than the size of
# macOS's buffer if it does not save the signal mask; the server never does.
SYSTEM = {name: name for name in '''
    __memcpy_chk __stack_chk_fail acos atoi bzero exp2f free ldexp log malloc memcmp memcpy memmove memset modf pow random strchr strcmp strcpy strcspn
    hypot strlen strncpy strpbrk strspn strstr strtof strtok_r strtol strtoll
    '''.split()}
SYSTEM.update({'__bzero': 'bzero', '__error': '__errno_location', 'sigsetjmp': '__sigsetjmp'})
# symbols that macho-loader.c defines
OWN = {'__stack_chk_guard': 'GUARD', 'memset_pattern16': 'OWN', '_DefaultRuneLocale': 'OWN', '__maskrune': 'OWN'}
# sections that only a real loader can process
UNSUPPORTED = {'__mod_init_func', '__init_offsets', '__thread_vars'}


def sleb(data, at):
    start = at
    value, at = uleb(data, at)
    bits = 7 * (at - start)
    return value - (1 << bits) if data[at - 1] & 0x40 else value, at


def rebases(library, at, end):
    """Yields the address of each pointer into the library."""
    data, address = library.data, 0
    while at < end:
        opcode, operand = data[at] & 0xF0, data[at] & 0xF
        at += 1
        times, skip = 0, 0
        if opcode == 0x00:
            return
        elif opcode == 0x20:
            offset, at = uleb(data, at)
            address = library.segments[operand][1] + offset
        elif opcode == 0x30:
            offset, at = uleb(data, at)
            address += offset
        elif opcode == 0x40:
            address += operand * 8
        elif opcode == 0x50:
            times = operand
        elif opcode == 0x60:
            times, at = uleb(data, at)
        elif opcode == 0x70:
            times = 1
            skip, at = uleb(data, at)
        elif opcode == 0x80:
            times, at = uleb(data, at)
            skip, at = uleb(data, at)
        elif (opcode, operand) != (0x10, 1):
            raise Wrong('rebase opcode %#x' % opcode)
        for _ in range(times):
            yield address
            address += 8 + skip


def binds(library, at, end, lazy):
    """Yields (address, symbol, addend) of each pointer to a symbol of another image."""
    data, address, name, addend = library.data, 0, '', 0
    while at < end:
        opcode, operand = data[at] & 0xF0, data[at] & 0xF
        at += 1
        times, skip = 0, 0
        if opcode == 0x00:
            if not lazy:
                return
        elif opcode == 0x20:
            _, at = uleb(data, at)
        elif opcode == 0x40:
            name, at = string(data, at)
        elif opcode == 0x60:
            addend, at = sleb(data, at)
        elif opcode == 0x70:
            offset, at = uleb(data, at)
            address = library.segments[operand][1] + offset
        elif opcode == 0x80:
            offset, at = uleb(data, at)
            address = address + offset & (1 << 64) - 1
        elif opcode == 0x90:
            times = 1
        elif opcode == 0xA0:
            times = 1
            skip, at = uleb(data, at)
        elif opcode == 0xB0:
            times, skip = 1, operand * 8
        elif opcode == 0xC0:
            times, at = uleb(data, at)
            skip, at = uleb(data, at)
        # the library's number and the type pointer
        elif opcode not in (0x10, 0x30) and (opcode, operand) != (0x50, 1):
            raise Wrong('bind opcode %#x' % opcode)
        for _ in range(times):
            yield address, name, addend
            address = address + 8 + skip & (1 << 64) - 1


def opcode_fixups(library, at):
    """Yields (address, symbol or None, value) of LC_DYLD_INFO."""
    rebase, rebase_size, bind, bind_size, _, weak_size, lazy, lazy_size = struct.unpack_from('<8I', library.data, at + 8)
    if weak_size:
        raise Wrong('weak symbols')
    for address in rebases(library, rebase, rebase + rebase_size):
        yield address, None, struct.unpack('<Q', library.at(address, 8))[0]
    yield from binds(library, bind, bind + bind_size, False)
    yield from binds(library, lazy, lazy + lazy_size, True)


def chained_fixups(library, at):
    """Yields (address, symbol or None, value) of LC_DYLD_CHAINED_FIXUPS."""
    data = library.data
    header, = struct.unpack_from('<I', data, at + 8)
    _, starts, imports, symbols, count, form, compression = struct.unpack_from('<7I', data, header)
    if compression or form not in (1, 2):
        raise Wrong('imports of form %d' % form)
    names = []
    for i in range(count):
        entry = header + imports + 4 * form * i
        word, = struct.unpack_from('<I', data, entry)
        addend = struct.unpack_from('<i', data, entry + 4)[0] if form == 2 else 0
        names.append((string(data, header + symbols + (word >> 9))[0], addend))
    starts += header
    for segment in range(struct.unpack_from('<I', data, starts)[0]):
        offset, = struct.unpack_from('<I', data, starts + 4 + 4 * segment)
        if not offset:
            continue
        _, page_size, form, base, _, pages = struct.unpack_from('<IHHQIH', data, starts + offset)
        if form not in (2, 6):
            raise Wrong('pointers of form %d' % form)
        for page in range(pages):
            start, = struct.unpack_from('<H', data, starts + offset + 22 + 2 * page)
            while start != 0xFFFF:
                address = base + page * page_size + start
                raw, = struct.unpack('<Q', library.at(address, 8))
                if raw >> 63:
                    name, addend = names[raw & 0xFFFFFF]
                    yield address, name, addend + (raw >> 24 & 0xFF)
                else:
                    yield address, None, raw & (1 << 36) - 1 | (raw >> 36 & 0xFF) << 56
                step = raw >> 51 & 0xFFF
                if not step:
                    break
                start += step * 4


def fixups(library):
    for command, at in library.commands:
        if command in DYLD_INFO:
            yield from opcode_fixups(library, at)
        elif command == CHAINED_FIXUPS:
            yield from chained_fixups(library, at)


def resolution(name):
    """Returns the name of a symbol to look up in the process, and the macro for its kind."""
    name = name[1:]
    for kind in 'FORMATTING', 'FORMATTING_AFTER_1', 'FORMATTING_AFTER_2', 'SCANNING', 'NUMBERS_AFTER_5':
        if name in globals()[kind]:
            return name, kind
    if name in SERVER:
        return name, 'SYMBOL'
    if name in OWN:
        return name, OWN[name]
    if name in SYSTEM:
        return SYSTEM[name], 'SYMBOL'
    raise Wrong('%s is not among the symbols that are the same on Linux; see SERVER and SYSTEM in macho_tables.py' % name)


def tables(library, path):
    if UNSUPPORTED & library.sections:
        raise Wrong('initializers and variables of threads cannot be run')
    # a symbol of dyld, needed only for lazy binding
    fixed = [fixup for fixup in fixups(library) if fixup[1] != 'dyld_stub_binder']
    names = sorted({name for _, name, _ in fixed if name})
    defined = library.defined()
    exports = sorted(name for name in library.exports() if name in defined and not name.startswith(('__mh', '___dso')))
    yield '#define FILE_NAME "%s"' % path
    yield '#define NAMES ' + ' '.join('%s(%s)' % resolution(name)[::-1] for name in names)
    yield '#define FIXUPS ' + ', '.join('{%#x, %d, %d}' % (address, names.index(name) if name else -1, value) for address, name, value in fixed)
    yield '#define SEGMENTS ' + ', '.join('{%#x, %#x, %#x, %#x, %d}' % (address, size, offset, min(size, length), protection)
                                          for _, address, size, offset, length, protection in library.segments if size)
    yield '#define EXPORTS ' + ' '.join('EXPORT(%d, %s, %#x)' % (i, name[1:], defined[name]) for i, name in enumerate(exports))
    yield '#define SIZE %#x' % max(address + size for _, address, size, _, _, _ in library.segments)


def main(path, arch, folder):
    library = MachO(path, arch)
    if library.cpu != CPU[arch]:
        raise Wrong('is not for ' + arch)
    copy = os.path.join(folder, 'library.macho')
    with open(copy, 'wb') as file:
        file.write(library.data)
    with open(os.path.join(folder, 'tables.h'), 'w') as file:
        file.write('\n'.join(tables(library, copy)) + '\n')


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except Wrong as wrong:
        sys.exit('%s: %s' % (sys.argv[1], wrong))
