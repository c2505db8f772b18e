// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/retention_judge.h"

#include <stdlib.h>
#include <time.h>

#define HOUR US_PER_HOUR

/* What the backups there ever were are called in their zone, by the C library. */
struct names
{
    char day[16];
    char week[16]; /* its first day */
    char month[16];
};

static struct names names[2000];
static size_t named;

void
judge_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
    named = 0;
}

static void
name_backup(const struct world *world, time_us time, struct names *named_backup)
{
    time_t seconds = (time_t) (time / US_PER_SECOND);
    int start = world->policy.week_start == WEEK_FROM_SUNDAY ? 0 : 1;
    struct tm fields;

    localtime_r(&seconds, &fields);
    strftime(named_backup->day, sizeof(named_backup->day), "%Y-%m-%d", &fields);
    strftime(named_backup->month, sizeof(named_backup->month), "%Y-%m", &fields);
    fields.tm_mday -= (fields.tm_wday - start + 7) % 7;
    timegm(&fields);
    strftime(named_backup->week, sizeof(named_backup->week), "%Y-%m-%d", &fields);
}

static void
name_backups(const struct world *world)
{
    if (named > world->ever_count)
        named = 0;
    for (; named < world->ever_count; named++)
        name_backup(world, world->ever[named].started, &names[named]);
}

enum kind
{
    BY_DAY,
    BY_WEEK,
    BY_MONTH,
};

static const char *
period_of(size_t index, enum kind kind)
{
    if (kind == BY_DAY)
        return names[index].day;
    return kind == BY_WEEK ? names[index].week : names[index].month;
}

/* Does other stand for the period of both? */
static bool
outdoes(const struct world *world, size_t index, size_t other, enum kind kind)
{
    int order = strcmp(names[index].day, names[other].day);

    if (kind == BY_DAY || order == 0)
        return world->ever[other].started > world->ever[index].started;
    return order > 0;
}

/* The place of a backup's period among the newest, from 1; 0 when another stands for it. */
static size_t
rank(const struct world *world, size_t index, enum kind kind)
{
    const char *period = period_of(index, kind);
    const char *counted = "";
    size_t newer = 0;

    for (size_t other = world->ever_count; other-- > 0;)
    {
        const char *other_period = period_of(other, kind);

        if (world->ever[other].damaged)
            continue;
        if (strcmp(other_period, period) == 0 && outdoes(world, index, other, kind))
            return 0;
        if (strcmp(other_period, period) > 0 && strcmp(other_period, counted) != 0)
        {
            newer++;
            counted = other_period;
        }
    }
    return newer + 1;
}

static bool
ranks_within(const struct world *world, const struct backup *backup, enum kind kind, size_t limit)
{
    size_t found = backup->damaged ? 0 : rank(world, (size_t) (backup - world->ever), kind);

    return found != 0 && found <= limit;
}

static bool
on_shelf(const struct world *world, const struct backup *backup)
{
    return ranks_within(world, backup, BY_DAY, world->policy.daily) ||
           ranks_within(world, backup, BY_WEEK, world->policy.weekly) ||
           ranks_within(world, backup, BY_MONTH, world->policy.monthly);
}

/* Where the window begins, of all backups that there ever were on one timeline. */
static const struct backup *
expected_anchor(const struct world *world, time_us start)
{
    const struct backup *oldest = NULL;
    const struct backup *anchor = NULL;

    for (size_t index = 0; index < world->ever_count; index++)
    {
        const struct backup *backup = &world->ever[index];

        if (oldest == NULL && !backup->damaged)
            oldest = backup;
        if (backup->stopped < start &&
            (on_shelf(world, backup) || ranks_within(world, backup, BY_WEEK, SIZE_MAX)))
            anchor = backup;
    }
    return anchor == NULL ? oldest : anchor;
}

static bool
is_expected(const struct world *world, const struct backup *anchor, const struct backup *backup)
{
    time_us start = world->now - world->policy.recovery_window_us;
    const struct backup *newest = &world->ever[world->ever_count - 1];

    while (newest->damaged && newest > world->ever)
        newest--;
    if (world->now - backup->stopped < world->policy.minimum_age_us)
        return true;
    if (backup->damaged)
        return newest->damaged || newest < backup;
    return on_shelf(world, backup) || backup == anchor ||
           (backup->stopped >= start && ranks_within(world, backup, BY_WEEK, SIZE_MAX));
}

/* The catalog holds what is expected of all that there ever was, no more and no less. */
void
judge_set(const struct world *world)
{
    const struct backup *anchor;
    size_t kept = 0;

    name_backups(world);
    anchor = expected_anchor(world, world->now - world->policy.recovery_window_us);
    for (size_t index = 0; index < world->ever_count; index++)
    {
        const struct backup *backup = &world->ever[index];
        bool found = catalog_find_backup(&world->catalog, backup->id) != NULL;

        if (found != is_expected(world, anchor, backup))
            fail_msg("after %zu backups, backup %s is%s there", world->ever_count, backup->id,
                     found ? "" : " not");
        kept += found;
    }
    assert_int_equal(kept, world->catalog.backup_count);
}

void
judge_again(struct world *world)
{
    SCOPED(retention_plan_release) struct retention_plan plan = {0};
    struct error err = {0};

    assert_ok(world_plan(world, world->now, &plan, &err));
    for (size_t index = 0; index < plan.backup_count; index++)
        assert_true(plan.backups[index].keep);
    for (size_t index = 0; index < plan.wal.count; index++)
        assert_true(plan.wal.items[index].keep);
}

/* Which moments could be recovered: to be freed. */
static bool *
copy_reached(const struct world *world)
{
    bool *reached = calloc(world->moment_count + 1, sizeof(*reached));

    assert_non_null(reached);
    for (size_t index = 0; index < world->moment_count; index++)
        reached[index] = world->moments[index].reached;
    return reached;
}

static void
assert_still_reached(const struct world *world, const bool *reached, time_us since)
{
    for (size_t index = 0; index < world->moment_count; index++)
    {
        const struct world_moment *moment = &world->moments[index];

        if (reached[index] && moment->time >= since && !moment->reached)
            fail_msg("at hour %lld, segment %llu of timeline %u, written %lld hours before, "
                     "cannot be reached any more",
                     (long long) (world->now / HOUR),
                     (unsigned long long) (moment->position.lsn / WORLD_SEGMENT_SIZE),
                     moment->position.timeline, (long long) ((world->now - moment->time) / HOUR));
    }
}

static void
assert_kept_backups_are_complete(const struct world *world, const bool *complete)
{
    for (size_t index = 0; index < world->catalog.backup_count; index++)
    {
        const struct backup *backup = &world->catalog.backups[index];

        if (complete[strtoul(backup->id, NULL, 10)])
            assert_true(world_completes(world, backup));
    }
}

void
judge_expiry(struct world *world, int64_t margin_us)
{
    SCOPED(retention_plan_release) struct retention_plan plan = {0};
    SCOPED(freep) bool *complete = calloc(world->ever_count + 1, sizeof(*complete));
    SCOPED(freep) bool *reached = NULL;
    time_us start = world->now - world->policy.recovery_window_us;
    const struct backup *newest = NULL;
    struct error err = {0};

    world_look(world, start);
    reached = copy_reached(world);
    for (size_t index = 0; index < world->ever_count; index++)
    {
        complete[index] = world_completes(world, &world->ever[index]);
        if (!world->ever[index].damaged)
            newest = &world->ever[index];
    }
    assert_ok(world_plan(world, world->now, &plan, &err));
    world_apply(world, &plan);

    assert_true(world->ever_count == 0 || world->catalog.backup_count > 0);
    assert_true(newest == NULL || catalog_find_backup(&world->catalog, newest->id) != NULL);
    assert_kept_backups_are_complete(world, complete);
    world_look(world, start);
    assert_still_reached(world, reached, start + margin_us);
}

void
judge_window(struct world *world)
{
    const struct backup *first = world->ever;

    while (first->damaged && first < world->ever + world->ever_count - 1)
        first++;
    world_look(world, world->now - world->policy.recovery_window_us);
    for (size_t index = 0; index < world->moment_count; index++)
    {
        const struct world_moment *moment = &world->moments[index];

        if (moment->time >= world->now - world->policy.recovery_window_us && !first->damaged &&
            moment->time >= first->stopped &&
            (moment->position.lsn - 1) / WORLD_SEGMENT_SIZE < world->unarchived)
            assert_true(moment->reached);
    }
}

void
judge_shelf(const struct world *world)
{
    name_backups(world);
    for (size_t index = 0; index < world->ever_count; index++)
        if (on_shelf(world, &world->ever[index]))
            assert_non_null(catalog_find_backup(&world->catalog, world->ever[index].id));
}
