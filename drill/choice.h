// SPDX-License-Identifier: PostgreSQL
/*
 * choice.h - which backup and which moment a drill tries by chance.
 *
 * Pure: the backups, when each was tried last, what can be recovered, and dice.
 * A backup waits from when it was tried last, or from its own end.
 *
 * One that was never tried and waits for longer than DRILL_PATIENCE has its turn,
 * whatever the dice say: so a backup that is kept for longer than that and one
 * drill's interval is tried.  Else half of the dice's sides are for moments, of the
 * backups from which WAL goes on; the others are for all.  A backup that waits
 * twice as long is twice as probable, and moments are spread over all that is in
 * reach.
 */
#pragma once

#include "repo/backup.h"

#define DRILL_PATIENCE (INT64_C(60) * 86400 * US_PER_SECOND)

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
    time_us time;          /* after from and before until */
};

/*
 * dice: a number that is evenly spread over all of uint64_t.  NOT_FOUND: there is
 * no candidate.
 */
NODISCARD enum status drill_choose(const struct drill_candidate *candidates, size_t count,
                                   time_us now, uint64_t dice, struct drill_moment *moment,
                                   struct error *err);

/*
 * For a drill of all: sorted by how long they wait, those first that were never
 * tried, so that what a drill that is cut short leaves out comes first the next time.
 */
void drill_choose_order(struct drill_candidate *candidates, size_t count);
