// SPDX-License-Identifier: PostgreSQL
/*
 * wal_scan.h - the records of archived WAL, straight from the repository.
 */
#pragma once

#include "pg/wal_reader.h"
#include "repo/wal_chain.h"

/* Feed one segment that the chain has to a reader. */
NODISCARD enum status wal_scan_feed(const struct wal_chain *chain, struct pg_wal_segment segment,
                                    struct pg_wal_reader *reader, struct error *err);

struct wal_scan
{
    const struct wal_chain *chain;
    const struct pg_history *path;
    pg_lsn begin; /* records that begin here... */
    pg_lsn end;   /* ...and before this, which no record may cross */

    /*
     * NULL, or feeds the last segment's beginning, which the archive does not
     * have yet, up to end.
     */
    enum status (*tail)(void *arg, pg_lsn from, struct pg_wal_reader *reader, struct error *err);

    /* A failure ends the scan with it. */
    enum status (*record)(void *arg, const struct pg_wal_record *record, struct error *err);
    void *arg;
};

/*
 * All records of a stretch, in order.  REFUSED when the chain has a hole there
 * or its WAL ends before the stretch does.
 */
NODISCARD enum status wal_scan_run(const struct wal_scan *scan, struct error *err);
