// SPDX-License-Identifier: PostgreSQL
#include "drill/canary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT 4096

static const char session_query[] =
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),"
    " pg_catalog.set_config('lock_timeout', '5s', false),"
    " pg_catalog.set_config('statement_timeout', '10s', false),"
    " pg_catalog.set_config('synchronous_commit', 'local', false)";

static const char schema_query[] = "SELECT count(*) FROM pg_namespace WHERE nspname = 'redoubt'";

static const char *const make_commands[] = {
    "CREATE TABLE redoubt.canary (id integer PRIMARY KEY,"
    " at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn(), host text NOT NULL)"
    " WITH (fillfactor = 50)",
    "COMMENT ON TABLE redoubt.canary IS 'written by \"redoubt canary\": how far behind a restored"
    " copy is'",
};

/* No row: there is no such relation. */
static const char fitness_query[] =
    "SELECT c.relkind = 'r' AND NOT c.relhastriggers AND NOT c.relhasrules"
    " AND NOT c.relrowsecurity AND NOT c.relhassubclass AND NOT EXISTS"
    " (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'n'))"
    " AND (SELECT array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)"
    "   ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"
    "   AND NOT a.attisdropped AND a.attgenerated = '') ="
    " ARRAY['id integer', 'at timestamp with time zone', 'lsn pg_lsn', 'host text']"
    " AND (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) = 1,"
    " o.rolsuper OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    " OR o.rolname = current_user"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_roles o ON o.oid = c.relowner"
    " WHERE n.nspname = 'redoubt' AND c.relname = 'canary'";

#define COLUMNS "(extract(epoch FROM at) * 1000000)::bigint, lsn, host"

static const char read_query[] = "SELECT " COLUMNS " FROM redoubt.canary WHERE isfinite(at)"
                                 " ORDER BY at DESC LIMIT 1";

struct fitness
{
    bool there;
    bool plain;
    bool safe; /* for us to write into */
};

static enum status
run(struct pg_connection *connection, const char *command, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    return pg_query(connection, command, &result, err);
}

static enum status
examine(struct pg_connection *connection, struct fitness *fitness, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(run(connection, session_query, err));
    TRY(pg_query(connection, fitness_query, &result, err));
    *fitness = (struct fitness){.there = PQntuples(result) > 0};
    if (!fitness->there)
        return OK;
    fitness->plain = PQgetvalue(result, 0, 0)[0] == 't';
    fitness->safe = PQgetvalue(result, 0, 1)[0] == 't';
    return OK;
}

static enum status
require_plain(const struct fitness *fitness, struct error *err)
{
    if (fitness->plain)
        return OK;
    error_set(err, STATUS_REFUSED, "\"redoubt\".\"canary\" is not the table that we make");
    error_hint(err, "Look at what is there. Without it, \"redoubt canary --install\" makes it.");
    return STATUS_REFUSED;
}

static enum status
require_ours(const struct fitness *fitness, struct error *err)
{
    TRY(require_plain(fitness, err));
    if (fitness->safe)
        return OK;
    error_set(err, STATUS_REFUSED,
              "a superuser does not write into \"redoubt\".\"canary\", which is somebody else's");
    error_hint(err, "Write it as the role that owns it, or as one that it lets write.");
    return STATUS_REFUSED;
}

static enum status
take_row(const PGresult *result, struct canary *canary, struct error *err)
{
    canary->at = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    snprintf(canary->host, sizeof(canary->host), "%s", PQgetvalue(result, 0, 2));
    return pg_lsn_parse(PQgetvalue(result, 0, 1), &canary->lsn, err);
}

static enum status
make_table(struct pg_connection *connection, struct error *err)
{
    char count[32];

    TRY(pg_query_text(connection, schema_query, count, sizeof(count), err));
    if (strcmp(count, "0") == 0)
        TRY(run(connection, "CREATE SCHEMA redoubt", err));
    for (size_t index = 0; index < sizeof(make_commands) / sizeof(make_commands[0]); index++)
        TRY(run(connection, make_commands[index], err));
    return OK;
}

/* ON CONFLICT reads the column that it looks for. */
static enum status
grant(struct pg_connection *connection, const char *role, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    const char *command;

    TRY(buffer_append_text(&sql, err, "GRANT USAGE ON SCHEMA redoubt TO "));
    TRY(pg_quote_identifier(role, &sql, err));
    TRY(buffer_append_text(&sql, err,
                           "; GRANT SELECT, INSERT, UPDATE ON TABLE redoubt.canary TO "));
    TRY(pg_quote_identifier(role, &sql, err));
    TRY(buffer_text(&sql, &command, err));
    return run(connection, command, err);
}

static enum status
trim(struct pg_connection *connection, uint32_t keep, struct error *err)
{
    char command[128];

    snprintf(command, sizeof(command), "DELETE FROM redoubt.canary WHERE id > %" PRIu32, keep);
    return run(connection, command, err);
}

/* The server says what is not allowed, and not who may allow it. */
static enum status
hint_denied(enum status status, struct error *err)
{
    if (status == STATUS_DENIED && err->hint[0] == '\0')
        error_hint(err, "As a superuser: redoubt canary --install --grant ROLE");
    return status;
}

static enum status
install(struct pg_connection *connection, uint32_t keep, const char *role, struct error *err)
{
    struct fitness fitness;

    TRY(examine(connection, &fitness, err));
    TRY(run(connection, "BEGIN", err));
    if (fitness.there)
        TRY(require_ours(&fitness, err));
    else
        TRY(make_table(connection, err));
    TRY(trim(connection, keep, err));
    if (role != NULL)
        TRY(grant(connection, role, err));
    return run(connection, "COMMIT", err);
}

enum status
canary_install(struct pg_connection *connection, uint32_t keep, const char *role, struct error *err)
{
    return hint_denied(install(connection, keep, role, err), err);
}

static enum status
append_write(uint32_t keep, const char *host, struct buffer *sql, struct error *err)
{
    TRY(buffer_append_text(sql, err,
                           "INSERT INTO redoubt.canary AS c (id, at, lsn, host) SELECT"
                           " coalesce((SELECT id FROM redoubt.canary ORDER BY at DESC LIMIT 1), 0)"
                           " %% %" PRIu32 " + 1, clock_timestamp(), pg_current_wal_insert_lsn(), ",
                           keep));
    TRY(pg_quote_literal(host, sql, err));
    return buffer_append_text(sql, err,
                              " ON CONFLICT (id) DO UPDATE SET at = excluded.at,"
                              " lsn = excluded.lsn, host = excluded.host RETURNING " COLUMNS);
}

enum status
canary_write(struct pg_connection *connection, uint32_t keep, const char *host,
             struct canary *written, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct fitness fitness;
    const char *command;

    TRY(examine(connection, &fitness, err));
    if (!fitness.there)
    {
        error_set(err, STATUS_NOT_FOUND, "there is no table \"redoubt\".\"canary\"");
        error_hint(err, "\"redoubt canary --install\" makes it.");
        return STATUS_NOT_FOUND;
    }
    TRY(require_ours(&fitness, err));
    TRY(append_write(keep, host, &sql, err));
    TRY(buffer_text(&sql, &command, err));
    TRY(hint_denied(pg_query(connection, command, &result, err), err));
    return take_row(result, written, err);
}

enum status
canary_read(struct pg_connection *connection, struct canary *newest, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct fitness fitness;

    TRY(examine(connection, &fitness, err));
    if (!fitness.there)
        return error_set(err, STATUS_NOT_FOUND, "there is no table \"redoubt\".\"canary\"");
    TRY(require_plain(&fitness, err));
    TRY(pg_query(connection, read_query, &result, err));
    if (PQntuples(result) == 0)
        return error_set(err, STATUS_NOT_FOUND, "\"redoubt\".\"canary\" has no row");
    return take_row(result, newest, err);
}
