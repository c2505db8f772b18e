// SPDX-License-Identifier: PostgreSQL
/*
 * periods.h - which one stands for its day, its week or its month.
 *
 * A day is represented by its newest.  A week and a month are represented by
 * their first day that has any, that is by the newest of that day.  So what
 * is weekly or monthly is one of the daily ones, it is known on that day, and
 * what comes later in the week does not change it.
 *
 * A representative is the best of its period in an order that never changes.
 * So something new can only take the place of what it outdoes, or push out
 * the oldest periods; and nothing that was not chosen once can be chosen later.
 * Planning every night over what the night before left is the same as planning
 * once over everything there ever was.
 */
#pragma once

#include "retention/policy.h"

#include <stddef.h>

enum period_kind
{
    PERIOD_DAY,
    PERIOD_WEEK,
    PERIOD_MONTH,
};

#define PERIODS_ALL SIZE_MAX

struct period_item
{
    time_us taken;
    size_t index; /* the caller's */
    bool chosen;  /* by periods_choose */

    /* For periods_choose only. */
    int64_t period;
    int64_t day;
};

/*
 * Choose the representatives of the newest periods that have anything, limit of
 * them at most.  The items are put into another order.
 */
void periods_choose(struct period_item *items, size_t count, enum period_kind kind, size_t limit,
                    const struct retention_policy *policy);

#define PERIOD_TEXT_SIZE 48

/* "daily, 2026-11-20", "weekly, 2026-W46", "monthly, 2026-10" */
void periods_describe(time_us taken, enum period_kind kind, const struct retention_policy *policy,
                      char text[PERIOD_TEXT_SIZE]);
