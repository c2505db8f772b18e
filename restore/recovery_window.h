// SPDX-License-Identifier: PostgreSQL
/*
 * recovery_window.h - from when to when the repository can bring a cluster back.
 *
 * A window begins where a good backup became consistent and ends with the last
 * WAL that can be reached from there without a hole.  Backups that reach the same
 * end share a window, which the oldest of them begins.
 */
#pragma once

#include "repo/wal_chain.h"

struct recovery_window
{
    const struct backup *from; /* borrowed from the catalog */
    pg_timeline timeline;
    pg_lsn end;
    time_us until; /* of the last end of a transaction before it; TIME_NONE: not known */
    char last_segment[PG_WAL_SEGMENT_NAME_SIZE];
    bool gap; /* WAL behind the end is there, and out of reach */
};

struct recovery_windows
{
    struct recovery_window *items; /* owned; the last is the one to the newest moment */
    size_t count;
};

/*
 * The chain is the present lineage's.  Reads the last few segments of each
 * window for its time; one that is damaged is warned about, and the time not known.
 */
NODISCARD enum status recovery_windows_find(const struct catalog *catalog, struct wal_chain *chain,
                                            struct recovery_windows *windows, struct error *err);

/* The same from names alone: until is TIME_NONE, and recovery_window_time finds it. */
NODISCARD enum status recovery_windows_locate(const struct catalog *catalog,
                                              struct wal_chain *chain,
                                              struct recovery_windows *windows, struct error *err);
NODISCARD enum status recovery_window_time(struct wal_chain *chain, struct recovery_window *window,
                                           struct error *err);

/* Of one backup, by names alone; false when the WAL that it needs itself is not whole. */
NODISCARD enum status recovery_window_of(const struct backup *backup, struct wal_chain *chain,
                                         struct recovery_window *window, bool *whole,
                                         struct error *err);

/* For SCOPED. */
void recovery_windows_release(struct recovery_windows *windows);
