// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/retention_judge.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB  (UINT32_C(1) << 20)
#define HOUR US_PER_HOUR
#define DAY  US_PER_DAY

/* 2026-11-20 12:00 UTC, a Friday. */
#define NOW (INT64_C(1795176000) * US_PER_SECOND)

/* Examples: a catalog by hand, segments of 1 MiB, one segment an hour. */

struct example
{
    struct backup backups[16];
    struct lineage lineages[2];
    struct hold holds[2];
    struct catalog catalog;
    struct pg_history histories[4];
    struct wal_run runs[8];
    struct wal_chain chains[2];
    struct retention_policy policy;
    struct retention_plan plan;
};

static int
set_up(void **state)
{
    struct example *example = calloc(1, sizeof(*example));

    assert_non_null(example);
    example->policy = retention_policy_default();
    example->lineages[0] = (struct lineage){1, MIB, 17};
    example->lineages[1] = (struct lineage){2, MIB, 18};
    example->catalog.backups = example->backups;
    example->catalog.lineages = example->lineages;
    example->catalog.lineage_count = 1;
    example->catalog.holds = example->holds;
    example->histories[0] = pg_history_root(1);
    for (size_t index = 0; index < 2; index++)
        example->chains[index] = (struct wal_chain){
            .system_identifier = index + 1,
            .segment_size = MIB,
            .histories = example->histories,
            .history_count = 1,
        };
    *state = example;
    return 0;
}

static int
tear_down(void **state)
{
    struct example *example = *state;

    retention_plan_release(&example->plan);
    free(example);
    return 0;
}

/* A backup of an hour, begun so many hours ago, when segment 10000 minus that was written. */
static struct backup *
add_backup(struct example *example, int hours_ago)
{
    struct backup *backup = &example->backups[example->catalog.backup_count];
    uint64_t first = (uint64_t) (10000 - hours_ago);

    *backup = (struct backup){
        .system_identifier = 1,
        .wal_segment_size = MIB,
        .start = {1, first * MIB + 40},
        .stop = {1, (first + 1) * MIB + 80},
        .started = NOW - hours_ago * HOUR,
        .stopped = NOW - (hours_ago - 1) * HOUR,
    };
    snprintf(backup->id, sizeof(backup->id), "%dh", hours_ago);
    example->catalog.backup_count++;
    return backup;
}

static void
add_run(struct wal_chain *chain, struct example *example, struct wal_run run)
{
    if (chain->archived.count == 0)
        chain->archived.items = &example->runs[chain == example->chains ? 0 : 4];
    chain->archived.items[chain->archived.count++] = run;
}

static enum status
make_plan(struct example *example, struct error *err)
{
    const struct retention_request request = {
        .catalog = &example->catalog,
        .chains = example->chains,
        .chain_count = example->catalog.lineage_count,
        .policy = &example->policy,
        .now = NOW,
    };

    retention_plan_release(&example->plan);
    return retention_plan_make(&request, &example->plan, err);
}

static void
plan_all(struct example *example)
{
    struct error err = {0};

    assert_ok(make_plan(example, &err));
}

/* "keep: daily, 2026-11-20; newest good" */
static void
assert_backup(const struct example *example, size_t index, const char *want)
{
    const struct retention_backup *backup = &example->plan.backups[index];
    char text[REASONS_MAX * REASON_SIZE + 8];
    size_t used = (size_t) snprintf(text, sizeof(text), "%s: ", backup->keep ? "keep" : "expire");

    for (size_t at = 0; at < backup->reasons.count; at++)
        used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%s", at == 0 ? "" : "; ",
                                  backup->reasons.texts[at]);
    assert_string_equal(text, want);
}

/* "1: 9000-9999 keep recovery window, from backup 500h" */
static void
assert_wal(const struct example *example, size_t index, const char *want)
{
    const struct wal_span *span = &example->plan.wal.items[index];
    char text[REASON_SIZE + 80];

    assert_true(index < example->plan.wal.count);
    snprintf(text, sizeof(text), "%u: %llu-%llu %s %s", span->run.timeline,
             (unsigned long long) span->run.first, (unsigned long long) span->run.last,
             span->keep ? "keep" : "expire", span->reason);
    assert_string_equal(text, want);
}

static void
reasons_name_the_periods_and_the_window(void **state)
{
    struct example *example = *state;

    add_backup(example, 26 * 24);
    add_backup(example, 20 * 24);
    add_backup(example, 24);
    add_backup(example, 2);
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 10000});
    plan_all(example);

    assert_backup(example, 0, "keep: daily, 2026-10-25; weekly, 2026-W43; monthly, 2026-10");
    assert_backup(example, 1,
                  "keep: daily, 2026-10-31; weekly, 2026-W44; start of the recovery window");
    assert_backup(example, 2,
                  "keep: daily, 2026-11-19; weekly, 2026-W47; monthly, 2026-11; "
                  "younger than the minimum age; the recovery window will start here");
    assert_backup(example, 3,
                  "keep: daily, 2026-11-20; newest good; younger than the minimum age; "
                  "last good one of its cluster");
    assert_int_equal(example->plan.wal.count, 4);
    assert_wal(example, 0,
               "1: 9000-9375 expire needed neither by a backup that stays nor by the recovery "
               "window");
    assert_wal(example, 1, "1: 9376-9377 keep makes backup 624h consistent");
    assert_wal(example, 2,
               "1: 9378-9519 expire needed neither by a backup that stays nor by the recovery "
               "window");
    assert_wal(example, 3, "1: 9520-10000 keep recovery window, from backup 480h");
}

static void
what_goes_says_which_counts_it_exceeded(void **state)
{
    struct example *example = *state;

    example->policy.daily = 1;
    example->policy.weekly = 0;
    example->policy.monthly = 0;
    example->policy.recovery_window_us = 0;
    add_backup(example, 50)->damaged = true;
    add_backup(example, 49);
    add_backup(example, 30);
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 10000});
    plan_all(example);

    assert_backup(example, 0, "expire: damaged, and a newer good one exists");
    assert_backup(example, 1, "expire: beyond daily 1, weekly 0, monthly 0");
    assert_true(example->plan.backups[2].keep);
    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9969}));
    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9970}));
}

static void
a_held_backup_keeps_its_own_wal_too(void **state)
{
    struct example *example = *state;

    example->policy.daily = 1;
    example->policy.weekly = 0;
    example->policy.monthly = 0;
    example->policy.recovery_window_us = 0;
    add_backup(example, 100);
    add_backup(example, 30);
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 10000});
    example->holds[0].until = INT64_C(1796083200) * US_PER_SECOND; /* 2026-12-01 */
    snprintf(example->holds[0].id, BACKUP_ID_SIZE, "100h");
    example->catalog.hold_count = 1;
    plan_all(example);

    assert_backup(example, 0, "keep: held until 2026-12-01");
    assert_wal(example, 1, "1: 9900-9901 keep makes backup 100h consistent");

    example->holds[0].until = NOW;
    plan_all(example);
    assert_backup(example, 0, "expire: beyond daily 1, weekly 0, monthly 0");
}

/* Recovery to timeline 2 reads the segment in which it begins from timeline 2. */
static void
a_backups_own_segments_stay_on_timelines_that_begin_in_them(void **state)
{
    struct example *example = *state;
    struct pg_history_entry fork = {1, UINT64_C(9101) * MIB + MIB / 2};

    example->histories[1] = (struct pg_history){2, &fork, 1};
    example->chains[0].history_count = 2;
    add_backup(example, 900);
    for (int index = 0; index < 2; index++)
    {
        struct backup *backup = add_backup(example, index == 0 ? 500 : 30);

        backup->start.timeline = backup->stop.timeline = 2;
    }
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 9101});
    add_run(&example->chains[0], example, (struct wal_run){2, 9101, 10000});
    plan_all(example);

    assert_true(example->plan.backups[0].keep);
    assert_wal(example, 1, "1: 9100-9101 keep makes backup 900h consistent");
    assert_wal(example, 2, "2: 9101-9101 keep makes backup 900h consistent");
    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){2, 9102}));
}

static void
nothing_expires_without_a_good_backup(void **state)
{
    struct example *example = *state;

    for (int index = 0; index < 3; index++)
        add_backup(example, 3000 - index * 1000)->damaged = true;
    add_run(&example->chains[0], example, (struct wal_run){1, 1, 10000});
    plan_all(example);

    for (size_t index = 0; index < 3; index++)
        assert_backup(example, index, "keep: damaged, but no newer good one exists");
    assert_int_equal(example->plan.wal.count, 1);
    assert_wal(example, 0, "1: 1-10000 keep of a cluster that has no good backup");
}

static void
wal_before_the_first_backup_stays_for_the_minimum_age(void **state)
{
    struct example *example = *state;

    add_backup(example, 5);
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 10000});
    plan_all(example);
    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9000}));

    example->backups[0].started = NOW - 30 * HOUR;
    plan_all(example);
    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9000}));
}

/* The cluster was replaced; both have backups. */
static void
replace_cluster(struct example *example, int hours_ago)
{
    add_backup(example, 900);
    add_backup(example, 600);
    add_backup(example, hours_ago)->system_identifier = 2;
    example->catalog.lineage_count = 2;
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 9900});
    add_run(&example->chains[1], example, (struct wal_run){1, 1, 10000});
}

static void
a_replaced_cluster_keeps_its_moments_in_the_window(void **state)
{
    struct example *example = *state;

    replace_cluster(example, 300); /* the window has 336 hours */
    plan_all(example);

    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9900}));
    assert_true(retention_plan_keeps_wal(&example->plan, 2, (struct pg_wal_segment){1, 9999}));
}

static void
a_cluster_replaced_before_the_window_keeps_its_backups_own_wal(void **state)
{
    struct example *example = *state;

    replace_cluster(example, 400);
    plan_all(example);

    assert_true(example->plan.backups[1].keep);
    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9400}));
    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9401}));
    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9402}));
    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9900}));
    assert_wal(example, 4,
               "1: 9402-9900 expire of a system identifier that was left before the recovery "
               "window");
}

static void
a_cluster_that_still_has_backups_in_the_window_is_not_replaced(void **state)
{
    struct example *example = *state;

    replace_cluster(example, 400);
    add_backup(example, 200);
    add_run(&example->chains[0], example, (struct wal_run){1, 9902, 9999});
    plan_all(example);

    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9900}));
    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9999}));
}

static void
the_present_cluster_keeps_its_last_good_backup(void **state)
{
    struct example *example = *state;

    example->policy.daily = 1;
    example->policy.weekly = 0;
    example->policy.monthly = 0;
    replace_cluster(example, 700);
    plan_all(example);

    assert_backup(example, 0, "expire: beyond daily 1, weekly 0, monthly 0");
    assert_true(example->plan.backups[1].keep);
    assert_true(example->plan.backups[2].keep);
    assert_string_equal(example->plan.backups[2].reasons.texts[0], "last good one of its cluster");
}

static void
a_new_cluster_without_a_backup_loses_no_wal(void **state)
{
    struct example *example = *state;

    add_backup(example, 900);
    example->catalog.lineage_count = 2;
    add_run(&example->chains[0], example, (struct wal_run){1, 9000, 9900});
    add_run(&example->chains[1], example, (struct wal_run){1, 1, 50});
    plan_all(example);

    assert_true(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 9900}));
    assert_wal(example, 2, "1: 1-50 keep of a cluster that has no good backup");
}

static void
a_cluster_that_the_plan_is_not_about_keeps_its_wal(void **state)
{
    struct example *example = *state;

    add_backup(example, 900);
    plan_all(example);

    assert_false(retention_plan_keeps_wal(&example->plan, 1, (struct pg_wal_segment){1, 1}));
    assert_true(retention_plan_keeps_wal(&example->plan, 3, (struct pg_wal_segment){1, 1}));
}

static void
a_policy_that_keeps_nothing_makes_no_plan(void **state)
{
    struct example *example = *state;
    struct error err = {0};

    add_backup(example, 900);
    example->policy.daily = example->policy.weekly = example->policy.monthly = 0;
    assert_status(make_plan(example, &err), STATUS_CONFIG);
    assert_null(example->plan.backups);
}

static void
doubt_about_the_clock_refuses_the_whole_plan(void **state)
{
    struct example *example = *state;
    struct error err = {0};

    add_backup(example, 900);
    add_backup(example, -10);
    assert_status(make_plan(example, &err), STATUS_REFUSED);
    assert_null(example->plan.backups);
}

/* Properties: nights in a world. */

/* A night that may fail, or have a second backup, at an hour that wanders through the day. */
static void
pass_night(struct world *world)
{
    world_pass_hours(world, 21 + (int) world_random(world, 5));
    if (world_random(world, 12) == 0)
        return;
    world_backup(world, world_random(world, 15) == 0);
    if (world_random(world, 8) == 0)
    {
        world_pass_hours(world, 1 + (int) world_random(world, 6));
        world_backup(world, false);
    }
}

static void
expire(struct world *world)
{
    judge_expiry(world, 0);
    judge_again(world);
}

static void
check_nights(const char *zone_text, enum week_start week_start, uint64_t seed)
{
    SCOPED(zone_freep) struct zone *zone = NULL;
    SCOPED(world_freep) struct world *world = NULL;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    assert_ok(zone_read(&zone, zone_text, &err));
    judge_zone(zone_text);
    policy.zone = zone;
    policy.week_start = week_start;
    world = world_create(seed, &policy);
    for (int night = 0; night < 400; night++)
    {
        pass_night(world);
        if (world->ever_count == 0)
            continue;
        expire(world);
        judge_set(world);
        judge_window(world);
    }
    assert_true(world->catalog.backup_count >= 10 && world->catalog.backup_count <= 16);
}

static void
four_hundred_nights_with_7_4_3_leave_exactly_the_right_set(void **state)
{
    (void) state;

    check_nights("UTC", WEEK_FROM_MONDAY, 1);
    check_nights("Europe/Berlin", WEEK_FROM_MONDAY, 2);
    check_nights("America/New_York", WEEK_FROM_SUNDAY, 3);
}

/* Two worlds of one seed: one expires each night, the other once at the end. */
static void
expiring_every_night_leaves_what_expiring_once_leaves(void **state)
{
    (void) state;

    for (uint64_t seed = 10; seed < 20; seed++)
    {
        struct retention_policy policy = retention_policy_default();
        SCOPED(world_freep) struct world *nightly = world_create(seed, &policy);
        SCOPED(world_freep) struct world *once = world_create(seed, &policy);

        for (int night = 0; night < 100; night++)
        {
            pass_night(nightly);
            pass_night(once);
            if (nightly->ever_count > 0)
                expire(nightly);
        }
        expire(once);
        assert_int_equal(nightly->catalog.backup_count, once->catalog.backup_count);
        for (size_t index = 0; index < once->catalog.backup_count; index++)
            assert_string_equal(nightly->catalog.backups[index].id,
                                once->catalog.backups[index].id);
        assert_memory_equal(nightly->archived, once->archived, sizeof(once->archived));
    }
}

/* Whatever may happen to a cluster, by chance. */
static void
suffer(struct world *world)
{
    const struct world_moment *past;

    switch (world_random(world, 60))
    {
    case 0:
        world_promote(world);
        break;
    case 1:
        past = world_past_moment(world, 20);
        if (past != NULL)
            world_recover(world, past);
        break;
    case 2:
        world_lose_segment(world, 1 + world_random(world, 30));
        break;
    case 3:
        world_pass_hours(world, 24 * (int) world_random(world, 40));
        break;
    case 4:
    case 5:
        world->archiver_stuck = true;
        break;
    default:
        world->archiver_stuck = world->archiver_stuck && world_random(world, 3) != 0;
        break;
    }
}

static void
check_years(const struct retention_policy *policy, uint64_t seed, int nights)
{
    SCOPED(world_freep) struct world *world = world_create(seed, policy);

    for (int night = 0; night < nights && world->timeline_count < WORLD_TIMELINES; night++)
    {
        suffer(world);
        pass_night(world);
        expire(world);
    }
}

/* For some nights the host that takes backups has a wrong clock, up to ten days off. */
static void
clocks_that_were_wrong_cost_no_more_than_their_error(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    int refused = 0;

    for (uint64_t seed = 200; seed < 203; seed++)
    {
        SCOPED(world_freep) struct world *world = world_create(seed, &policy);

        for (int night = 0; night < 400 && world->timeline_count < WORLD_TIMELINES; night++)
        {
            SCOPED(retention_plan_release) struct retention_plan plan = {0};
            struct error err = {0};

            suffer(world);
            if (world_random(world, 20) == 0)
                world->clock_error_us = ((time_us) world_random(world, 480) - 240) * HOUR;
            else if (world_random(world, 4) == 0)
                world->clock_error_us = 0;
            pass_night(world);
            if (world_plan(world, world->now, &plan, &err) == OK)
                judge_expiry(world, 10 * DAY);
            else
                refused++;
        }
        assert_true(world->catalog.backup_count < 60);
    }
    assert_true(refused > 0);
}

static void
no_moment_of_the_window_is_lost_whatever_happens(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t daily;
        uint32_t weekly;
        uint32_t monthly;
        int64_t window_days;
    } cases[] = {{7, 4, 3, 14}, {7, 0, 0, 14}, {7, 4, 3, 3}, {1, 0, 0, 7},
                 {0, 2, 0, 30}, {0, 0, 2, 0},  {7, 4, 3, 7}, {30, 0, 0, 21}};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct retention_policy policy = retention_policy_default();

        policy.daily = cases[index].daily;
        policy.weekly = cases[index].weekly;
        policy.monthly = cases[index].monthly;
        policy.recovery_window_us = cases[index].window_days * DAY;
        for (uint64_t seed = 0; seed < 2; seed++)
            check_years(&policy, 100 + index * 10 + seed, 300);
    }
}

/* Policies under which a window could pin its first backup and all WAL since. */
static void
wal_does_not_grow_with_the_years(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    SCOPED(world_freep) struct world *world = NULL;
    uint64_t oldest = 0;

    policy.daily = 3;
    policy.weekly = 0;
    policy.monthly = 0;
    world = world_create(7, &policy);
    for (int night = 0; night < 300; night++)
    {
        pass_night(world);
        expire(world);
    }
    while (!world->archived[0][oldest])
        oldest++;
    /* 14 days, a week before that, and a night or two that failed; five segments a day. */
    assert_between((long long) (world->at.lsn / WORLD_SEGMENT_SIZE - oldest), 14 * 3, 24 * 5);
}

static void
a_month_of_silence_does_not_empty_the_shelf(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    SCOPED(world_freep) struct world *world = world_create(8, &policy);
    size_t before;

    judge_zone("UTC");
    for (int night = 0; night < 120; night++)
    {
        pass_night(world);
        expire(world);
    }
    before = world->catalog.backup_count;
    world_pass_hours(world, 24 * 40);
    expire(world);
    /* What stayed only because it was young or in the window may go. */
    assert_true(world->catalog.backup_count + 2 >= before);
    judge_shelf(world);
}

#define EXAMPLE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EXAMPLE(reasons_name_the_periods_and_the_window),
        EXAMPLE(what_goes_says_which_counts_it_exceeded),
        EXAMPLE(a_held_backup_keeps_its_own_wal_too),
        EXAMPLE(a_backups_own_segments_stay_on_timelines_that_begin_in_them),
        EXAMPLE(nothing_expires_without_a_good_backup),
        EXAMPLE(wal_before_the_first_backup_stays_for_the_minimum_age),
        EXAMPLE(a_replaced_cluster_keeps_its_moments_in_the_window),
        EXAMPLE(a_cluster_replaced_before_the_window_keeps_its_backups_own_wal),
        EXAMPLE(a_cluster_that_still_has_backups_in_the_window_is_not_replaced),
        EXAMPLE(the_present_cluster_keeps_its_last_good_backup),
        EXAMPLE(a_new_cluster_without_a_backup_loses_no_wal),
        EXAMPLE(a_cluster_that_the_plan_is_not_about_keeps_its_wal),
        EXAMPLE(a_policy_that_keeps_nothing_makes_no_plan),
        EXAMPLE(doubt_about_the_clock_refuses_the_whole_plan),
        cmocka_unit_test(four_hundred_nights_with_7_4_3_leave_exactly_the_right_set),
        cmocka_unit_test(expiring_every_night_leaves_what_expiring_once_leaves),
        cmocka_unit_test(no_moment_of_the_window_is_lost_whatever_happens),
        cmocka_unit_test(clocks_that_were_wrong_cost_no_more_than_their_error),
        cmocka_unit_test(wal_does_not_grow_with_the_years),
        cmocka_unit_test(a_month_of_silence_does_not_empty_the_shelf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
