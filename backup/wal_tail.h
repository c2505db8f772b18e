// SPDX-License-Identifier: PostgreSQL
/*
 * wal_tail.h - the WAL at a server's end that no archive can have yet.
 */
#pragma once

#include "pg/wal_reader.h"

/*
 * Stream WAL of a timeline from the beginning of a segment up to an LSN, and
 * feed it to a reader.  Over a connection of its own.
 */
NODISCARD enum status wal_tail_feed(const char *conninfo, pg_timeline timeline, pg_lsn from,
                                    pg_lsn to, struct pg_wal_reader *reader, struct error *err);
