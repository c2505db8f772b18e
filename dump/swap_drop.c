// SPDX-License-Identifier: PostgreSQL
#include "dump/swap.h"
#include "dump/swap_session.h"

static const char clients[] =
    "SELECT format('process %s of role \"%s\"%s', a.pid, pg_get_userbyid(a.usesysid),"
    "              CASE WHEN a.application_name = '' THEN ''"
    "                   ELSE format(' (%s)', a.application_name) END)"
    "  FROM o, pg_stat_get_activity(NULL) a"
    " WHERE a.datid = o.oid AND a.usesysid IS NOT NULL"
    "   AND coalesce(a.backend_type, '') <> 'parallel worker'"
    " ORDER BY a.pid";

static enum status
require_name(const char *name, struct error *err)
{
    if (namesake_is(name, NULL))
        return OK;
    error_set(err, STATUS_REFUSED,
              "database \"%s\" was neither put aside by a swap nor left by a restore", name);
    error_hint(err, "Only names that end in \"_before_\" or \"_restore_\" and a time are dropped "
                    "here. For any other there is DROP DATABASE.");
    return STATUS_REFUSED;
}

static enum status
require_existence(struct pg_connection *connection, const struct swap_pair *pair, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(swap_query(connection, pair, "SELECT FROM o", &result, err));
    if (PQntuples(result) == 0)
        return error_set(err, STATUS_NOT_FOUND, "there is no database \"%s\"", pair->old);
    return OK;
}

static enum status
require_no_clients(struct pg_connection *connection, const struct swap_pair *pair,
                   struct error *err)
{
    SCOPED(buffer_release) struct buffer list = {0};
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(swap_query(connection, pair, clients, &result, err));
    if (PQntuples(result) == 0)
        return OK;
    TRY(swap_list(result, &list, err));
    TRY(buffer_text(&list, &text, err));
    error_set(err, STATUS_REFUSED, "database \"%s\" is in use", pair->old);
    error_detail(err, "Connected are: %s.", text);
    error_hint(err, "Nobody is thrown out of it. Let them end, and ask again.");
    return STATUS_REFUSED;
}

static enum status
drop(struct pg_connection *connection, const char *name, struct error *err)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(1024);
    const char *command;

    TRY(buffer_append_text(&buffer, err, "DROP DATABASE "));
    TRY(pg_quote_identifier(name, &buffer, err));
    TRY(buffer_text(&buffer, &command, err));
    return swap_execute(connection, command, err);
}

enum status
swap_drop(const char *conninfo, const char *name, struct error *err)
{
    const struct swap_pair pair = {name, name, ""};
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(require_name(name, err));
    TRY(swap_connect(conninfo, &pair, &connection, err));
    TRY(require_existence(connection, &pair, err));
    TRY(require_no_clients(connection, &pair, err));
    return drop(connection, name, err);
}
