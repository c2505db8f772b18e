// SPDX-License-Identifier: PostgreSQL
/*
 * pg_script.h - a PostgreSQL server on a real socket that follows a script.
 *
 * It lets anybody in and answers simple queries: each step says what the next
 * query must contain and what comes back.  What pg_connection_open asks at first
 * is no step.  The server runs in a thread of its own and takes one connection.
 * A query that is not the expected one fails, and pg_script_stop fails the test
 * with it, as it does when steps are left over.
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html)
 */
#pragma once

#include <stddef.h>

struct pg_step
{
    const char *query;    /* occurs in the query */
    const char *columns;  /* their names, between spaces */
    const char *rows;     /* one to a line, values between '|'; NULL: none */
    const char *sqlstate; /* not NULL: the query fails with it... */
    const char *message;  /* ...and this */
};

struct pg_script;

/* version as a server spells it: "18.6". */
struct pg_script *pg_script_start(const char *version, const struct pg_step *steps, size_t count);

#define PG_SCRIPT(version, steps)                                                                  \
    pg_script_start((version), (steps), sizeof(steps) / sizeof((steps)[0]))

/* For pg_connection_open; valid while the script runs. */
const char *pg_script_conninfo(const struct pg_script *script);

/* Ends the server; the test fails unless every step was done as written. */
void pg_script_stop(struct pg_script *script);
