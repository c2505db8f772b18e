// SPDX-License-Identifier: PostgreSQL
/*
 * wal_summary.h - what a server's WAL summaries say of the time between two
 * backups.
 *
 * With summarize_wal a server of version 17 or later keeps a file for each
 * stretch of WAL that names the blocks which it changed
 * (src/backend/backup/walsummary.c).  They are read over SQL, by functions that
 * everybody may call unless somebody took that right away (walsummaryfuncs.c).
 */
#pragma once

#include "pg/connection.h"
#include "pg/history.h"
#include "pg/limit_block.h"

/*
 * The limit blocks of all WAL on a path from a position up to an LSN, or as far
 * as there are summaries now (PG_LSN_NONE); sorted.  The path is that of the
 * timeline that they end on.
 *
 * REFUSED, so that only a full backup can be taken: the position is not on the
 * path, or summaries do not cover the WAL without a hole (summarize_wal was off,
 * wal_level was minimal, or they were removed after wal_summary_keep_time).
 * UNSUPPORTED: the server has no summaries.
 */
NODISCARD enum status pg_wal_summary_limits(struct pg_connection *connection,
                                            const struct pg_history *path,
                                            struct pg_wal_position from, pg_lsn to,
                                            struct pg_limit_blocks **limits, struct error *err);

/*
 * Does a server of this version (as PQserverVersion) put summaries together in
 * the order in which its directory lists them?  17.12 was seen to sort them
 * first, and so its sisters 18.7 and 19.1 are taken to.  Before, a limit block
 * that is read late makes it forget changed blocks behind it of which a later
 * summary knows, and its incremental file lacks them: the file of such a
 * relation must be had whole (see pg_limit_blocks_early).
 */
bool pg_wal_summary_unordered(int server_version);
