// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/clock.h"
#include "base/zone_rule.h"

#define HOUR 3600

static int32_t
offset_at(const char *text, const char *time)
{
    struct zone_rule rule;
    struct error err = {0};
    time_us moment = 0;

    assert_true(zone_rule_parse(text, &rule));
    assert_ok(time_parse(time, &moment, &err));
    return zone_rule_offset(&rule, moment / US_PER_SECOND);
}

static void
a_rule_without_daylight_saving_never_changes(void **state)
{
    (void) state;

    assert_int_equal(offset_at("UTC0", "2026-07-01T00:00:00Z"), 0);
    assert_int_equal(offset_at("JST-9", "2026-07-01T00:00:00Z"), 9 * HOUR);
    assert_int_equal(offset_at("<+0545>-5:45", "2026-07-01T00:00:00Z"), 5 * HOUR + 45 * 60);
    assert_int_equal(offset_at("<-03>3", "2026-07-01T00:00:00Z"), -3 * HOUR);
}

/* The last Sunday of March at 2, of October at 3. */
static void
northern_summers_lie_within_a_year(void **state)
{
    (void) state;
    const char *berlin = "CET-1CEST,M3.5.0,M10.5.0/3";

    assert_int_equal(offset_at(berlin, "2026-01-01T00:00:00Z"), HOUR);
    assert_int_equal(offset_at(berlin, "2026-03-29T00:59:59Z"), HOUR);
    assert_int_equal(offset_at(berlin, "2026-03-29T01:00:00Z"), 2 * HOUR);
    assert_int_equal(offset_at(berlin, "2026-10-25T00:59:59Z"), 2 * HOUR);
    assert_int_equal(offset_at(berlin, "2026-10-25T01:00:00Z"), HOUR);
    assert_int_equal(offset_at(berlin, "2026-12-31T23:59:59Z"), HOUR);
}

/* The first Sunday of October at 2, of April at 3. */
static void
southern_summers_pass_over_the_turn_of_the_year(void **state)
{
    (void) state;
    const char *sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";

    assert_int_equal(offset_at(sydney, "2026-01-01T00:00:00Z"), 11 * HOUR);
    assert_int_equal(offset_at(sydney, "2026-04-04T15:59:59Z"), 11 * HOUR);
    assert_int_equal(offset_at(sydney, "2026-04-04T16:00:00Z"), 10 * HOUR);
    assert_int_equal(offset_at(sydney, "2026-10-03T15:59:59Z"), 10 * HOUR);
    assert_int_equal(offset_at(sydney, "2026-10-03T16:00:00Z"), 11 * HOUR);
    assert_int_equal(offset_at(sydney, "2026-12-31T23:59:59Z"), 11 * HOUR);
}

/* Ireland's law: standard time in summer, an hour less in winter. */
static void
daylight_saving_may_be_negative(void **state)
{
    (void) state;
    const char *dublin = "IST-1GMT0,M10.5.0,M3.5.0/1";

    assert_int_equal(offset_at(dublin, "2026-01-01T00:00:00Z"), 0);
    assert_int_equal(offset_at(dublin, "2026-07-01T00:00:00Z"), HOUR);
    assert_int_equal(offset_at(dublin, "2026-10-25T00:59:59Z"), HOUR);
    assert_int_equal(offset_at(dublin, "2026-10-25T01:00:00Z"), 0);
}

/* Greenland's change happens on the day before its date. */
static void
a_change_may_happen_before_its_day(void **state)
{
    (void) state;
    const char *nuuk = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";

    assert_int_equal(offset_at(nuuk, "2026-03-29T00:59:59Z"), -2 * HOUR);
    assert_int_equal(offset_at(nuuk, "2026-03-29T01:00:00Z"), -1 * HOUR);
    assert_int_equal(offset_at(nuuk, "2026-10-25T00:59:59Z"), -1 * HOUR);
    assert_int_equal(offset_at(nuuk, "2026-10-25T01:00:00Z"), -2 * HOUR);
}

/* RFC 9636, 3.3.1: how a file says that daylight saving never ends. */
static void
daylight_saving_may_last_all_year(void **state)
{
    (void) state;
    const char *always = "XXX3EDT4,0/0,J365/23";

    assert_int_equal(offset_at(always, "2026-01-01T03:59:59Z"), -4 * HOUR);
    assert_int_equal(offset_at(always, "2026-01-01T04:00:00Z"), -4 * HOUR);
    assert_int_equal(offset_at(always, "2026-07-01T00:00:00Z"), -4 * HOUR);
    assert_int_equal(offset_at(always, "2028-12-31T23:59:59Z"), -4 * HOUR);
}

static void
days_of_the_year_count_february_29_or_do_not(void **state)
{
    (void) state;
    const char *counted = "AAA0BBB,59/0,300/0";
    const char *passed_over = "AAA0BBB,J60/0,J300/0";

    assert_int_equal(offset_at(counted, "2028-02-29T00:00:00Z"), HOUR);
    assert_int_equal(offset_at(counted, "2027-02-28T23:59:59Z"), 0);
    assert_int_equal(offset_at(counted, "2027-03-01T00:00:00Z"), HOUR);
    assert_int_equal(offset_at(passed_over, "2028-02-29T23:59:59Z"), 0);
    assert_int_equal(offset_at(passed_over, "2028-03-01T00:00:00Z"), HOUR);
    assert_int_equal(offset_at(passed_over, "2027-03-01T00:00:00Z"), HOUR);
}

static void
anything_else_is_refused(void **state)
{
    (void) state;
    static const char *const cases[] = {
        "",
        "CET",
        "CE-1",
        "-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3,",
        "CET-1CEST,M3.5.0,M10.5.0/3 ",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,J0,J366",
        "CET-1CEST,J1,J366",
        "CET-1CEST,0,366",
        "CET-25",
        "CET-1:60",
        "CET-1:",
        "CET-99999999999999999999",
        "<>0",
        "<+01-1",
        "<+1>x",
    };
    struct zone_rule rule;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
        if (zone_rule_parse(cases[index], &rule))
            fail_msg("\"%s\" was taken for a rule", cases[index]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_without_daylight_saving_never_changes),
        cmocka_unit_test(northern_summers_lie_within_a_year),
        cmocka_unit_test(southern_summers_pass_over_the_turn_of_the_year),
        cmocka_unit_test(daylight_saving_may_be_negative),
        cmocka_unit_test(a_change_may_happen_before_its_day),
        cmocka_unit_test(daylight_saving_may_last_all_year),
        cmocka_unit_test(days_of_the_year_count_february_29_or_do_not),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
