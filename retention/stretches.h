// SPDX-License-Identifier: PostgreSQL
/*
 * stretches.h - the archived WAL along a timeline's path, without its holes.
 *
 * A stretch is a row of segment numbers that recovery along the path can read
 * one after the other.  The segment in which the path changes timelines is the
 * newer one's, as in repo/wal_chain.h.  Pure: names decide.
 */
#pragma once

#include "pg/history.h"
#include "repo/wal_runs.h"

/* Segment numbers, both ends included. */
struct stretch
{
    uint64_t first;
    uint64_t last;
};

struct stretches
{
    struct stretch *items; /* owned; ascending, and never adjacent */
    size_t count;
};

/* stretches is empty before. */
NODISCARD enum status stretches_find(const struct wal_runs *archived, uint32_t segment_size,
                                     const struct pg_history *path, struct stretches *stretches,
                                     struct error *err);

/* For SCOPED on an initialised struct. */
void stretches_release(struct stretches *stretches);
