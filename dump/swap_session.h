// SPDX-License-Identifier: PostgreSQL
/*
 * swap_session.h - asking the server about the two databases of a swap, from a
 * third one.
 *
 * Used by swap*.c alone.
 */
#pragma once

#include "dump/swap.h"
#include "pg/connection.h"

/* The two by the names that they have now, and the name that the first is to get, or had. */
struct swap_pair
{
    const char *old;
    const char *restored;
    const char *aside;
};

/*
 * A session in neither of the two: in conninfo's database, or else in "postgres"
 * or "template1".  It gives up its locks when we are gone without a word.
 */
NODISCARD enum status swap_connect(const char *conninfo, const struct swap_pair *pair,
                                   struct pg_connection **connection, struct error *err);

/*
 * Run a query on the pair: it may use "names" (old, restored, aside) and "o" and
 * "r", the two rows of pg_database, with what went by other names in other
 * versions.  The result is the caller's.
 */
NODISCARD enum status swap_query(struct pg_connection *connection, const struct swap_pair *pair,
                                 const char *query, PGresult **result, struct error *err);

/* The first column of a result as one text, at most as much as a detail holds: "a; b; c". */
NODISCARD enum status swap_list(const PGresult *result, struct buffer *list, struct error *err);

/* A command without an answer. */
NODISCARD enum status swap_execute(struct pg_connection *connection, const char *command,
                                   struct error *err);
