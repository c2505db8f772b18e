// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"

#include <string.h>

/* As the configuration allows them. */
#define QUERY_LIMIT ((size_t) 512 << 10)
#define BOOLEAN_OID 16 /* src/include/catalog/pg_type.dat */

/*
 * search_path is the same on a server in use and on a restored copy, whose
 * database has none of its settings yet.
 */
static const char begin_query[] = "BEGIN READ ONLY";
static const char path_query[] = "SELECT pg_catalog.set_config('search_path', 'public', true)";
static const char fetch_query[] = "FETCH 2 FROM redoubt_check";

static enum status
run_command(struct pg_connection *connection, const char *command, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    return pg_query(connection, command, &result, err);
}

/* A cursor: of a query that gives millions of rows, two are enough to know. */
static enum status
open_cursor(struct pg_connection *connection, const char *query, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(buffer_append_text(&sql, err, "DECLARE redoubt_check NO SCROLL CURSOR FOR "));
    TRY(buffer_append(&sql, bytes_of(query), err));
    TRY(buffer_text(&sql, &text, err));
    return pg_query_single(connection, text, &result, err);
}

static void
judge(const PGresult *rows, struct check_result *result)
{
    bool is_true = false;

    if (PQntuples(rows) == 0)
        check_result_found(result, "no row");
    else if (PQntuples(rows) > 1)
        check_result_found(result, "more than one row");
    else if (PQnfields(rows) != 1)
        check_result_found(result, "%d columns", PQnfields(rows));
    else if (PQgetisnull(rows, 0, 0))
        check_result_found(result, "NULL");
    else if (PQftype(rows, 0) != BOOLEAN_OID)
        check_result_found(result, "%s, which is no boolean", PQgetvalue(rows, 0, 0));
    else
    {
        is_true = strcmp(PQgetvalue(rows, 0, 0), "t") == 0;
        check_result_found(result, "%s", is_true ? "true" : "false");
    }
    check_result_judge(result, is_true);
}

static enum status
ask(const struct check_context *context, const struct check *check, struct check_result *result,
    struct error *err)
{
    SCOPED(pg_result_freep) PGresult *rows = NULL;

    TRY(run_command(context->connection, path_query, err));
    TRY(open_cursor(context->connection, check->query->sql, err));
    TRY(pg_query(context->connection, fetch_query, &rows, err));
    judge(rows, result);
    return OK;
}

/* After a failure the connection, and the transaction with it, is given up. */
enum status
check_query(const struct check_context *context, const struct check *check,
            struct check_result *result, struct error *err)
{
    check_result_expected(result, "true");
    TRY(run_command(context->connection, begin_query, err));
    TRY(ask(context, check, result, err));
    return run_command(context->connection, "ROLLBACK", err);
}
