// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/dump_plan.h"
#include "tests/support/dump_build.h"

#include <stdio.h>

#define HOUR US_PER_HOUR
#define DAY  US_PER_DAY

/* 2026-11-20 12:00 UTC, a Friday; dumps are made at 3 o'clock. */
#define NOW   (INT64_C(1795176000) * US_PER_SECOND)
#define NIGHT (NOW - 9 * HOUR)

#define DUMPS_MAX 1200

struct example
{
    struct dump dumps[DUMPS_MAX];
    struct hold holds[2];
    struct catalog catalog;
    struct retention_policy policy;
    struct dump_plan plan;
};

static int
setup(void **state)
{
    static struct example example;

    example = (struct example){.policy = retention_policy_default()};
    example.catalog.dumps = example.dumps;
    example.catalog.holds = example.holds;
    *state = &example;
    return 0;
}

static int
teardown(void **state)
{
    dump_plan_release(&((struct example *) *state)->plan);
    return 0;
}

static struct dump *
add(struct example *example, const char *database, int days_ago)
{
    struct dump *dump = &example->dumps[example->catalog.dump_count++];

    assert_true(example->catalog.dump_count <= DUMPS_MAX);
    *dump = dump_build(database, NIGHT - days_ago * DAY);
    return dump;
}

static void
plan(struct example *example)
{
    struct error err = {0};

    dump_plan_release(&example->plan);
    assert_ok(dump_plan_make(&example->catalog, &example->policy, NOW, &example->plan, &err));
    assert_int_equal(example->plan.count, example->catalog.dump_count);
}

static const struct planned_dump *
planned(const struct example *example, const struct dump *dump)
{
    return &example->plan.dumps[dump - example->dumps];
}

static void
assert_decided(const struct example *example, const struct dump *dump, bool keep,
               const char *reason)
{
    const struct planned_dump *decided = planned(example, dump);

    assert_ptr_equal(decided->dump, dump);
    assert_int_equal(decided->keep, keep);
    for (size_t index = 0; index < decided->reasons.count; index++)
        if (strcmp(decided->reasons.texts[index], reason) == 0)
            return;
    fail_msg("\"%s\" is not among the reasons, of which the first is \"%s\"", reason,
             decided->reasons.texts[0]);
}

/* The days of those that stay, oldest first. */
static void
assert_kept_days(const struct example *example, const char *database, const char *want)
{
    char text[512] = "";

    for (size_t index = 0; index < example->plan.count; index++)
    {
        const struct planned_dump *decided = &example->plan.dumps[index];
        char time[TIME_TEXT_SIZE];

        if (!decided->keep || strcmp(decided->dump->database, database) != 0)
            continue;
        time_format(decided->dump->started, time);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.10s ", time);
    }
    assert_string_equal(text, want);
}

/* Seven days; Mondays 16, 9, 2 and October 26; the first of three months. */
#define SEVEN_FOUR_THREE                                                                           \
    "2026-09-01 2026-10-01 2026-10-26 2026-11-01 2026-11-02 2026-11-09 2026-11-14 2026-11-15 "     \
    "2026-11-16 2026-11-17 2026-11-18 2026-11-19 2026-11-20 "

static void
a_year_of_nights_becomes_seven_days_four_weeks_three_months(void **state)
{
    struct example *example = *state;

    for (int night = 365; night >= 0; night--)
        add(example, "shop", night);
    plan(example);

    assert_kept_days(example, "shop", SEVEN_FOUR_THREE);
    assert_decided(example, &example->dumps[365], true, "newest good");
    assert_decided(example, &example->dumps[365 - 4], true, "weekly, 2026-W47");
    assert_decided(example, &example->dumps[100], false, "beyond daily 7, weekly 4, monthly 3");
}

/* Carried out each day, and not only once in the end. */
static void
expiring_every_night_of_a_year_keeps_the_same(void **state)
{
    struct example *example = *state;
    struct error err = {0};

    for (int night = 365; night >= 0; night--)
    {
        size_t kept = 0;

        add(example, "shop", night);
        dump_plan_release(&example->plan);
        assert_ok(dump_plan_make(&example->catalog, &example->policy, NOW - night * DAY,
                                 &example->plan, &err));
        for (size_t index = 0; index < example->plan.count; index++)
            if (example->plan.dumps[index].keep)
                example->dumps[kept++] = example->dumps[index];
        example->catalog.dump_count = kept;
    }
    plan(example);
    assert_kept_days(example, "shop", SEVEN_FOUR_THREE);
}

static void
each_database_has_its_own_counts(void **state)
{
    struct example *example = *state;
    const struct dump *only;

    only = add(example, "My Shop", 300);
    for (int night = 365; night >= 0; night--)
    {
        add(example, "shop", night);
        if (night >= 50)
            add(example, "dropped", night);
        if (night % 30 == 0)
            add(example, "Shop", night);
    }
    plan(example);

    assert_kept_days(example, "shop", SEVEN_FOUR_THREE);
    assert_decided(example, only, true, "newest good");
    /* Nobody dumps it any more: silence does not empty its shelf. */
    assert_kept_days(example, "dropped",
                     "2026-08-01 2026-09-01 2026-09-07 2026-09-14 2026-09-21 2026-09-25 "
                     "2026-09-26 2026-09-27 2026-09-28 2026-09-29 2026-09-30 2026-10-01 ");
    assert_kept_days(example, "Shop",
                     "2026-05-24 2026-06-23 2026-07-23 2026-08-22 2026-09-21 2026-10-21 "
                     "2026-11-20 ");
}

static void
a_suspicious_dump_pushes_nothing_out(void **state)
{
    struct example *example = *state;

    for (int night = 20; night >= 8; night--)
        add(example, "shop", night);
    for (int night = 7; night >= 0; night--)
        add(example, "shop", night)->suspicious = true;
    plan(example);

    /* Each good one stays that would stay if the suspicious ones were not there. */
    assert_decided(example, &example->dumps[12], true, "newest good");
    assert_decided(example, &example->dumps[6], true, "daily, 2026-11-06");
    for (size_t index = 13; index < 21; index++)
        assert_decided(example, &example->dumps[index], true,
                       "suspicious, but no newer good one exists");
}

static void
a_newer_good_dump_lets_suspicious_ones_go(void **state)
{
    struct example *example = *state;

    add(example, "shop", 5);
    add(example, "shop", 4)->suspicious = true;
    add(example, "other", 3);
    plan(example);
    assert_decided(example, &example->dumps[1], true, "suspicious, but no newer good one exists");

    add(example, "shop", 2);
    plan(example);
    assert_decided(example, &example->dumps[1], false, "suspicious, and a newer good one exists");
    assert_decided(example, &example->dumps[0], true, "daily, 2026-11-15");
}

static void
a_held_dump_stays_as_long_as_it_is_held(void **state)
{
    struct example *example = *state;

    for (int night = 60; night >= 0; night--)
        add(example, "a/b", night);
    dump_id(&example->dumps[25], example->holds[0].id);
    example->holds[0].until = HOLD_FOR_EVER;
    dump_id(&example->dumps[26], example->holds[1].id);
    example->holds[1].until = NOW - 1;
    example->catalog.hold_count = 2;
    plan(example);

    assert_decided(example, &example->dumps[25], true, "held");
    assert_decided(example, &example->dumps[26], false, "beyond daily 7, weekly 4, monthly 3");
}

static void
a_dump_of_the_future_stays_and_counts_for_nothing(void **state)
{
    struct example *example = *state;

    for (int night = 30; night >= 0; night--)
        add(example, "shop", night);
    add(example, "shop", -300);
    plan(example);

    assert_decided(example, &example->dumps[31], true, "dated in the future");
    assert_decided(example, &example->dumps[30], true, "newest good");
    assert_int_equal(planned(example, &example->dumps[31])->reasons.count, 1);
}

static void
what_is_young_stays(void **state)
{
    struct example *example = *state;

    example->policy.daily = 1;
    example->policy.weekly = 0;
    example->policy.monthly = 0;
    for (int hour = 0; hour < 4; hour++)
    {
        struct dump *dump = add(example, "shop", 0);

        *dump = dump_build("shop", NIGHT - (30 - hour) * HOUR);
    }
    add(example, "shop", 0);
    plan(example);

    assert_false(planned(example, &example->dumps[0])->keep);
    example->policy.minimum_age_us = 7 * DAY;
    plan(example);
    assert_decided(example, &example->dumps[0], true, "younger than the minimum age");
}

static void
no_dumps_are_no_trouble(void **state)
{
    plan(*state);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_year_of_nights_becomes_seven_days_four_weeks_three_months),
        TEST(expiring_every_night_of_a_year_keeps_the_same),
        TEST(each_database_has_its_own_counts),
        TEST(a_suspicious_dump_pushes_nothing_out),
        TEST(a_newer_good_dump_lets_suspicious_ones_go),
        TEST(a_held_dump_stays_as_long_as_it_is_held),
        TEST(a_dump_of_the_future_stays_and_counts_for_nothing),
        TEST(what_is_young_stays),
        TEST(no_dumps_are_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
