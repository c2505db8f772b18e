// SPDX-License-Identifier: PostgreSQL
/*
 * policy.h - how long what is kept, as the configuration says it.
 */
#pragma once

#include "base/zone.h"

#define US_PER_HOUR (3600 * US_PER_SECOND)
#define US_PER_DAY  (24 * US_PER_HOUR)

/* More than anybody keeps, and far from where sums of times overflow. */
#define RETENTION_COUNT_MAX    UINT32_C(100000)
#define RETENTION_DURATION_MAX (INT64_C(36525) * US_PER_DAY)

struct retention_policy
{
    /* How many days, weeks and months that have something keep it (retention/shelf.h). */
    uint32_t daily;
    uint32_t weekly;
    uint32_t monthly;

    /* How far back recovery to any moment is possible; 0: only from the newest backup on. */
    int64_t recovery_window_us;
    int64_t minimum_age_us; /* what is younger stays */
    int64_t grace_us;       /* from condemning an object to deleting it */

    enum week_start week_start;
    const struct zone *zone; /* in which days begin; borrowed, never NULL */
};

/* 7 daily, 4 weekly, 3 monthly; 14 days of recovery; 1 day, 72 hours; UTC, weeks from Monday. */
struct retention_policy retention_policy_default(void);

/* CONFIG, with a hint, for a policy that keeps nothing or has impossible values. */
NODISCARD enum status retention_policy_check(const struct retention_policy *policy,
                                             struct error *err);
