// SPDX-License-Identifier: PostgreSQL
#include "dump/snapshot.h"

#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT        ((size_t) 1 << 20)
#define SNAPSHOT_NAME_SIZE 64

struct dump_snapshot
{
    struct pg_connection *connection; /* in the transaction */
    char name[SNAPSHOT_NAME_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];
};

/*
 * Roles that something in the database refers to, which pg_shdepend has, except
 * the one that initdb made: what is pinned is not recorded (dependency.c).
 */
static const char roles_query[] =
    "SELECT a.rolname FROM pg_roles a WHERE EXISTS"
    " (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass"
    "   AND d.refobjid = a.oid AND d.dbid ="
    "   (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " OR a.oid = 10 AND EXISTS"
    " (SELECT FROM (SELECT 'pg_class'::regclass AS classid, oid, relowner AS owner FROM pg_class"
    "   UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc"
    "   UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM pg_type"
    "   UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace"
    "   UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger"
    "   UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata) o"
    "  WHERE o.owner = 10 AND o.oid >= 16384 AND NOT EXISTS"
    "   (SELECT FROM pg_depend e WHERE e.classid = o.classid AND e.objid = o.oid"
    "     AND e.deptype = 'e'))"
    " ORDER BY 1";

/* plpgsql is everywhere, and no dump creates it. */
static const char extensions_query[] =
    "SELECT extname FROM pg_extension WHERE oid >= 16384 ORDER BY 1";

static enum status
begin(struct dump_snapshot *snapshot, struct error *err)
{
    static const char *const commands[] = {
        /* Rows that a policy hides would be missing in silence; idle we shall be for hours. */
        "SET row_security = off",
        "SET idle_in_transaction_session_timeout = 0",
        "SET statement_timeout = 0",
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };

    for (size_t index = 0; index < sizeof(commands) / sizeof(commands[0]); index++)
    {
        SCOPED(pg_result_freep) PGresult *result = NULL;

        TRY(pg_query(snapshot->connection, commands[index], &result, err));
    }
    TRY(pg_query_text(snapshot->connection, "SELECT pg_export_snapshot()", snapshot->name,
                      sizeof(snapshot->name), err));
    /* After the snapshot was taken, so nothing that it shows was committed later. */
    return pg_query_text(snapshot->connection,
                         "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
                         " ELSE pg_current_wal_insert_lsn() END",
                         snapshot->lsn, sizeof(snapshot->lsn), err);
}

enum status
dump_snapshot_open(struct dump_snapshot **snapshot, const char *conninfo, const char *database,
                   struct error *err)
{
    SCOPED(freep) char *changed = NULL;
    SCOPED(dump_snapshot_freep) struct dump_snapshot *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    TRY(pg_conninfo_with_database(conninfo, database, &changed, err));
    TRY(pg_connection_open(&made->connection, changed, PG_CONNECTION_SQL, err));
    TRY(begin(made, err));
    *snapshot = made;
    made = NULL;
    return OK;
}

void
dump_snapshot_freep(struct dump_snapshot **snapshot)
{
    if (*snapshot == NULL)
        return;
    pg_connection_freep(&(*snapshot)->connection);
    free(*snapshot);
    *snapshot = NULL;
}

const char *
dump_snapshot_name(const struct dump_snapshot *snapshot)
{
    return snapshot->name;
}

int
dump_snapshot_major(const struct dump_snapshot *snapshot)
{
    return pg_connection_version(snapshot->connection) / 10000;
}

enum status
dump_snapshot_reads_passwords(struct dump_snapshot *snapshot, bool *reads, struct error *err)
{
    char answer[8];

    TRY(pg_query_text(snapshot->connection, "SELECT has_table_privilege('pg_authid', 'SELECT')",
                      answer, sizeof(answer), err));
    *reads = strcmp(answer, "t") == 0;
    return OK;
}

static enum status
copy(const PGresult *result, int row, int column, char **into, struct error *err)
{
    *into = strdup(PQgetvalue(result, row, column));
    return *into == NULL ? error_no_memory(err) : OK;
}

static enum status
describe_server(struct dump_snapshot *snapshot, struct dump_document *document, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct dump *dump = &document->dump;

    TRY(pg_query(snapshot->connection,
                 "SELECT system_identifier, pg_database_size(current_database()), version()"
                 " FROM pg_control_system()",
                 &result, err));
    dump->server_version = (uint32_t) pg_connection_version(snapshot->connection);
    dump->system_identifier = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    dump->database_bytes = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    TRY(copy(result, 0, 2, &document->server, err));
    return pg_lsn_parse(snapshot->lsn, &dump->lsn, err);
}

/* Columns that came and changed their names with versions are asked for where they are. */
static const char *
locale_columns(int major)
{
    if (major >= 17)
        return "datlocale, daticurules";
    return major == 16 ? "daticulocale, daticurules" : "daticulocale, NULL";
}

static enum status
describe_locale(struct dump_snapshot *snapshot, struct dump_document *document, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char query[512];

    snprintf(query, sizeof(query),
             "SELECT pg_encoding_to_char(encoding), datcollate, datctype,"
             " CASE datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin' END, %s,"
             " pg_get_userbyid(datdba)"
             " FROM pg_database WHERE datname = current_database()",
             locale_columns(dump_snapshot_major(snapshot)));
    TRY(pg_query(snapshot->connection, query, &result, err));
    if (PQntuples(result) != 1)
        return error_set(err, STATUS_UNSUPPORTED, "the server does not know its database");
    TRY(copy(result, 0, 0, &document->encoding, err));
    TRY(copy(result, 0, 1, &document->collate, err));
    TRY(copy(result, 0, 2, &document->ctype, err));
    TRY(copy(result, 0, 3, &document->locale_provider, err));
    TRY(copy(result, 0, 4, &document->locale, err));
    TRY(copy(result, 0, 5, &document->icu_rules, err));
    return copy(result, 0, 6, &document->owner, err);
}

static enum status
read_texts(struct dump_snapshot *snapshot, const char *query, struct dump_texts *texts,
           struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(snapshot->connection, query, &result, err));
    for (int row = 0; row < PQntuples(result); row++)
        TRY(dump_texts_add(texts, PQgetvalue(result, row, 0), err));
    return OK;
}

/* A standby has no rows of unlogged tables, and pg_dump does not ask it for them. */
static enum status
append_without_rows(const struct dump_selection *selection, struct buffer *sql, struct error *err)
{
    TRY(buffer_append_text(sql, err, "c.relpersistence = 'u' AND pg_is_in_recovery() OR "));
    return dump_selection_without_rows(selection, sql, err);
}

static enum status
read_tables(struct dump_snapshot *snapshot, const struct dump_selection *selection,
            struct pg_tables *tables, struct error *err)
{
    SCOPED(buffer_release) struct buffer condition = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(buffer_release) struct buffer without_rows = BUFFER_INIT(QUERY_LIMIT);
    struct pg_tables_request request = {0};

    TRY(dump_selection_condition(selection, &condition, err));
    TRY(append_without_rows(selection, &without_rows, err));
    TRY(buffer_text(&condition, &request.condition, err));
    TRY(buffer_text(&without_rows, &request.without_rows, err));
    return pg_tables_read(snapshot->connection, &request, tables, err);
}

/* Its texts become the document's. */
static struct dump_table
take_table(struct pg_table *table)
{
    const struct dump_table taken = {
        .schema = table->schema,
        .name = table->name,
        .rows = table->rows,
        .counted = table->counted,
    };

    table->schema = NULL;
    table->name = NULL;
    return taken;
}

static enum status
describe_tables(struct dump_snapshot *snapshot, const struct dump_selection *selection,
                struct dump_document *document, struct error *err)
{
    SCOPED(pg_tables_release) struct pg_tables tables = {0};

    TRY(read_tables(snapshot, selection, &tables, err));
    document->tables = calloc(tables.count + 1, sizeof(*document->tables));
    if (document->tables == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < tables.count; index++)
        document->tables[document->table_count++] = take_table(&tables.items[index]);
    return OK;
}

static enum status
count_rows(struct dump_snapshot *snapshot, struct dump_table *table, struct error *err)
{
    uint64_t rows;

    TRY(pg_table_count(snapshot->connection, table->schema, table->name, &rows, err));
    table->rows = (int64_t) rows;
    table->counted = true;
    return OK;
}

static enum status
count_tables(struct dump_snapshot *snapshot, const struct dump_counted *counted,
             size_t counted_count, struct dump_document *document, struct error *err)
{
    for (size_t index = 0; index < counted_count; index++)
        for (size_t at = 0; at < document->table_count; at++)
            if (!document->tables[at].counted &&
                strcmp(document->tables[at].schema, counted[index].schema) == 0 &&
                strcmp(document->tables[at].name, counted[index].table) == 0)
                TRY(count_rows(snapshot, &document->tables[at], err));
    return OK;
}

enum status
dump_snapshot_describe(struct dump_snapshot *snapshot, const struct dump_selection *selection,
                       const struct dump_counted *counted, size_t counted_count,
                       struct dump_document *document, struct error *err)
{
    TRY(describe_server(snapshot, document, err));
    TRY(describe_locale(snapshot, document, err));
    TRY(read_texts(snapshot, roles_query, &document->roles, err));
    if (dump_selection_is_whole(selection))
        TRY(read_texts(snapshot, extensions_query, &document->extensions, err));
    TRY(describe_tables(snapshot, selection, document, err));
    return count_tables(snapshot, counted, counted_count, document, err);
}
