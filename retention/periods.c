// SPDX-License-Identifier: PostgreSQL
#include "retention/periods.h"

#include <stdio.h>
#include <stdlib.h>

static void
find_period(struct period_item *item, enum period_kind kind, const struct retention_policy *policy)
{
    struct calendar calendar = zone_calendar(policy->zone, item->taken, policy->week_start);

    item->chosen = false;
    item->day = calendar.day_number;
    if (kind == PERIOD_DAY)
        item->period = calendar.day_number;
    else if (kind == PERIOD_WEEK)
        item->period = calendar.week_number;
    else
        item->period = (int64_t) calendar.year * 12 + calendar.month;
}

static int
compare(int64_t left, int64_t right)
{
    return (left > right) - (left < right);
}

/* The newest period first; in it the first day; in it the newest. */
static int
compare_items(const void *left_item, const void *right_item)
{
    const struct period_item *left = left_item;
    const struct period_item *right = right_item;
    int order = compare(right->period, left->period);

    if (order == 0)
        order = compare(left->day, right->day);
    if (order == 0)
        order = compare(right->taken, left->taken);
    return order != 0 ? order : compare((int64_t) right->index, (int64_t) left->index);
}

void
periods_choose(struct period_item *items, size_t count, enum period_kind kind, size_t limit,
               const struct retention_policy *policy)
{
    size_t periods = 0;

    for (size_t at = 0; at < count; at++)
        find_period(&items[at], kind, policy);
    qsort(items, count, sizeof(*items), compare_items);
    for (size_t at = 0; at < count; at++)
        if (at == 0 || items[at].period != items[at - 1].period)
            items[at].chosen = periods++ < limit;
}

void
periods_describe(time_us taken, enum period_kind kind, const struct retention_policy *policy,
                 char text[PERIOD_TEXT_SIZE])
{
    struct calendar calendar = zone_calendar(policy->zone, taken, policy->week_start);

    if (kind == PERIOD_DAY)
        snprintf(text, PERIOD_TEXT_SIZE, "daily, %d-%02d-%02d", calendar.year, calendar.month,
                 calendar.day);
    else if (kind == PERIOD_WEEK)
        snprintf(text, PERIOD_TEXT_SIZE, "weekly, %d-W%02d", calendar.week_year, calendar.week);
    else
        snprintf(text, PERIOD_TEXT_SIZE, "monthly, %d-%02d", calendar.year, calendar.month);
}
