// SPDX-License-Identifier: PostgreSQL
/*
 * recovery_window.h - from when to when the repository can bring a cluster back.
 *
 * It begins where the oldest good backup became consistent and ends with the
 * last segment that can be reached from there without a hole.  When WAL is
 * missing behind every backup, the window is the newest backup's.
 */
#pragma once

#include "repo/catalog.h"
#include "repo/wal_chain.h"

struct recovery_window
{
    const struct backup *from; /* borrowed from the catalog; NULL: there is no window */
    pg_timeline timeline;
    pg_lsn end;
    char last_segment[PG_WAL_SEGMENT_NAME_SIZE];
    bool gap; /* WAL behind the end is there, and out of reach */
};

/* The chain is the present lineage's. */
NODISCARD enum status recovery_window_find(const struct catalog *catalog, struct wal_chain *chain,
                                           struct recovery_window *window, struct error *err);
