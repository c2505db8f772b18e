// SPDX-License-Identifier: PostgreSQL
#include "dump/swap_session.h"

#include "pg/conninfo.h"

#include <stdlib.h>
#include <string.h>

/* Names, and a query of ours. */
#define QUERY_LIMIT ((size_t) 16 << 10)

/* With room for the words about what did not fit. */
#define LIST_LIMIT (sizeof(((struct error *) NULL)->detail) - 32)

/*
 * The transaction locks a database that many want.  If this host or the network
 * dies, the server must not wait for TCP's own two hours; nor if we fall asleep.
 * A commit that the next crash undoes would be a lie.
 */
static const char session_settings[] =
    "SELECT set_config('lock_timeout', '5s', false),"
    " set_config('statement_timeout', '0', false),"
    " set_config('idle_in_transaction_session_timeout', '10s', false),"
    " set_config('client_connection_check_interval', '500ms', false),"
    " set_config('tcp_keepalives_idle', '5', false),"
    " set_config('tcp_keepalives_interval', '2', false),"
    " set_config('tcp_keepalives_count', '3', false),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    "            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/* The ICU and builtin locale has had two names, and its rules come with PostgreSQL 16. */
static const char two_rows[] =
    ", d AS (SELECT *, coalesce(to_jsonb(p) ->> 'datlocale', to_jsonb(p) ->> 'daticulocale')"
    "                  AS locale, to_jsonb(p) ->> 'daticurules' AS rules"
    "        FROM pg_database p)"
    ", o AS (SELECT d.* FROM d, names WHERE datname = names.old)"
    ", r AS (SELECT d.* FROM d, names WHERE datname = names.restored) ";

static bool
is_one_of(const struct swap_pair *pair, const char *database)
{
    return strcmp(database, pair->old) == 0 || strcmp(database, pair->restored) == 0;
}

/* Where the connection string leads to one of the two. */
static enum status
connect_elsewhere(const char *conninfo, const struct swap_pair *pair,
                  struct pg_connection **connection, struct error *err)
{
    const char *other = is_one_of(pair, "postgres") ? "template1" : "postgres";
    SCOPED(freep) char *changed = NULL;

    TRY(pg_conninfo_with_database(conninfo, other, &changed, err));
    return pg_connection_open(connection, changed, PG_CONNECTION_SQL, err);
}

enum status
swap_connect(const char *conninfo, const struct swap_pair *pair, struct pg_connection **connection,
             struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *made = NULL;
    char database[4 * DUMP_DATABASE_SIZE];

    TRY(pg_connection_open(&made, conninfo, PG_CONNECTION_SQL, err));
    TRY(pg_query_text(made, "SELECT current_database()", database, sizeof(database), err));
    if (is_one_of(pair, database))
    {
        pg_connection_freep(&made);
        TRY(connect_elsewhere(conninfo, pair, &made, err));
    }
    TRY(swap_execute(made, session_settings, err));
    *connection = made;
    made = NULL;
    return OK;
}

enum status
swap_query(struct pg_connection *connection, const struct swap_pair *pair, const char *query,
           PGresult **result, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(QUERY_LIMIT);
    const char *command;

    TRY(buffer_append_text(&text, err, "WITH names AS (SELECT text "));
    TRY(pg_quote_literal(pair->old, &text, err));
    TRY(buffer_append_text(&text, err, " AS old, text "));
    TRY(pg_quote_literal(pair->restored, &text, err));
    TRY(buffer_append_text(&text, err, " AS restored, text "));
    TRY(pg_quote_literal(pair->aside, &text, err));
    TRY(buffer_append_text(&text, err, " AS aside)"));
    TRY(buffer_append(&text, bytes_of(two_rows), err));
    TRY(buffer_append(&text, bytes_of(query), err));
    TRY(buffer_text(&text, &command, err));
    return pg_query(connection, command, result, err);
}

enum status
swap_list(const PGresult *result, struct buffer *list, struct error *err)
{
    int count = PQntuples(result);

    *list = BUFFER_INIT(LIST_LIMIT + 32);
    for (int row = 0; row < count; row++)
    {
        const char *item = PQgetvalue(result, row, 0);

        if (list->size + strlen(item) + 2 > LIST_LIMIT)
            return buffer_append_text(list, err, "%sand %d more", row > 0 ? "; " : "", count - row);
        TRY(buffer_append_text(list, err, "%s%s", row > 0 ? "; " : "", item));
    }
    return OK;
}

enum status
swap_execute(struct pg_connection *connection, const char *command, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    return pg_query(connection, command, &result, err);
}
