// SPDX-License-Identifier: PostgreSQL
#include "retention/shelf.h"

#include "retention/periods.h"

#include <stdlib.h>

static bool
is_future(const struct shelf_item *item, time_us now)
{
    return item->taken > now || item->finished > now;
}

bool
shelf_item_counts(const struct shelf_item *item, time_us now)
{
    return item->good && !is_future(item, now);
}

static void
keep(struct shelf_item *item, const char *reason)
{
    item->keep = true;
    reasons_add(&item->reasons, "%s", reason);
}

static void
keep_periods(struct shelf_item *items, struct period_item *counted, size_t count,
             enum period_kind kind, const struct retention_policy *policy)
{
    const size_t limits[] = {
        [PERIOD_DAY] = policy->daily,
        [PERIOD_WEEK] = policy->weekly,
        [PERIOD_MONTH] = policy->monthly,
    };
    char reason[PERIOD_TEXT_SIZE];

    periods_choose(counted, count, kind, limits[kind], policy);
    for (size_t at = 0; at < count; at++)
    {
        if (!counted[at].chosen)
            continue;
        periods_describe(counted[at].taken, kind, policy, reason);
        keep(&items[counted[at].index], reason);
        items[counted[at].index].represents = true;
    }
}

static enum status
keep_all_periods(struct shelf_item *items, size_t count, const struct retention_policy *policy,
                 time_us now, struct error *err)
{
    SCOPED(freep) struct period_item *counted = calloc(count + 1, sizeof(*counted));
    size_t counted_count = 0;

    if (counted == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < count; index++)
        if (shelf_item_counts(&items[index], now))
            counted[counted_count++] =
                (struct period_item){.taken = items[index].taken, .index = index};
    keep_periods(items, counted, counted_count, PERIOD_DAY, policy);
    keep_periods(items, counted, counted_count, PERIOD_WEEK, policy);
    keep_periods(items, counted, counted_count, PERIOD_MONTH, policy);
    return OK;
}

/* NULL when none counts. */
static struct shelf_item *
find_newest(struct shelf_item *items, size_t count, time_us now)
{
    struct shelf_item *newest = NULL;

    for (size_t index = 0; index < count; index++)
        if (shelf_item_counts(&items[index], now) &&
            (newest == NULL || items[index].taken >= newest->taken))
            newest = &items[index];
    return newest;
}

static void
keep_held(struct shelf_item *item, const struct retention_policy *policy, time_us now)
{
    struct calendar until;

    if (item->held_until <= now)
        return;
    if (item->held_until == SHELF_HELD_FOR_EVER)
    {
        keep(item, "held");
        return;
    }
    until = zone_calendar(policy->zone, item->held_until, policy->week_start);
    item->keep = true;
    if (until.hour == 0 && until.minute == 0)
        reasons_add(&item->reasons, "held until %d-%02d-%02d", until.year, until.month, until.day);
    else
        reasons_add(&item->reasons, "held until %d-%02d-%02d %02d:%02d", until.year, until.month,
                    until.day, until.hour, until.minute);
}

/* What no period keeps may have to stay for a while. */
static void
keep_for_now(struct shelf_item *item, const struct shelf_item *newest,
             const struct retention_policy *policy, time_us now)
{
    if (item == newest)
        keep(item, "newest good");
    keep_held(item, policy, now);
    if (is_future(item, now))
        keep(item, "dated in the future");
    else if (now - item->finished < policy->minimum_age_us)
        keep(item, "younger than the minimum age");
    if (!item->good && (newest == NULL || newest->taken <= item->taken))
    {
        item->keep = true;
        reasons_add(&item->reasons, "%s, but no newer good one exists", item->flaw);
    }
}

static void
explain_expiry(struct shelf_item *item, const struct retention_policy *policy)
{
    if (!item->good)
        reasons_add(&item->reasons, "%s, and a newer good one exists", item->flaw);
    else
        reasons_add(&item->reasons, "beyond daily %u, weekly %u, monthly %u", policy->daily,
                    policy->weekly, policy->monthly);
}

enum status
shelf_plan(struct shelf_item *items, size_t count, const struct retention_policy *policy,
           time_us now, struct error *err)
{
    const struct shelf_item *newest;

    for (size_t index = 0; index < count; index++)
    {
        items[index].keep = false;
        items[index].represents = false;
        items[index].reasons.count = 0;
    }
    TRY(keep_all_periods(items, count, policy, now, err));
    newest = find_newest(items, count, now);
    for (size_t index = 0; index < count; index++)
    {
        keep_for_now(&items[index], newest, policy, now);
        if (!items[index].keep)
            explain_expiry(&items[index], policy);
    }
    return OK;
}
