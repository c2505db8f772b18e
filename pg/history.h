// SPDX-License-Identifier: PostgreSQL
/*
 * history.h - where a timeline comes from.
 *
 * A timeline history file lists the ancestors of one timeline, each with the
 * LSN at which it was left.  Together with the timeline itself they make its
 * path: the only WAL that recovery to it reads.  Timeline 1 has no file.
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

struct pg_history_entry
{
    pg_timeline timeline;
    pg_lsn switch_lsn; /* the first byte that is the next timeline's */
};

struct pg_history
{
    pg_timeline timeline;               /* whose history this is */
    struct pg_history_entry *ancestors; /* owned; oldest first, timelines ascending */
    size_t ancestor_count;
};

/* The history of a timeline without ancestors.  Holds no memory. */
struct pg_history pg_history_root(pg_timeline timeline);

/* Read a history file's content; CORRUPT for what PostgreSQL would not have written. */
NODISCARD enum status pg_history_parse(pg_timeline timeline, struct bytes content,
                                       struct pg_history *history, struct error *err);

/* For SCOPED on an initialised struct, any number of times. */
void pg_history_release(struct pg_history *history);

/* The timeline on the path whose WAL holds the byte at lsn. */
pg_timeline pg_history_timeline_at(const struct pg_history *history, pg_lsn lsn);

/*
 * Does recovery along this path pass through the position?  The end of an
 * ancestor counts, and so does the beginning of its child, which is the same LSN.
 */
bool pg_history_contains(const struct pg_history *history, struct pg_wal_position position);

/* Where the path left an ancestor; false when the timeline is none. */
bool pg_history_fork(const struct pg_history *history, pg_timeline ancestor, pg_lsn *switch_lsn);
