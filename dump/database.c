// SPDX-License-Identifier: PostgreSQL
#include "dump/database.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_LIMIT 65536

/* How the comment of one that is being loaded begins. */
#define UNFINISHED "redoubt: not loaded to the end: "
#define LOADED     "redoubt: restored from "
#define PARTLY     "redoubt: restored in part from "

#define DUPLICATE_DATABASE "42P04"

static void
finish_connection(PGconn **conn)
{
    PQfinish(*conn);
}

/* Nothing of ours is interrupted here, but by the server. */
static enum status
open_plainly(const char *conninfo, PGconn **conn, struct error *err)
{
    *conn = PQconnectdb(conninfo);
    if (*conn == NULL)
        return error_no_memory(err);
    if (PQstatus(*conn) == CONNECTION_OK)
        return OK;
    return error_set(err, STATUS_TRANSIENT, "could not connect to the server: %.*s",
                     (int) strcspn(PQerrorMessage(*conn), "\n"), PQerrorMessage(*conn));
}

static enum status
failure(const PGconn *conn, const PGresult *result, struct error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    enum status status = STATUS_REFUSED;

    if (sqlstate == NULL)
        return error_set(err, STATUS_TRANSIENT, "the connection to the server broke: %.*s",
                         (int) strcspn(PQerrorMessage(conn), "\n"), PQerrorMessage(conn));
    if (strcmp(sqlstate, DUPLICATE_DATABASE) == 0)
        status = STATUS_CONFLICT;
    error_set(err, status, "%s (SQLSTATE %s)", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
              sqlstate);
    if (detail != NULL)
        error_detail(err, "%s", detail);
    if (hint != NULL)
        error_hint(err, "%s", hint);
    return status;
}

static enum status
execute(PGconn *conn, struct buffer *command, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(buffer_text(command, &text, err));
    result = PQexec(conn, text);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        return OK;
    return failure(conn, result, err);
}

enum status
database_require_free(struct pg_connection *connection, const char *name, struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);
    char count[24];
    const char *text;

    TRY(buffer_append_text(&command, err,
                           "SELECT pg_catalog.count(*) FROM pg_catalog.pg_database "
                           "WHERE datname = "));
    TRY(pg_quote_literal(name, &command, err));
    TRY(buffer_text(&command, &text, err));
    TRY(pg_query_text(connection, text, count, sizeof(count), err));
    if (strcmp(count, "0") == 0)
        return OK;
    error_set(err, STATUS_CONFLICT, "database \"%s\" exists already", name);
    error_hint(err, "Nothing is ever loaded into a database that exists. Give another name with "
                    "--into, or leave that out.");
    return STATUS_CONFLICT;
}

static enum status
append_option(struct buffer *command, const char *name, const char *value, struct error *err)
{
    if (value[0] == '\0')
        return OK;
    TRY(buffer_append_text(command, err, " %s ", name));
    return pg_quote_literal(value, command, err);
}

/* template0: whatever template1 has been given since is in the dump, or does not belong in it. */
static enum status
append_create(struct buffer *command, const char *name, const struct dump_document *document,
              bool no_owner, struct error *err)
{
    bool builtin = strcmp(document->locale_provider, "builtin") == 0;

    TRY(buffer_append_text(command, err, "CREATE DATABASE "));
    TRY(pg_quote_identifier(name, command, err));
    TRY(buffer_append_text(command, err, " TEMPLATE template0"));
    TRY(append_option(command, "ENCODING", document->encoding, err));
    TRY(append_option(command, "LOCALE_PROVIDER", document->locale_provider, err));
    TRY(append_option(command, "LC_COLLATE", document->collate, err));
    TRY(append_option(command, "LC_CTYPE", document->ctype, err));
    TRY(append_option(command, builtin ? "BUILTIN_LOCALE" : "ICU_LOCALE", document->locale, err));
    TRY(append_option(command, "ICU_RULES", document->icu_rules, err));
    if (no_owner || document->owner[0] == '\0')
        return OK;
    TRY(buffer_append_text(command, err, " OWNER "));
    return pg_quote_identifier(document->owner, command, err);
}

static enum status
append_comment(struct buffer *command, const char *name, const char *state,
               const struct dump_document *document, struct error *err)
{
    char comment[DUMP_ID_SIZE + 128];
    char id[DUMP_ID_SIZE];
    char time[TIME_TEXT_SIZE];

    dump_id(&document->dump, id);
    time_format(clock_now() / US_PER_SECOND * US_PER_SECOND, time);
    snprintf(comment, sizeof(comment), "%s%s, %s", state, id, time);
    TRY(buffer_append_text(command, err, "COMMENT ON DATABASE "));
    TRY(pg_quote_identifier(name, command, err));
    TRY(buffer_append_text(command, err, " IS "));
    return pg_quote_literal(comment, command, err);
}

static enum status
comment_on(PGconn *conn, const char *name, const char *state, const struct dump_document *document,
           struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);

    TRY(append_comment(&command, name, state, document, err));
    return execute(conn, &command, err);
}

static enum status
drop_by(PGconn *conn, const char *name, struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);

    TRY(buffer_append_text(&command, err, "DROP DATABASE "));
    TRY(pg_quote_identifier(name, &command, err));
    TRY(buffer_append_text(&command, err, " WITH (FORCE)"));
    return execute(conn, &command, err);
}

enum status
database_create(const char *conninfo, const char *name, const struct dump_document *document,
                bool no_owner, struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);
    SCOPED(finish_connection) PGconn *conn = NULL;
    struct error ignored;
    enum status status;

    TRY(open_plainly(conninfo, &conn, err));
    TRY(append_create(&command, name, document, no_owner, err));
    status = execute(conn, &command, err);
    if (status != OK)
    {
        error_context(err, "could not make database \"%s\"", name);
        return status;
    }
    status = comment_on(conn, name, UNFINISHED, document, err);
    if (status != OK && drop_by(conn, name, &ignored) != OK)
        error_hint(err, "Database \"%s\" was made and not dropped again.", name);
    return status;
}

enum status
database_mark_loaded(const char *conninfo, const char *name, const struct dump_document *document,
                     bool whole, struct error *err)
{
    SCOPED(finish_connection) PGconn *conn = NULL;

    TRY(open_plainly(conninfo, &conn, err));
    return comment_on(conn, name, whole ? LOADED : PARTLY, document, err);
}

static enum status
query_comment(struct pg_connection *connection, const char *name, PGresult **result,
              struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);
    const char *text;

    TRY(buffer_append_text(&command, err,
                           "SELECT pg_catalog.shobj_description(oid, 'pg_database')"
                           " FROM pg_catalog.pg_database WHERE datname = "));
    TRY(pg_quote_literal(name, &command, err));
    TRY(buffer_text(&command, &text, err));
    return pg_query(connection, text, result, err);
}

enum status
database_read_source(struct pg_connection *connection, const char *name, char id[DUMP_ID_SIZE],
                     struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *comment;
    size_t length;

    TRY(query_comment(connection, name, &result, err));
    if (PQntuples(result) == 0)
        return error_set(err, STATUS_REFUSED, "there is no database \"%s\"", name);
    comment = PQgetvalue(result, 0, 0);
    if (strncmp(comment, LOADED, sizeof(LOADED) - 1) != 0)
    {
        error_set(err, STATUS_REFUSED, "database \"%s\" does not hold the whole of a dump", name);
        error_detail(err, "Its comment is \"%.200s\".", comment);
        return STATUS_REFUSED;
    }
    comment += sizeof(LOADED) - 1;
    length = strcspn(comment, ",");
    snprintf(id, DUMP_ID_SIZE, "%.*s", (int) (length < DUMP_ID_SIZE ? length : 0), comment);
    return OK;
}

enum status
database_drop(const char *conninfo, const char *name, struct error *err)
{
    SCOPED(finish_connection) PGconn *conn = NULL;
    enum status status;

    TRY(open_plainly(conninfo, &conn, err));
    status = drop_by(conn, name, err);
    if (status != OK)
        error_context(err, "could not drop database \"%s\"", name);
    return status;
}

enum status
database_list_beside(struct pg_connection *connection, const char *database,
                     struct database_beside **list, size_t *count, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(connection,
                 "SELECT datname, pg_catalog.shobj_description(oid, 'pg_database')"
                 " FROM pg_catalog.pg_database ORDER BY 1",
                 &result, err));
    *count = 0;
    *list = calloc((size_t) PQntuples(result) + 1, sizeof(**list));
    if (*list == NULL)
        return error_no_memory(err);
    for (int row = 0; row < PQntuples(result); row++)
    {
        struct database_beside *beside = &(*list)[*count];

        if (!namesake_is_of(PQgetvalue(result, row, 0), database, &beside->kind))
            continue;
        snprintf(beside->name, sizeof(beside->name), "%s", PQgetvalue(result, row, 0));
        beside->unfinished =
            strncmp(PQgetvalue(result, row, 1), UNFINISHED, sizeof(UNFINISHED) - 1) == 0;
        (*count)++;
    }
    return OK;
}
