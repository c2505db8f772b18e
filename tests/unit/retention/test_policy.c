// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/policy.h"

static void
the_default_is_seven_four_three_and_two_weeks(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    assert_ok(retention_policy_check(&policy, &err));
    assert_int_equal(policy.daily, 7);
    assert_int_equal(policy.weekly, 4);
    assert_int_equal(policy.monthly, 3);
    assert_int_equal(policy.recovery_window_us, 14 * US_PER_DAY);
    assert_int_equal(policy.minimum_age_us, US_PER_DAY);
    assert_int_equal(policy.grace_us, 72 * US_PER_HOUR);
    assert_int_equal(policy.week_start, WEEK_FROM_MONDAY);
    assert_string_equal(zone_name(policy.zone), "UTC");
}

static void
a_policy_that_keeps_nothing_is_refused_with_a_hint(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    policy.daily = policy.weekly = policy.monthly = 0;
    assert_status(retention_policy_check(&policy, &err), STATUS_CONFIG);
    assert_string_equal(err.message, "the retention policy would keep nothing");
    assert_non_null(strstr(err.hint, "daily: 7"));
}

static void
one_count_is_enough(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    policy.daily = policy.weekly = 0;
    policy.monthly = 1;
    policy.recovery_window_us = policy.minimum_age_us = policy.grace_us = 0;
    assert_ok(retention_policy_check(&policy, &err));
}

static void
impossible_values_are_refused_by_name(void **state)
{
    (void) state;
    struct retention_policy policy = retention_policy_default();
    struct error err = {0};

    policy.weekly = 100001;
    assert_status(retention_policy_check(&policy, &err), STATUS_CONFIG);
    assert_message("weekly is 100001");

    policy = retention_policy_default();
    policy.minimum_age_us = -1;
    assert_status(retention_policy_check(&policy, &err), STATUS_CONFIG);
    assert_message("minimum_age is negative");

    policy = retention_policy_default();
    policy.recovery_window_us = INT64_MAX;
    assert_status(retention_policy_check(&policy, &err), STATUS_CONFIG);
    assert_message("recovery_window is more than a hundred years");

    policy = retention_policy_default();
    policy.grace_us = -1;
    assert_status(retention_policy_check(&policy, &err), STATUS_CONFIG);
    assert_message("grace is negative");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_seven_four_three_and_two_weeks),
        cmocka_unit_test(a_policy_that_keeps_nothing_is_refused_with_a_hint),
        cmocka_unit_test(one_count_is_enough),
        cmocka_unit_test(impossible_values_are_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
