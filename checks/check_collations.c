// SPDX-License-Identifier: PostgreSQL
/*
 * Under another version of a collation the same texts may sort otherwise, and
 * every index on them is silently wrong
 * (https://www.postgresql.org/docs/current/sql-altercollation.html).
 */
#include "checks/check.h"

#include <string.h>

#define NAMES_LIMIT 1024
#define NAMES_SHOWN 3

static const char database_query[] =
    "SELECT d.datcollversion, pg_catalog.pg_database_collation_actual_version(d.oid)"
    " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

/* Those that this database can use; first those that columns do use. */
static const char collations_query[] =
    "SELECT n.nspname, c.collname, c.collversion, c.actual FROM"
    " (SELECT *, pg_catalog.pg_collation_actual_version(oid) AS actual"
    " FROM pg_catalog.pg_collation WHERE collversion IS NOT NULL AND collencoding IN"
    " (-1, (SELECT encoding FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()))) AS c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace"
    " WHERE c.collversion IS DISTINCT FROM c.actual"
    " ORDER BY EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class r"
    " ON r.oid = a.attrelid WHERE a.attcollation = c.oid AND r.oid >= 16384) DESC,"
    " n.nspname, c.collname";

/* NULL: the provider knows no versions. */
static const char *
version_at(const PGresult *rows, int row, int field)
{
    return PQgetisnull(rows, row, field) ? "none" : PQgetvalue(rows, row, field);
}

enum status
check_database_collation(const struct check_context *context, const struct check *check,
                         struct check_result *result, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *rows = NULL;
    const char *recorded;
    const char *actual;

    (void) check;
    TRY(pg_query(context->connection, database_query, &rows, err));
    recorded = version_at(rows, 0, 0);
    actual = version_at(rows, 0, 1);
    if (PQgetisnull(rows, 0, 0))
        check_result_expected(result, "any: no version is recorded");
    else
        check_result_expected(result, "%s", recorded);
    check_result_found(result, "%s", actual);
    check_result_judge(result, PQgetisnull(rows, 0, 0) || strcmp(recorded, actual) == 0);
    return OK;
}

static enum status
append_differing(const PGresult *rows, struct buffer *names, struct error *err)
{
    int shown = PQntuples(rows) < NAMES_SHOWN ? PQntuples(rows) : NAMES_SHOWN;

    TRY(buffer_append_text(names, err, "%d %s: ", PQntuples(rows),
                           PQntuples(rows) == 1 ? "differs" : "differ"));
    for (int row = 0; row < shown; row++)
        TRY(buffer_append_text(names, err, "%s%s.%s (%s, now %s)", row == 0 ? "" : ", ",
                               PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1),
                               version_at(rows, row, 2), version_at(rows, row, 3)));
    return shown < PQntuples(rows) ? buffer_append_text(names, err, " and others") : OK;
}

enum status
check_collations(const struct check_context *context, const struct check *check,
                 struct check_result *result, struct error *err)
{
    SCOPED(buffer_release) struct buffer names = BUFFER_INIT(NAMES_LIMIT);
    SCOPED(pg_result_freep) PGresult *rows = NULL;
    const char *text;

    (void) check;
    check_result_expected(result, "the versions that are recorded");
    TRY(pg_query(context->connection, collations_query, &rows, err));
    check_result_judge(result, PQntuples(rows) == 0);
    check_result_found(result, "no other");
    if (result->state == CHECK_PASSED)
        return OK;
    TRY(append_differing(rows, &names, err));
    TRY(buffer_text(&names, &text, err));
    check_result_found(result, "%s", text);
    return OK;
}
