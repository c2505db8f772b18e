// SPDX-License-Identifier: PostgreSQL
/*
 * connection.h - one connection to a PostgreSQL server, with our errors.
 *
 * Two kinds: SQL, and physical replication, which knows only the replication
 * commands and the COPY streams that they start
 * (https://www.postgresql.org/docs/current/protocol-replication.html).
 * The server's messages become the error's text, its SQLSTATE is kept.
 *
 * A connection belongs to one thread for life.
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

#include <libpq-fe.h>

struct pg_connection;

enum pg_connection_kind
{
    PG_CONNECTION_SQL,
    PG_CONNECTION_REPLICATION,
};

/*
 * conninfo is the operator's, options of our own come after it.  TRANSIENT:
 * the server cannot be reached or is starting; DENIED: it refuses us.
 */
NODISCARD enum status pg_connection_open(struct pg_connection **connection, const char *conninfo,
                                         enum pg_connection_kind kind, struct error *err);
void pg_connection_freep(struct pg_connection **connection);

/* As PQserverVersion: 150018 for 15.18. */
int pg_connection_version(const struct pg_connection *connection);

/* The SQLSTATE of the last failure, "" when it had none. */
const char *pg_connection_sqlstate(const struct pg_connection *connection);

/* For SCOPED on a PGresult. */
void pg_result_freep(PGresult **result);

/* Run one command that gives rows (or none); the result is the caller's. */
NODISCARD enum status pg_query(struct pg_connection *connection, const char *command,
                               PGresult **result, struct error *err);

/* The same for a text that somebody else wrote: more than one command in it is refused. */
NODISCARD enum status pg_query_single(struct pg_connection *connection, const char *command,
                                      PGresult **result, struct error *err);

/* A query that must give one row of one column; NULL reads as "". */
NODISCARD enum status pg_query_text(struct pg_connection *connection, const char *command,
                                    char *text, size_t size, struct error *err);

/* Send a command whose results pg_next_result takes one by one. */
NODISCARD enum status pg_send(struct pg_connection *connection, const char *command,
                              struct error *err);

/* Has the server answered what was sent?  Waits for that at most timeout_ms. */
NODISCARD enum status pg_wait(struct pg_connection *connection, int timeout_ms, bool *answered,
                              struct error *err);

/* The next result of what was sent; wanted is what it must be.  *result may be NULL at the end. */
NODISCARD enum status pg_next_result(struct pg_connection *connection, ExecStatusType wanted,
                                     PGresult **result, struct error *err);

/*
 * One message of a COPY stream from the server.  Blocks.  The bytes are valid
 * until the next call; *more is false at the stream's end, after which
 * pg_next_result says how it ended.
 */
NODISCARD enum status pg_copy_read(struct pg_connection *connection, struct bytes *message,
                                   bool *more, struct error *err);

/* The same with a limit: *message is empty when nothing came in timeout_ms. */
NODISCARD enum status pg_copy_read_timeout(struct pg_connection *connection, int timeout_ms,
                                           struct bytes *message, bool *more, struct error *err);

/* Send one message into a COPY stream, at once. */
NODISCARD enum status pg_copy_write(struct pg_connection *connection, struct bytes message,
                                    struct error *err);

/* End our side of the stream. */
NODISCARD enum status pg_copy_end(struct pg_connection *connection, struct error *err);

/* value as an SQL literal with its quotes; the replication grammar takes it too. */
NODISCARD enum status pg_quote_literal(const char *value, struct buffer *into, struct error *err);

/* value as an SQL identifier, always with its quotes. */
NODISCARD enum status pg_quote_identifier(const char *value, struct buffer *into,
                                          struct error *err);
