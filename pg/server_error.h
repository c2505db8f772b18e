// SPDX-License-Identifier: PostgreSQL
/*
 * server_error.h - what a PostgreSQL server refuses or fails at, as our errors.
 *
 * Used by connection.c alone.
 */
#pragma once

#include "base/error.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* What a caller may do about an SQLSTATE. */
enum status server_error_status(const char *sqlstate);

/* libpq's own text: its first line is the message, what follows the detail.  Returns status. */
enum status server_error_libpq(enum status status, const char *text, struct error *err);

/* A failed command: the server's message, detail and hint.  The result has an SQLSTATE. */
enum status server_error_result(const PGresult *result, struct error *err);

/* The server answers and does not let us in. */
enum status server_error_refusal(const PGconn *conn, bool replication, struct error *err);
