// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/trend.h"
#include "tests/support/receipt_build.h"

static void
no_drill_is_no_trend(void **state)
{
    (void) state;
    struct trend trend;
    char text[TREND_TEXT_SIZE];

    trend_find(NULL, 0, &trend);
    assert_int_equal(trend.drills, 0);
    assert_int_equal(trend.median_rto_ms, DRILL_UNKNOWN_MS);
    assert_null(trend.longest);
    trend_describe(&trend, text);
    assert_string_equal(text, "Of the last 0 drills 0 passed; no RTO is known.");
}

static void
the_median_and_the_longest_are_of_those_that_came_up(void **state)
{
    (void) state;
    struct drill drills[5];
    struct trend trend;
    char text[TREND_TEXT_SIZE];

    for (unsigned number = 0; number < 5; number++)
        drills[number] = drill_build(number, number == 2 ? DRILL_FAILED : DRILL_PASSED);
    drills[0].rto_ms = 300000;
    drills[3].rto_ms = DRILL_UNKNOWN_MS;
    trend_find(drills, 5, &trend);

    assert_int_equal(trend.drills, 5);
    assert_int_equal(trend.passed, 4);
    assert_int_equal(trend.timed, 4);
    assert_int_equal(trend.median_rto_ms, 62000); /* of 61, 62, 64 and 300 seconds */
    assert_int_equal(trend.longest_rto_ms, 300000);
    assert_ptr_equal(trend.longest, &drills[0]);
    trend_describe(&trend, text);
    assert_string_equal(text, "Of the last 5 drills 4 passed; median RTO 1min 2s, the longest "
                              "5min 0s (drill 2026-11-20T02-00-00-0000).");
}

static void
what_is_long_ago_does_not_count(void **state)
{
    (void) state;
    struct drill drills[TREND_DRILLS + 3];
    struct trend trend;

    for (unsigned number = 0; number < TREND_DRILLS + 3; number++)
        drills[number] = drill_build(number, DRILL_PASSED);
    drills[2].rto_ms = INT64_C(86400000);
    trend_find(drills, TREND_DRILLS + 3, &trend);

    assert_int_equal(trend.drills, TREND_DRILLS);
    assert_ptr_equal(trend.longest, &drills[TREND_DRILLS + 2]);
    assert_int_equal(trend.median_rto_ms, drills[8].rto_ms);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_drill_is_no_trend),
        cmocka_unit_test(the_median_and_the_longest_are_of_those_that_came_up),
        cmocka_unit_test(what_is_long_ago_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
