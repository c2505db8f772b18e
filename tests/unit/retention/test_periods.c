// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/periods.h"

#include <stdio.h>

#define ITEMS_MAX 16

static time_us
moment(const char *text)
{
    struct error err = {0};
    time_us time = 0;

    assert_ok(time_parse(text, &time, &err));
    return time;
}

/* Which of the times are chosen, by their place from 0: "0 3". */
static void
assert_chosen(const char *const *times, enum period_kind kind, size_t limit,
              const struct retention_policy *policy, const char *want)
{
    struct period_item items[ITEMS_MAX];
    bool chosen[ITEMS_MAX] = {false};
    char text[64] = "";
    size_t count = 0;
    size_t used = 0;

    for (; times[count] != NULL; count++)
        items[count] = (struct period_item){.taken = moment(times[count]), .index = count};
    periods_choose(items, count, kind, limit, policy);
    for (size_t at = 0; at < count; at++)
        chosen[items[at].index] = items[at].chosen;
    for (size_t index = 0; index < count; index++)
        if (chosen[index])
            used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%zu",
                                      used == 0 ? "" : " ", index);
    assert_string_equal(text, want);
}

static void
a_day_is_represented_by_its_newest(void **state)
{
    (void) state;
    const struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2026-11-19T02:00:00Z", "2026-11-20T02:00:00Z",
                                 "2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z", NULL};

    assert_chosen(times, PERIOD_DAY, PERIODS_ALL, &policy, "0 2 3");
    assert_chosen(times, PERIOD_DAY, 2, &policy, "2 3");
    assert_chosen(times, PERIOD_DAY, 0, &policy, "");
}

static void
a_week_is_represented_by_the_newest_of_its_first_day(void **state)
{
    (void) state;
    const struct retention_policy policy = retention_policy_default();
    /* Two on Tuesday the 17th, one on Sunday the 22nd; one on Monday the 23rd. */
    const char *const times[] = {"2026-11-17T02:00:00Z", "2026-11-17T14:00:00Z",
                                 "2026-11-22T02:00:00Z", "2026-11-23T02:00:00Z", NULL};

    assert_chosen(times, PERIOD_WEEK, PERIODS_ALL, &policy, "1 3");
    assert_chosen(times, PERIOD_WEEK, 1, &policy, "3");
}

static void
a_week_may_begin_on_sunday(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2026-11-17T02:00:00Z", "2026-11-22T02:00:00Z",
                                 "2026-11-23T02:00:00Z", NULL};

    policy.week_start = WEEK_FROM_SUNDAY;
    assert_chosen(times, PERIOD_WEEK, PERIODS_ALL, &policy, "0 1");
}

static void
a_month_is_represented_by_its_first_day(void **state)
{
    (void) state;
    const struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2025-12-31T02:00:00Z", "2026-01-02T02:00:00Z",
                                 "2026-01-31T02:00:00Z", "2026-02-01T02:00:00Z", NULL};

    assert_chosen(times, PERIOD_MONTH, PERIODS_ALL, &policy, "0 1 3");
    assert_chosen(times, PERIOD_MONTH, 2, &policy, "1 3");
}

static void
periods_that_have_none_do_not_count(void **state)
{
    (void) state;
    const struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z",
                                 "2026-11-20T02:00:00Z", NULL};

    assert_chosen(times, PERIOD_DAY, 3, &policy, "0 1 2");
    assert_chosen(times, PERIOD_MONTH, 2, &policy, "0 2");
}

static void
the_zone_says_where_a_day_ends(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *berlin = NULL;
    struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2026-07-20T21:30:00Z", "2026-07-20T22:30:00Z", NULL};
    struct error err = {0};

    assert_chosen(times, PERIOD_DAY, PERIODS_ALL, &policy, "1");
    assert_ok(zone_read(&berlin, "Europe/Berlin", &err));
    policy.zone = berlin;
    assert_chosen(times, PERIOD_DAY, PERIODS_ALL, &policy, "0 1");
}

/* The day on which clocks go back has 25 hours, and each hour is that day's. */
static void
a_long_day_is_one_day(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *york = NULL;
    struct retention_policy policy = retention_policy_default();
    const char *const times[] = {"2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z",
                                 "2026-11-01T06:30:00Z", "2026-11-02T04:59:59Z",
                                 "2026-11-02T05:00:00Z", NULL};
    struct error err = {0};

    assert_ok(zone_read(&york, "America/New_York", &err));
    policy.zone = york;
    assert_chosen(times, PERIOD_DAY, PERIODS_ALL, &policy, "3 4");
}

static void
assert_described(const char *time, enum period_kind kind, const struct retention_policy *policy,
                 const char *want)
{
    char text[PERIOD_TEXT_SIZE];

    periods_describe(moment(time), kind, policy, text);
    assert_string_equal(text, want);
}

static void
periods_are_described_in_their_zone(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *tokyo = NULL;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    assert_described("2026-12-31T20:00:00Z", PERIOD_DAY, &policy, "daily, 2026-12-31");
    assert_described("2026-12-31T20:00:00Z", PERIOD_WEEK, &policy, "weekly, 2026-W53");
    assert_described("2026-12-31T20:00:00Z", PERIOD_MONTH, &policy, "monthly, 2026-12");
    assert_ok(zone_read(&tokyo, "Asia/Tokyo", &err));
    policy.zone = tokyo;
    assert_described("2026-12-31T20:00:00Z", PERIOD_DAY, &policy, "daily, 2027-01-01");
    assert_described("2026-12-31T20:00:00Z", PERIOD_WEEK, &policy, "weekly, 2026-W53");
    assert_described("2026-12-31T20:00:00Z", PERIOD_MONTH, &policy, "monthly, 2027-01");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_represented_by_its_newest),
        cmocka_unit_test(a_week_is_represented_by_the_newest_of_its_first_day),
        cmocka_unit_test(a_week_may_begin_on_sunday),
        cmocka_unit_test(a_month_is_represented_by_its_first_day),
        cmocka_unit_test(periods_that_have_none_do_not_count),
        cmocka_unit_test(the_zone_says_where_a_day_ends),
        cmocka_unit_test(a_long_day_is_one_day),
        cmocka_unit_test(periods_are_described_in_their_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
