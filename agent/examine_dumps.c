// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"
#include "dump/tool.h"
#include "pg/conninfo.h"

#define NAME "dumps"

/*
 * What pg_dump reads of a table, or locks.  A selection may leave the table out,
 * so that this is a warning.
 */
static const char unreadable_query[] =
    "SELECT min(c.oid::regclass::text), CASE count(*) WHEN 1 THEN ''"
    " ELSE ' and ' || count(*) - 1 || ' more' END, current_user"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relpersistence <> 't'"
    " AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
    " AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')"
    "         ELSE has_table_privilege(c.oid, 'SELECT') END";

static bool
find_programs(struct examination *exam)
{
    SCOPED(dump_tool_release) struct dump_tool tool = {0};
    int major = pg_connection_version(exam->connection) / 10000;
    struct error failed;

    if (dump_tool_find(exam->config->postgres.bin_directory, major, &tool, &failed) == OK)
        return true;
    examination_error(exam, NAME, &failed);
    return false;
}

static enum status
count_unreadable(const struct examination *exam, const char *database, PGresult **result,
                 struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(freep) char *conninfo = NULL;

    TRY(pg_conninfo_with_database(exam->config->postgres.connection, database, &conninfo, err));
    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    return pg_query(connection, unreadable_query, result, err);
}

/* Is there something wrong with it? */
static enum status
check_database(struct examination *exam, const char *database, bool *good, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    enum status status = count_unreadable(exam, database, &result, err);

    *good = false;
    if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
        return status;
    if (status != OK)
    {
        error_context(err, "database \"%s\"", database);
        examination_error(exam, NAME, err);
        return OK;
    }
    if (PQgetisnull(result, 0, 0))
    {
        *good = true;
        return OK;
    }
    examination_warn(exam, NAME, "role \"%s\" may not read %s%s in database \"%s\"",
                     PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1),
                     database);
    examination_fix(exam,
                    "GRANT pg_read_all_data TO \"%s\"; or leave them out in section \"dumps\".",
                    PQgetvalue(result, 0, 2));
    return OK;
}

enum status
examine_dumps(struct examination *exam, struct error *err)
{
    const struct config_dumps *dumps = &exam->config->dumps;
    size_t good_count = 0;

    if (dumps->count == 0 || exam->connection == NULL || !find_programs(exam))
        return OK;
    for (size_t index = 0; index < dumps->count; index++)
    {
        bool good;

        TRY(check_database(exam, dumps->items[index].database, &good, err));
        good_count += good ? 1 : 0;
    }
    if (good_count == dumps->count)
        examination_ok(exam, NAME, "%zu %s can be dumped", good_count,
                       good_count == 1 ? "database" : "databases");
    return OK;
}
