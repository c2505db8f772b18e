// SPDX-License-Identifier: PostgreSQL
#include "pg/unsound_wal.h"

#include "pg/native.h"
#include "pg/page.h"

/* src/include/commands/dbcommands_xlog.h, access/heapam_xlog.h, catalog/pg_control.h */
enum
{
    DBASE_CREATE_FILE_COPY = 0x00,
    DBASE_CREATE_SIZE = 16, /* OIDs of database and tablespace, and of those copied from */

    HEAP2_MASK = 0x70,
    HEAP2_VISIBLE = 0x40,
    VISIBLE_HEAP_BLOCK = 1, /* 0 is the map's */

    XLOG_PARAMETER_CHANGE = 0x60,
    WAL_LEVEL_AT = 20, /* behind five other settings (xl_parameter_change in xlog_internal.h) */
    WAL_LEVEL_MINIMAL = 0,
};

/* src/include/catalog/pg_tablespace.dat */
enum
{
    PG_DEFAULT = 1663,
    PG_GLOBAL = 1664,
};

static enum status
malformed(const struct pg_wal_record *record, const char *what, struct error *err)
{
    char text[PG_LSN_TEXT_SIZE];

    pg_lsn_format(record->start, text);
    return error_set(err, STATUS_CORRUPT, "malformed %s in the WAL record at %s", what, text);
}

/* As paths have it. */
static uint32_t
path_tablespace(uint32_t oid)
{
    return oid == PG_DEFAULT || oid == PG_GLOBAL ? 0 : oid;
}

static enum status
read_database(const struct pg_wal_record *record, struct pg_unsound *unsound, struct error *err)
{
    if ((record->info & PG_WAL_INFO_MASK) != DBASE_CREATE_FILE_COPY)
        return OK;
    if (record->main.size < DBASE_CREATE_SIZE)
        return malformed(record, "copy of a database", err);
    *unsound = (struct pg_unsound){
        .kind = PG_UNSOUND_DATABASE,
        .tablespace = path_tablespace(native_u32(record->main.data + 4)),
        .database = native_u32(record->main.data),
    };
    return OK;
}

static enum status
read_visible(const struct pg_wal_record *record, struct pg_unsound *unsound, struct error *err)
{
    struct pg_wal_block block;

    if ((record->info & HEAP2_MASK) != HEAP2_VISIBLE)
        return OK;
    if (!pg_wal_record_block(record, VISIBLE_HEAP_BLOCK, &block) || block.fork != PG_FORK_MAIN)
        return malformed(record, "mark of an all-visible page", err);
    *unsound = (struct pg_unsound){
        .kind = PG_UNSOUND_PAGE,
        .tablespace = path_tablespace(block.tablespace),
        .database = block.database,
        .relfilenode = block.relfilenode,
        .block = block.block,
    };
    return OK;
}

static enum status
read_parameters(const struct pg_wal_record *record, struct pg_unsound *unsound, struct error *err)
{
    if ((record->info & PG_WAL_INFO_MASK) != XLOG_PARAMETER_CHANGE)
        return OK;
    if (record->main.size < WAL_LEVEL_AT + sizeof(uint32_t))
        return malformed(record, "change of parameters", err);
    if (native_u32(record->main.data + WAL_LEVEL_AT) == WAL_LEVEL_MINIMAL)
        unsound->kind = PG_UNSOUND_EVERYTHING;
    return OK;
}

enum status
pg_unsound_wal_read(const struct pg_wal_record *record, struct pg_unsound *unsound,
                    struct error *err)
{
    *unsound = (struct pg_unsound){.kind = PG_UNSOUND_NONE};
    switch (record->rmid)
    {
    case PG_WAL_RM_DBASE:
        return read_database(record, unsound, err);
    case PG_WAL_RM_HEAP2:
        return read_visible(record, unsound, err);
    case PG_WAL_RM_XLOG:
        return read_parameters(record, unsound, err);
    default:
        return OK;
    }
}
