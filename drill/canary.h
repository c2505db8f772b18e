// SPDX-License-Identifier: PostgreSQL
/*
 * canary.h - a row that is written on the primary at regular intervals, so that a
 * restored copy can say how much of the primary's life it has lost, by the
 * primary's own clock and LSN, though nobody else wrote.
 *
 * The rows of "redoubt"."canary" are a ring: the one after the newest is written
 * over.  Every write updates a row where it is (HOT: id does not change, and
 * half of each page is free for the next version), and so the table keeps its
 * few pages whether it is vacuumed or not
 * (https://www.postgresql.org/docs/current/storage-hot.html).
 *
 * Whoever may create in a schema could put a trap there for a superuser that
 * writes into it: a trigger, a view, a function.  Only a plain table as canary_install
 * makes it is read or written, and by a superuser only another superuser's is written.
 */
#pragma once

#include "base/clock.h"
#include "pg/connection.h"

#define CANARY_HOST_SIZE 256

struct canary
{
    time_us at;                  /* by the server's clock */
    pg_lsn lsn;                  /* of the server's WAL at that moment */
    char host[CANARY_HOST_SIZE]; /* that wrote it; as the row has it, so for JSON by json_text */
};

/* Nothing here waits for long: for locks seconds, for synchronous standbys not at all. */

/*
 * Make schema and table, where they are not there yet, and take away rows beyond
 * the first keep.  role, which may be NULL, is let write.  Asks for the right to
 * create in the database only if there is no schema; REFUSED when what is there is
 * something else.
 */
NODISCARD enum status canary_install(struct pg_connection *connection, uint32_t keep,
                                     const char *role, struct error *err);

/* NOT_FOUND, with a hint: it was not installed; REFUSED: it is something else. */
NODISCARD enum status canary_write(struct pg_connection *connection, uint32_t keep,
                                   const char *host, struct canary *written, struct error *err);

/* The newest row of this database; NOT_FOUND: there is none, or no such table. */
NODISCARD enum status canary_read(struct pg_connection *connection, struct canary *newest,
                                  struct error *err);
