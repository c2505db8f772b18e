// SPDX-License-Identifier: PostgreSQL
/*
 * wal_runs.h - sets of WAL segments, as runs of consecutive numbers.
 *
 * A thousand segments in a row are one run, so years of WAL fit into a few.
 * Runs are kept in order of timeline and number, neither overlapping nor
 * touching.
 */
#pragma once

#include "pg/segment.h"

#include <stddef.h>

/* Segments of one timeline, both ends included. */
struct wal_run
{
    pg_timeline timeline;
    uint64_t first;
    uint64_t last;
};

struct wal_runs
{
    struct wal_run *items; /* owned; in order */
    size_t count;
};

/* Include all segments of a run. */
NODISCARD enum status wal_runs_add(struct wal_runs *runs, struct wal_run run, struct error *err);

/* Take out whatever is in the others. */
NODISCARD enum status wal_runs_subtract(struct wal_runs *runs, const struct wal_runs *others,
                                        struct error *err);

bool wal_runs_have(const struct wal_runs *runs, struct pg_wal_segment segment);

/* Is any segment of the run among them? */
bool wal_runs_touch(const struct wal_runs *runs, struct wal_run run);

/* How many segments they are. */
uint64_t wal_runs_segments(const struct wal_runs *runs);

/* For SCOPED on an initialised struct. */
void wal_runs_release(struct wal_runs *runs);
