// SPDX-License-Identifier: PostgreSQL
/*
 * swap_commit.h - the end of the transaction, and what if nobody says how it ended.
 *
 * Used by swap.c alone.
 */
#pragma once

#include "dump/swap_session.h"

/*
 * Commit.  When the answer does not come, new connections ask until the
 * transaction is no longer in progress, and the databases' names say the rest.
 * REFUSED: it was rolled back; TRANSIENT: nobody could tell.
 */
NODISCARD enum status swap_commit(struct pg_connection *connection, const char *conninfo,
                                  const struct swap_pair *pair, struct error *err);
