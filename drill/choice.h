// SPDX-License-Identifier: PostgreSQL
/*
 * choice.h - which backup and which moment a drill tries by chance.
 *
 * Pure: the backups, when each was tried last, what can be recovered, and dice.
 * Backups that were not tried for long, or never, come first, so that over a year
 * each that is kept for a while is tried.
 */
#pragma once

#include "repo/backup.h"

struct drill_candidate
{
    const struct backup *backup; /* a good one */
    time_us last_tried;          /* TIME_NONE: never */
    time_us from;                /* when it is consistent */
    time_us until; /* the last moment that WAL reaches from it; TIME_NONE: only from */
};

struct drill_moment
{
    const struct backup *backup;
    bool at_end_of_backup; /* no later moment can be reached: target immediate */
    time_us time;
};

/*
 * dice: a number that is evenly spread over all of uint64_t.  CONFIG-free: fails
 * only when there is no candidate, with NOT_FOUND.
 */
NODISCARD enum status drill_choose(const struct drill_candidate *candidates, size_t count,
                                   time_us now, uint64_t dice, struct drill_moment *moment,
                                   struct error *err);
