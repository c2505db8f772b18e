// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/shelf.h"

#include <stdio.h>

#define HOUR US_PER_HOUR
#define DAY  US_PER_DAY

/* 2026-11-20 12:00 UTC, a Friday. */
#define NOW (INT64_C(1795176000) * US_PER_SECOND)

#define ITEMS_MAX 128

struct shelf
{
    struct shelf_item items[ITEMS_MAX];
    size_t count;
    struct retention_policy policy;
};

static struct shelf
shelf_of(uint32_t daily, uint32_t weekly, uint32_t monthly)
{
    struct shelf shelf = {.policy = retention_policy_default()};

    shelf.policy.daily = daily;
    shelf.policy.weekly = weekly;
    shelf.policy.monthly = monthly;
    return shelf;
}

/* One that took an hour. */
static struct shelf_item *
add(struct shelf *shelf, time_us taken)
{
    struct shelf_item *item = &shelf->items[shelf->count++];

    assert_true(shelf->count <= ITEMS_MAX);
    *item = (struct shelf_item){
        .taken = taken,
        .finished = taken + HOUR,
        .good = true,
        .flaw = "damaged",
        .held_until = SHELF_NOT_HELD,
    };
    return item;
}

static void
plan(struct shelf *shelf)
{
    struct error err = {0};

    assert_ok(shelf_plan(shelf->items, shelf->count, &shelf->policy, NOW, &err));
}

static bool
has_reason(const struct shelf_item *item, const char *reason)
{
    for (size_t index = 0; index < item->reasons.count; index++)
        if (strcmp(item->reasons.texts[index], reason) == 0)
            return true;
    return false;
}

static void
assert_kept(const struct shelf_item *item, const char *reason)
{
    assert_true(item->keep);
    assert_true(has_reason(item, reason));
}

static void
assert_expired(const struct shelf_item *item, const char *reason)
{
    assert_false(item->keep);
    assert_int_equal(item->reasons.count, 1);
    assert_string_equal(item->reasons.texts[0], reason);
}

static size_t
count_kept(const struct shelf *shelf)
{
    size_t kept = 0;

    for (size_t index = 0; index < shelf->count; index++)
        kept += shelf->items[index].keep;
    return kept;
}

/* One each night at 2 o'clock, the last today. */
static void
add_nights(struct shelf *shelf, int nights)
{
    for (int night = nights - 1; night >= 0; night--)
        add(shelf, NOW - 10 * HOUR - night * DAY);
}

static void
nightly_ones_become_seven_days_four_weeks_three_months(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(7, 4, 3);
    /* Seven days; Mondays 16, 9, 2 and October 26; the first of three months. */
    static const char *const want =
        "2026-09-01 2026-10-01 2026-10-26 2026-11-01 2026-11-02 2026-11-09 2026-11-14 2026-11-15 "
        "2026-11-16 2026-11-17 2026-11-18 2026-11-19 2026-11-20 ";
    char text[256] = "";

    add_nights(&shelf, 100);
    plan(&shelf);
    for (size_t index = 0; index < shelf.count; index++)
    {
        char time[TIME_TEXT_SIZE];

        time_format(shelf.items[index].taken, time);
        if (shelf.items[index].keep)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.10s ", time);
    }
    assert_string_equal(text, want);
}

static void
each_period_is_a_reason_and_what_goes_has_one_too(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(1, 1, 1);

    add_nights(&shelf, 30);
    plan(&shelf);

    assert_kept(&shelf.items[29], "daily, 2026-11-20");
    assert_kept(&shelf.items[25], "weekly, 2026-W47");
    assert_kept(&shelf.items[10], "monthly, 2026-11");
    assert_expired(&shelf.items[5], "beyond daily 1, weekly 1, monthly 1");
    assert_true(shelf.items[25].represents);
    assert_false(shelf.items[5].represents);
}

static void
silence_does_not_empty_the_shelf(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(7, 4, 3);

    for (int night = 0; night < 10; night++)
        add(&shelf, NOW - (300 - night) * DAY);
    plan(&shelf);

    /* Seven days, and the first of their two weeks and months. */
    assert_true(count_kept(&shelf) >= 7);
    assert_kept(&shelf.items[9], "newest good");
}

static void
damaged_ones_represent_nothing(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(2, 0, 0);

    add_nights(&shelf, 5);
    shelf.items[3].good = false;
    plan(&shelf);

    assert_kept(&shelf.items[4], "daily, 2026-11-20");
    assert_expired(&shelf.items[3], "damaged, and a newer good one exists");
    assert_kept(&shelf.items[2], "daily, 2026-11-18");
    assert_expired(&shelf.items[1], "beyond daily 2, weekly 0, monthly 0");
}

static void
a_damaged_one_stays_until_a_newer_good_one_exists(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(1, 0, 0);

    add(&shelf, NOW - 5 * DAY);
    add(&shelf, NOW - 4 * DAY)->good = false;
    plan(&shelf);

    assert_kept(&shelf.items[1], "damaged, but no newer good one exists");
    assert_kept(&shelf.items[0], "newest good");
}

static void
the_newest_good_one_stays_whatever_the_counts_say(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(0, 1, 0);

    add(&shelf, NOW - 4 * DAY);
    add(&shelf, NOW - 3 * DAY);
    add(&shelf, NOW - 2 * DAY);
    plan(&shelf);

    assert_kept(&shelf.items[0], "weekly, 2026-W47");
    assert_false(shelf.items[1].keep);
    assert_kept(&shelf.items[2], "newest good");
}

static void
what_is_held_stays_until_then(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(1, 0, 0);

    add(&shelf, NOW - 90 * DAY)->held_until = SHELF_HELD_FOR_EVER;
    add(&shelf, NOW - 80 * DAY)->held_until = NOW + 36 * HOUR;
    add(&shelf, NOW - 70 * DAY)->held_until = NOW + 37 * HOUR;
    add(&shelf, NOW - 60 * DAY)->held_until = NOW;
    add(&shelf, NOW - 2 * DAY);
    plan(&shelf);

    assert_kept(&shelf.items[0], "held");
    assert_kept(&shelf.items[1], "held until 2026-11-22");
    assert_kept(&shelf.items[2], "held until 2026-11-22 01:00");
    assert_false(shelf.items[3].keep);
}

static void
the_minimum_age_counts_from_the_end(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(1, 0, 0);

    add(&shelf, NOW - 26 * HOUR);
    add(&shelf, NOW - 25 * HOUR);
    add(&shelf, NOW - 25 * HOUR + 1);
    add(&shelf, NOW - 24 * HOUR);
    add(&shelf, NOW - 2 * HOUR);
    plan(&shelf);

    assert_false(shelf.items[0].keep);
    assert_false(shelf.items[1].keep);
    assert_kept(&shelf.items[2], "younger than the minimum age");
    assert_kept(&shelf.items[3], "younger than the minimum age");
}

static void
what_is_dated_in_the_future_stays_and_counts_for_nothing(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(1, 0, 0);

    add(&shelf, NOW - 3 * DAY);
    add(&shelf, NOW - 2 * DAY);
    add(&shelf, NOW + HOUR);
    plan(&shelf);

    assert_kept(&shelf.items[2], "dated in the future");
    assert_kept(&shelf.items[1], "newest good");
    assert_kept(&shelf.items[1], "daily, 2026-11-18");
    assert_false(shelf.items[0].keep);
}

static void
an_empty_shelf_is_fine(void **state)
{
    (void) state;
    struct shelf shelf = shelf_of(7, 4, 3);

    plan(&shelf);
    assert_int_equal(count_kept(&shelf), 0);
}

/* A night is planned over what the nights before left, in any order. */
static void
planning_every_night_leaves_what_planning_once_leaves(void **state)
{
    (void) state;
    struct shelf nightly = shelf_of(3, 2, 2);
    struct shelf once = shelf_of(3, 2, 2);

    nightly.policy.minimum_age_us = once.policy.minimum_age_us = 0;
    add_nights(&once, 100);
    for (size_t night = 0; night < once.count; night++)
    {
        size_t kept = 0;

        nightly.items[nightly.count++] = once.items[night];
        plan(&nightly);
        for (size_t index = 0; index < nightly.count; index++)
            if (nightly.items[index].keep)
                nightly.items[kept++] = nightly.items[index];
        nightly.count = kept;
    }
    plan(&once);
    assert_int_equal(nightly.count, count_kept(&once));
    for (size_t index = 0, kept = 0; index < once.count; index++)
        if (once.items[index].keep)
            assert_int_equal(once.items[index].taken, nightly.items[kept++].taken);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nightly_ones_become_seven_days_four_weeks_three_months),
        cmocka_unit_test(each_period_is_a_reason_and_what_goes_has_one_too),
        cmocka_unit_test(silence_does_not_empty_the_shelf),
        cmocka_unit_test(damaged_ones_represent_nothing),
        cmocka_unit_test(a_damaged_one_stays_until_a_newer_good_one_exists),
        cmocka_unit_test(the_newest_good_one_stays_whatever_the_counts_say),
        cmocka_unit_test(what_is_held_stays_until_then),
        cmocka_unit_test(the_minimum_age_counts_from_the_end),
        cmocka_unit_test(what_is_dated_in_the_future_stays_and_counts_for_nothing),
        cmocka_unit_test(an_empty_shelf_is_fine),
        cmocka_unit_test(planning_every_night_leaves_what_planning_once_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
