// SPDX-License-Identifier: PostgreSQL
/*
 * wal_search.h - finding moments in archived WAL: the last commit, the end of
 * a transaction, a restore point.
 *
 * Segments are read one at a time, newest first, straight from the repository.
 * A record that spans a boundary is completed from the segment that follows.
 * Memory does not depend on how much is read.
 */
#pragma once

#include "pg/wal_record.h"
#include "repo/wal_chain.h"

struct wal_found
{
    enum pg_wal_event_kind kind;
    struct pg_wal_position position; /* of the record's first byte */
    pg_lsn end;                      /* after the record */
    time_us time;
    uint32_t xid;
    uint32_t parent_xid; /* not 0: xid is a subtransaction of this one */
};

/* What lies at the end of a stretch of WAL. */
struct wal_tail
{
    bool has_record;
    pg_lsn last_record; /* the first byte of the last complete one */
    pg_lsn end;         /* after it */
    bool has_commit;
    struct wal_found last_commit; /* the end of a transaction with the latest time */
    uint64_t damaged;             /* the number of the segment that is; only with CORRUPT */
};

/*
 * Look at [reach->first, reach->end) along a path from its end backwards, until
 * a segment has the end of a transaction.  What lies behind the stretch only
 * completes its last record, and may be damaged.
 */
NODISCARD enum status wal_search_tail(const struct wal_chain *chain, const struct pg_history *path,
                                      const struct wal_reach *reach, struct wal_tail *tail,
                                      struct error *err);

struct wal_wanted
{
    uint32_t xid;     /* 0: look for a restore point */
    const char *name; /* of the restore point */

    /* Only on this path; NULL: all timelines. */
    const struct pg_history *path;

    /* Nothing that begins before it is of use. */
    pg_lsn oldest;
};

/*
 * The newest match.  NOT_FOUND when there is none.  CORRUPT: a segment that does not open
 * may hold it, or a newer one.  For a transaction it may not if an older segment of the same
 * history does: a number is given once.
 */
NODISCARD enum status wal_search_find(const struct wal_chain *chain,
                                      const struct wal_wanted *wanted, struct wal_found *found,
                                      struct error *err);
