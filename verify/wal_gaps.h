// SPDX-License-Identifier: PostgreSQL
/*
 * wal_gaps.h - which segments are missing from the archive, and where they
 * should have come from.
 *
 * Pure: the names of the archived segments and the timelines' histories decide.
 * Whether anybody needs what is missing is another question.
 */
#pragma once

#include "repo/wal_chain.h"

enum wal_gap_place
{
    WAL_GAP_INSIDE,     /* between archived segments of its timeline */
    WAL_GAP_BEGINNING,  /* between the fork and the timeline's first archived segment */
    WAL_GAP_BEFORE_FORK /* between the last archived segment and the fork into another timeline */
};

/* Both ends included. */
struct wal_gap
{
    pg_timeline timeline; /* of the missing segments */
    uint64_t first;
    uint64_t last;
    enum wal_gap_place place;
    pg_timeline other; /* what forked off behind it, or what it came from; 0 inside */
};

struct wal_gaps
{
    struct wal_gap *items; /* owned; by timeline and number */
    size_t count;
};

/* All of a chain, of which only archived segments and histories count. */
NODISCARD enum status wal_gaps_find(const struct wal_chain *chain, struct wal_gaps *gaps,
                                    struct error *err);

/* For SCOPED on an initialised struct. */
void wal_gaps_release(struct wal_gaps *gaps);
