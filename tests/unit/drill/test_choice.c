// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/choice.h"
#include "retention/shelf.h"

#include <stdio.h>
#include <stdlib.h>

#define BACKUPS_MAX 100
#define DAYS(count) ((count) *US_PER_DAY)
#define NOW         (INT64_C(1700000000) * US_PER_SECOND)
#define WINDOW_DAYS 14

/* Backups that are so many days old, and when they were tried; the younger ones have WAL. */
struct rows
{
    struct backup backups[BACKUPS_MAX];
    struct drill_candidate candidates[BACKUPS_MAX];
    size_t count;
};

static void
add(struct rows *rows, int age, int tried_ago)
{
    struct backup *backup = &rows->backups[rows->count];
    time_us from = NOW - DAYS(age);

    snprintf(backup->id, sizeof(backup->id), "age-%d", age);
    rows->candidates[rows->count++] = (struct drill_candidate){
        .backup = backup,
        .last_tried = tried_ago < 0 ? TIME_NONE : NOW - DAYS(tried_ago),
        .from = from,
        .until = age > WINDOW_DAYS ? TIME_NONE : NOW,
    };
}

static struct drill_moment
choose(const struct rows *rows, uint64_t dice)
{
    struct drill_moment moment;
    struct error err = {0};

    assert_ok(drill_choose(rows->candidates, rows->count, NOW, dice, &moment, &err));
    return moment;
}

static void
without_a_backup_there_is_nothing_to_choose(void **state)
{
    (void) state;
    struct drill_moment moment;
    struct error err = {0};

    assert_status(drill_choose(NULL, 0, NOW, 7, &moment, &err), STATUS_NOT_FOUND);
}

static void
who_was_never_tried_for_too_long_has_its_turn_whatever_the_dice_say(void **state)
{
    (void) state;
    struct rows rows = {0};

    add(&rows, 400, 100);
    add(&rows, 61, -1);
    add(&rows, 90, -1);
    add(&rows, 1, -1);

    for (uint64_t dice = 0; dice < 100; dice++)
        assert_string_equal(choose(&rows, dice).backup->id, "age-90");
}

static void
a_backup_without_wal_behind_it_is_tried_at_its_end(void **state)
{
    (void) state;
    struct rows rows = {0};
    struct drill_moment moment;

    add(&rows, 30, -1);
    moment = choose(&rows, 7);

    assert_true(moment.at_end_of_backup);
    assert_int_equal(moment.time, NOW - DAYS(30));
}

static void
a_window_that_is_too_short_for_clocks_counts_as_none(void **state)
{
    (void) state;
    struct rows rows = {0};

    add(&rows, 1, -1);
    rows.candidates[0].until = rows.candidates[0].from + US_PER_SECOND;

    for (uint64_t dice = 0; dice < 100; dice++)
        assert_true(choose(&rows, dice).at_end_of_backup);
}

static void
a_backup_from_the_future_can_be_chosen(void **state)
{
    (void) state;
    struct rows rows = {0};

    add(&rows, -5, -1);

    assert_string_equal(choose(&rows, 7).backup->id, "age--5");
}

static void
who_waits_longer_is_chosen_more_often(void **state)
{
    (void) state;
    struct rows rows = {0};
    unsigned chosen = 0;

    add(&rows, 50, 10);
    add(&rows, 40, 30);
    for (uint64_t dice = 0; dice < 4000; dice++)
        chosen += strcmp(choose(&rows, dice * dice).backup->id, "age-40") == 0;

    assert_between(chosen, 2850, 3150);
}

static void
half_of_all_drills_go_to_a_moment_and_these_are_spread(void **state)
{
    (void) state;
    struct rows rows = {0};
    unsigned days[WINDOW_DAYS] = {0};
    unsigned moments = 0;

    for (int age = 1; age <= WINDOW_DAYS; age++)
        add(&rows, age, -1);
    for (int age = 28; age < 400; age += 28)
        add(&rows, age, 20);
    for (uint64_t dice = 0; dice < 10000; dice++)
    {
        struct drill_moment moment = choose(&rows, dice << 32);

        if (moment.at_end_of_backup)
            continue;
        assert_true(moment.time > NOW - DAYS(WINDOW_DAYS) && moment.time < NOW);
        days[(NOW - moment.time) / US_PER_DAY]++;
        moments++;
    }
    assert_between(moments, 5000, 8000);
    for (int day = 0; day < WINDOW_DAYS; day++)
        assert_between(days[day], moments / 80, moments / 5);
}

static void
all_are_ordered_by_how_long_they_wait(void **state)
{
    (void) state;
    static const char *const wanted[] = {"age-60", "age-5", "age-90", "age-80", "age-70"};
    struct rows rows = {0};

    add(&rows, 70, 1);
    add(&rows, 5, -1);
    add(&rows, 80, 2);
    add(&rows, 60, -1);
    add(&rows, 90, 3);
    drill_choose_order(rows.candidates, rows.count);

    for (size_t index = 0; index < rows.count; index++)
        assert_string_equal(rows.candidates[index].backup->id, wanted[index]);
}

/* Years of daily backups under a policy, with a drill every so many days. */
struct life
{
    const char *name;
    uint32_t monthly;
    int every;        /* days between drills */
    int stated_limit; /* days: whoever is kept for longer was tried */
    int least_kept;   /* so many of them there must have been, or nothing is proved */
    int least_moments;
};

static const struct life lives[] = {
    {"weekly drills, three months kept", 3, 7, 67, 20, 70},
    {"weekly drills, a year kept", 12, 7, 67, 20, 50},
    {"monthly drills, three months kept", 3, 30, 90, 20, 1},
    {"monthly drills, a year kept", 12, 30, 120, 20, 1},
};

struct world
{
    struct backup backups[BACKUPS_MAX];
    struct shelf_item items[BACKUPS_MAX];
    time_us tried[BACKUPS_MAX];
    size_t count;
    int moments;
    int kept_long;
};

static void
back_up_nightly(struct world *world, time_us now)
{
    assert_true(world->count < BACKUPS_MAX);
    world->items[world->count] = (struct shelf_item){
        .taken = now, .finished = now, .good = true, .held_until = SHELF_NOT_HELD};
    world->tried[world->count++] = TIME_NONE;
}

/* What goes and was kept for longer than stated was tried. */
static void
expire(struct world *world, const struct life *life, time_us now)
{
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};
    size_t stay = 0;

    policy.monthly = life->monthly;
    assert_ok(shelf_plan(world->items, world->count, &policy, now, &err));
    for (size_t index = 0; index < world->count; index++)
    {
        const struct shelf_item *item = &world->items[index];
        bool kept_long = now - item->finished > DAYS(life->stated_limit);

        if (item->keep)
        {
            world->items[stay] = *item;
            world->tried[stay++] = world->tried[index];
            continue;
        }
        world->kept_long += kept_long;
        if (kept_long && world->tried[index] == TIME_NONE)
            fail_msg("%s: kept for %lld days and never tried", life->name,
                     (long long) ((now - item->finished) / US_PER_DAY));
    }
    world->count = stay;
}

static void
drill(struct world *world, time_us now, uint64_t dice)
{
    struct drill_candidate candidates[BACKUPS_MAX];
    struct drill_moment moment;
    struct error err = {0};

    for (size_t index = 0; index < world->count; index++)
        candidates[index] = (struct drill_candidate){
            .backup = &world->backups[index],
            .last_tried = world->tried[index],
            .from = world->items[index].finished,
            .until = now - world->items[index].finished > DAYS(WINDOW_DAYS) ? TIME_NONE : now,
        };
    assert_ok(drill_choose(candidates, world->count, now, dice, &moment, &err));
    world->tried[moment.backup - world->backups] = now;
    world->moments += !moment.at_end_of_backup;
}

static void
every_backup_that_is_kept_for_long_is_tried(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(lives) / sizeof(lives[0]); index++)
        for (uint64_t seed = 1; seed <= 10; seed++)
        {
            const struct life *life = &lives[index];
            struct world *world = test_calloc(1, sizeof(*world));

            for (int day = 0; day < 4 * 365; day++)
            {
                time_us now = NOW + DAYS(day);

                back_up_nightly(world, now - US_PER_HOUR);
                expire(world, life, now);
                if (day % life->every == life->every - 1)
                    drill(world, now, seed * 1000003 + (uint64_t) day * day);
            }
            assert_true(world->kept_long >= life->least_kept);
            assert_true(world->moments >= life->least_moments);
            test_free(world);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_backup_there_is_nothing_to_choose),
        cmocka_unit_test(who_was_never_tried_for_too_long_has_its_turn_whatever_the_dice_say),
        cmocka_unit_test(a_backup_without_wal_behind_it_is_tried_at_its_end),
        cmocka_unit_test(a_window_that_is_too_short_for_clocks_counts_as_none),
        cmocka_unit_test(a_backup_from_the_future_can_be_chosen),
        cmocka_unit_test(who_waits_longer_is_chosen_more_often),
        cmocka_unit_test(half_of_all_drills_go_to_a_moment_and_these_are_spread),
        cmocka_unit_test(all_are_ordered_by_how_long_they_wait),
        cmocka_unit_test(every_backup_that_is_kept_for_long_is_tried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
