// SPDX-License-Identifier: PostgreSQL
/*
 * shelf.h - grandfather, father, son: which of a row of things to keep.
 *
 * It knows nothing of what they are: base backups and dumps alike.  A period
 * counts when it has a good one, not by the calendar: "daily: 7" keeps one for
 * each of the newest seven days that have one, and so a month of silence does
 * not empty the shelf.  What represents a period is in retention/periods.h.
 *
 * Never expired, whatever the counts say: the newest good one, what is held,
 * what is younger than the minimum age, what is dated in the future (it counts
 * for no period either), and damaged ones until there is a newer good one.
 */
#pragma once

#include "retention/policy.h"
#include "retention/reasons.h"

#include <stddef.h>

#define SHELF_NOT_HELD      INT64_MIN
#define SHELF_HELD_FOR_EVER INT64_MAX

struct shelf_item
{
    /* Given. */
    time_us taken;      /* when it was begun: this says which day's it is */
    time_us finished;   /* from when on it ages */
    bool good;          /* nothing is known against it */
    const char *flaw;   /* what is, when it is not good: "damaged" */
    time_us held_until; /* or one of the two above */

    /* Found. */
    bool keep;
    bool represents; /* a day, week or month that counts */
    struct reasons reasons;
};

/* Decide about each.  Items are in any order.  The policy was checked. */
NODISCARD enum status shelf_plan(struct shelf_item *items, size_t count,
                                 const struct retention_policy *policy, time_us now,
                                 struct error *err);

/* Is it good, and was it taken in the past? */
bool shelf_item_counts(const struct shelf_item *item, time_us now);
