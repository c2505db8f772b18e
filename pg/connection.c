// SPDX-License-Identifier: PostgreSQL
#include "pg/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "pg/server_error.h"
#include "pg/version.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a stop request may wait for us to look. */
#define STOP_LATENCY_MS 250

#define PARAMETERS_MAX 12

struct pg_connection
{
    PGconn *conn;
    char *message;    /* libpq's memory: what pg_copy_read gave last */
    char sqlstate[6]; /* of the last failure */
};

/* For PQconnectdbParams: a later one of the same name counts. */
struct parameters
{
    const char *names[PARAMETERS_MAX + 1];
    const char *values[PARAMETERS_MAX + 1];
    size_t count;
};

static enum status prepare_session(struct pg_connection *connection, struct error *err);
static enum status explain_refusal(const PGconn *conn, struct parameters *parameters,
                                   enum pg_connection_kind kind, struct error *err);
static void hear_notice(void *arg, const PGresult *result);

static void
add_parameter(struct parameters *parameters, const char *name, const char *value)
{
    parameters->names[parameters->count] = name;
    parameters->values[parameters->count] = value;
    parameters->count++;
}

static struct parameters
connection_parameters(const char *conninfo, enum pg_connection_kind kind)
{
    struct parameters parameters = {0};

    /* Defaults first, for the operator to overrule. */
    if (getenv("PGCONNECT_TIMEOUT") == NULL)
        add_parameter(&parameters, "connect_timeout", "30");
    /* A server that vanished without a word is noticed within two minutes. */
    add_parameter(&parameters, "keepalives_idle", "60");
    add_parameter(&parameters, "keepalives_interval", "10");
    add_parameter(&parameters, "keepalives_count", "6");
    add_parameter(&parameters, "fallback_application_name", "redoubt");
    /* libpq expands the first "dbname" when it is a connection string. */
    add_parameter(&parameters, "dbname", conninfo);
    if (kind == PG_CONNECTION_REPLICATION)
    {
        /* The server ignores the database; ~/.pgpass is searched for this name. */
        add_parameter(&parameters, "dbname", "replication");
        add_parameter(&parameters, "replication", "true");
    }
    else
        add_parameter(&parameters, "client_encoding", "UTF8");
    return parameters;
}

static enum status
require_version(const struct pg_connection *connection, struct error *err)
{
    int version = pg_connection_version(connection);

    if (version >= PG_MAJOR_OLDEST * 10000)
        return OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "server version %s is not supported, expected %d or later",
                     PQparameterStatus(connection->conn, "server_version"), PG_MAJOR_OLDEST);
}

enum status
pg_connection_open(struct pg_connection **connection, const char *conninfo,
                   enum pg_connection_kind kind, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *made = calloc(1, sizeof(*made));
    struct parameters parameters = connection_parameters(conninfo, kind);

    if (made == NULL)
        return error_no_memory(err);
    made->conn = PQconnectdbParams(parameters.names, parameters.values, 1);
    if (made->conn == NULL)
        return error_no_memory(err);
    if (PQstatus(made->conn) != CONNECTION_OK)
        return explain_refusal(made->conn, &parameters, kind, err);
    PQsetNoticeReceiver(made->conn, hear_notice, NULL);
    TRY(require_version(made, err));
    if (kind == PG_CONNECTION_SQL)
        TRY(prepare_session(made, err));
    *connection = made;
    made = NULL;
    return OK;
}

void
pg_connection_freep(struct pg_connection **connection)
{
    if (*connection == NULL)
        return;
    PQfreemem((*connection)->message);
    PQfinish((*connection)->conn);
    free(*connection);
    *connection = NULL;
}

int
pg_connection_version(const struct pg_connection *connection)
{
    return PQserverVersion(connection->conn);
}

const char *
pg_connection_sqlstate(const struct pg_connection *connection)
{
    return connection->sqlstate;
}

void
pg_result_freep(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

/* libpq keeps a refusal's SQLSTATE to itself, but its ping says how far we came. */
static enum status
explain_refusal(const PGconn *conn, struct parameters *parameters, enum pg_connection_kind kind,
                struct error *err)
{
    const char *text = PQerrorMessage(conn);

    add_parameter(parameters, "connect_timeout", "5");
    switch (PQpingParams(parameters->names, parameters->values, 1))
    {
    case PQPING_OK:
        return server_error_refusal(conn, kind == PG_CONNECTION_REPLICATION, err);
    case PQPING_NO_ATTEMPT:
        return server_error_libpq(STATUS_CONFIG, text, err);
    case PQPING_REJECT:
    case PQPING_NO_RESPONSE:
        break;
    }
    return server_error_libpq(STATUS_TRANSIENT, text, err);
}

/*
 * Nobody who may create functions in a schema of the search path is to be asked
 * by us, and quotes are doubled and nothing else (see pg_quote_literal).
 */
static enum status
prepare_session(struct pg_connection *connection, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    return pg_query(connection,
                    "SELECT pg_catalog.set_config('search_path', '', false),"
                    " pg_catalog.set_config('standard_conforming_strings', 'on', false)",
                    &result, err);
}

static void
hear_notice(void *arg, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    (void) arg;
    if (message == NULL)
        message = PQresultErrorMessage(result);
    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        log_warning("the server warns: %s", message);
    else
        log_debug("the server says: %s", message);
}

/* The connection broke, or libpq lost its way in the protocol. */
static enum status
connection_error(struct pg_connection *connection, struct error *err)
{
    connection->sqlstate[0] = '\0';
    return server_error_libpq(STATUS_TRANSIENT, PQerrorMessage(connection->conn), err);
}

static enum status
result_error(struct pg_connection *connection, const PGresult *result, struct error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (sqlstate == NULL)
        return connection_error(connection, err);
    snprintf(connection->sqlstate, sizeof(connection->sqlstate), "%s", sqlstate);
    return server_error_result(result, err);
}

/* Wait until the server said something; *ready is false after timeout_ms. */
static enum status
wait_readable(struct pg_connection *connection, int timeout_ms, bool *ready, struct error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    int64_t left;

    *ready = false;
    while ((left = until - clock_monotonic_ms()) >= 0)
    {
        struct pollfd poll_fd = {.fd = PQsocket(connection->conn), .events = POLLIN};
        int count;

        TRY(stop_check(err));
        if (poll_fd.fd < 0)
            return connection_error(connection, err);
        count = poll(&poll_fd, 1, left < STOP_LATENCY_MS ? (int) left : STOP_LATENCY_MS);
        if (count < 0 && errno != EINTR)
            return error_errno(err, "could not wait for the server");
        if (count > 0)
        {
            *ready = true;
            return PQconsumeInput(connection->conn) == 1 ? OK : connection_error(connection, err);
        }
        if (left == 0)
            break;
    }
    return OK;
}

static enum status
wait_for_result(struct pg_connection *connection, struct error *err)
{
    bool ready;

    while (PQisBusy(connection->conn))
        TRY(wait_readable(connection, STOP_LATENCY_MS, &ready, err));
    return OK;
}

static bool
is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Take what else a failed command has to say, so that another can be sent. */
static void
drain(struct pg_connection *connection)
{
    PGresult *result;
    bool endless = false;

    while (!endless && (result = PQgetResult(connection->conn)) != NULL)
    {
        endless = is_copy(result);
        PQclear(result);
    }
}

enum status
pg_send(struct pg_connection *connection, const char *command, struct error *err)
{
    connection->sqlstate[0] = '\0';
    return PQsendQuery(connection->conn, command) == 1 ? OK : connection_error(connection, err);
}

enum status
pg_wait(struct pg_connection *connection, int timeout_ms, bool *answered, struct error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    bool readable = true;

    while (readable && PQisBusy(connection->conn))
    {
        int64_t left = until - clock_monotonic_ms();

        TRY(wait_readable(connection, left > 0 ? (int) left : 0, &readable, err));
    }
    *answered = !PQisBusy(connection->conn);
    return OK;
}

enum status
pg_next_result(struct pg_connection *connection, ExecStatusType wanted, PGresult **result,
               struct error *err)
{
    SCOPED(pg_result_freep) PGresult *got = NULL;
    ExecStatusType status;

    TRY(wait_for_result(connection, err));
    got = PQgetResult(connection->conn);
    *result = NULL;
    if (got == NULL)
        return OK;
    status = PQresultStatus(got);
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
    {
        enum status failure = result_error(connection, got, err);

        drain(connection);
        return failure;
    }
    if (status != wanted)
        return error_set(err, STATUS_UNSUPPORTED,
                         "unexpected answer of the server: %s, expected %s", PQresStatus(status),
                         PQresStatus(wanted));
    *result = got;
    got = NULL;
    return OK;
}

/* The result of what was sent, which is all of it. */
static enum status
take_result(struct pg_connection *connection, PGresult **result, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *got = NULL;
    enum status status = OK;

    TRY(wait_for_result(connection, err));
    got = PQgetResult(connection->conn);
    if (got == NULL)
        return connection_error(connection, err);
    if (is_copy(got))
        return error_set(err, STATUS_UNSUPPORTED, "unexpected answer of the server: %s",
                         PQresStatus(PQresultStatus(got)));
    if (PQresultStatus(got) != PGRES_TUPLES_OK && PQresultStatus(got) != PGRES_COMMAND_OK)
        status = result_error(connection, got, err);
    drain(connection);
    if (status == OK)
    {
        *result = got;
        got = NULL;
    }
    return status;
}

enum status
pg_query(struct pg_connection *connection, const char *command, PGresult **result,
         struct error *err)
{
    TRY(pg_send(connection, command, err));
    return take_result(connection, result, err);
}

/* The extended protocol is what allows no second command. */
enum status
pg_query_single(struct pg_connection *connection, const char *command, PGresult **result,
                struct error *err)
{
    connection->sqlstate[0] = '\0';
    if (PQsendQueryParams(connection->conn, command, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return connection_error(connection, err);
    return take_result(connection, result, err);
}

enum status
pg_query_text(struct pg_connection *connection, const char *command, char *text, size_t size,
              struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    int used;

    TRY(pg_query(connection, command, &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) != 1)
        return error_set(err, STATUS_UNSUPPORTED,
                         "unexpected answer of the server: %d rows of %d columns, expected one "
                         "of one",
                         PQntuples(result), PQnfields(result));
    used = snprintf(text, size, "%s", PQgetvalue(result, 0, 0));
    if (used < 0 || (size_t) used >= size)
        return error_set(err, STATUS_NO_MEMORY, "answer of %d bytes is longer than %zu", used,
                         size - 1);
    return OK;
}

/* What is in libpq's memory already; *more stays true with no message when that is nothing. */
static enum status
take_message(struct pg_connection *connection, struct bytes *message, bool *more, struct error *err)
{
    int size;

    PQfreemem(connection->message);
    connection->message = NULL;
    *message = (struct bytes){0};
    *more = true;
    size = PQgetCopyData(connection->conn, &connection->message, 1);
    if (size == -2)
        return connection_error(connection, err);
    if (size == -1)
        *more = false;
    else
        *message = (struct bytes){(const uint8_t *) connection->message, (size_t) size};
    return OK;
}

enum status
pg_copy_read_timeout(struct pg_connection *connection, int timeout_ms, struct bytes *message,
                     bool *more, struct error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    bool ready = true;

    for (;;)
    {
        int64_t left;

        TRY(take_message(connection, message, more, err));
        if (message->size > 0 || !*more)
            return OK;
        left = until - clock_monotonic_ms();
        if (!ready || left < 0)
            return OK;
        TRY(wait_readable(connection, (int) left, &ready, err));
    }
}

enum status
pg_copy_read(struct pg_connection *connection, struct bytes *message, bool *more, struct error *err)
{
    do
        TRY(pg_copy_read_timeout(connection, 60000, message, more, err));
    while (message->size == 0 && *more);
    return OK;
}

enum status
pg_copy_write(struct pg_connection *connection, struct bytes message, struct error *err)
{
    if (PQputCopyData(connection->conn, (const char *) message.data, (int) message.size) != 1 ||
        PQflush(connection->conn) != 0)
        return connection_error(connection, err);
    return OK;
}

enum status
pg_copy_end(struct pg_connection *connection, struct error *err)
{
    if (PQputCopyEnd(connection->conn, NULL) != 1 || PQflush(connection->conn) != 0)
        return connection_error(connection, err);
    return OK;
}

static enum status
quote(const char *value, char mark, struct buffer *into, struct error *err)
{
    struct bytes one = {(const uint8_t *) &mark, 1};

    TRY(buffer_append(into, one, err));
    for (; *value != '\0'; value++)
    {
        if (*value == mark)
            TRY(buffer_append(into, one, err));
        TRY(buffer_append(into, (struct bytes){(const uint8_t *) value, 1}, err));
    }
    return buffer_append(into, one, err);
}

enum status
pg_quote_literal(const char *value, struct buffer *into, struct error *err)
{
    return quote(value, '\'', into, err);
}

enum status
pg_quote_identifier(const char *value, struct buffer *into, struct error *err)
{
    return quote(value, '"', into, err);
}
