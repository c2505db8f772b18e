// SPDX-License-Identifier: PostgreSQL
#include "checks/check_session.h"

#include "base/bytes.h"

#include <inttypes.h>

#define QUERY_LIMIT 512

/*
 * A server that can notice so that we are gone; else a query that we do not wait
 * for any more goes on to its limit.
 */
static const char vigilance_query[] =
    "SELECT pg_catalog.set_config('client_connection_check_interval', '1s', false)";

static void
ask_for_vigilance(struct pg_connection *connection)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct error ignored = {0};

    /* Not every platform has it; then there is nothing to be done. */
    (void) !pg_query(connection, vigilance_query, &result, &ignored);
}

/* Nothing is written, nothing is hidden, nothing goes on for ever. */
static enum status
prepare_session(const struct checks_request *request, struct pg_connection *connection,
                struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(buffer_append_text(&sql, err,
                           "SELECT pg_catalog.set_config('default_transaction_read_only', 'on',"
                           " false), pg_catalog.set_config('row_security', 'off', false),"
                           " pg_catalog.set_config('statement_timeout', '%" PRId64 "', false)",
                           request->config->limit_ms));
    TRY(buffer_text(&sql, &text, err));
    TRY(pg_query(connection, text, &result, err));
    ask_for_vigilance(connection);
    return OK;
}

enum status
check_session_open(const struct checks_request *request, const char *conninfo,
                   struct pg_connection **connection, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *made = NULL;

    TRY(pg_connection_open(&made, conninfo, PG_CONNECTION_SQL, err));
    TRY(prepare_session(request, made, err));
    *connection = made;
    made = NULL;
    return OK;
}
