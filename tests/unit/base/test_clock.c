// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

/* 2026-11-21 02:12:34 UTC */
#define MOMENT (INT64_C(1795227154) * US_PER_SECOND)

static int
set_zone(void **state)
{
    (void) state;
    setenv("TZ", "XYZ-1", 1); /* an hour east of Greenwich */
    tzset();
    return 0;
}

static void
every_accepted_spelling_means_its_moment(void **state)
{
    static const struct
    {
        const char *text;
        int64_t want;
    } cases[] = {
        {"2026-11-21T02:12:34Z", MOMENT},
        {"2026-11-21t02:12:34z", MOMENT},
        {"2026-11-21 02:12:34 +00", MOMENT},
        {"2026-11-21  02:12:34+00:00", MOMENT},
        {"2026-11-21 03:12:34+01", MOMENT},
        {"2026-11-21 03:42:34+0130", MOMENT},
        {"2026-11-21 03:42:34+01:30", MOMENT},
        {"2026-11-20 21:12:34-05:00", MOMENT},
        {"20261121T021234Z", MOMENT},
        {"2026-11-21 03:12:34", MOMENT},
        {"2026-11-21T02:12Z", MOMENT - 34 * US_PER_SECOND},
        {"2026-11-21", MOMENT - (3 * 3600 + 12 * 60 + 34) * US_PER_SECOND},
        {"2026-11-21T02:12:34.5Z", MOMENT + 500000},
        {"2026-11-21T02:12:34,000001Z", MOMENT + 1},
        {"2026-11-21T02:12:34.1234567899Z", MOMENT + 123456},
        {"1969-12-31T23:59:59.9Z", -100000},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800) * US_PER_SECOND},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct error err = {0};
        time_us got = 0;

        assert_ok(time_parse(cases[index].text, &got, &err));
        if (got != cases[index].want)
            fail_msg("\"%s\": got %lld, want %lld", cases[index].text, (long long) got,
                     (long long) cases[index].want);
    }
}

static void
anything_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "yesterday",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-01",
        "2026-11-00",
        "2026-11-32",
        "2026-02-29T00:00:00Z",
        "2026-02-30",
        "2026-11-21T",
        "2026-11-21T02",
        "2026-11-21T24:00:00Z",
        "2026-11-21T02:60:00Z",
        "2026-11-21T02:12:61Z",
        "2026-11-21T02:12:34.Z",
        "2026-11-21T02:12:34+",
        "2026-11-21T02:12:34+16:00",
        "2026-11-21T02:12:34+01:60",
        "2026-11-21T02:12:34Zulu",
        "2026-11-21T02:12:34Z ",
        " 2026-11-21T02:12:34Z",
        "-2026-11-21",
        "2026/11/21",
    };

    (void) state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        struct error err = {0};
        time_us got;

        if (time_parse(texts[index], &got, &err) != STATUS_CONFIG)
            fail_msg("\"%s\" is accepted", texts[index]);
        assert_message(texts[index]);
    }
}

static void
times_are_formatted_in_utc(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void) state;
    time_format(MOMENT, text);
    assert_string_equal(text, "2026-11-21T02:12:34Z");
    time_format(MOMENT + 120, text);
    assert_string_equal(text, "2026-11-21T02:12:34.000120Z");
    time_format_postgres(MOMENT + 1, text);
    assert_string_equal(text, "2026-11-21 02:12:34.000001+00:00");
    time_format_name(MOMENT + 1, text);
    assert_string_equal(text, "2026-11-21T02-12-34");
    time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

static void
a_time_in_a_name_is_read_back_and_nothing_else_is(void **state)
{
    static const char *const others[] = {
        "",
        "2026-11-21",
        "2026-11-21T02:12:34",
        "2026-11-21T02-12",
        "20261121T02-12-34",
        "2026-02-30T02-12-34",
        "2026-11-21T24-12-34",
        "2026-11-21t02-12-34",
        "x2026-11-21T02-12-34",
    };
    time_us time;

    (void) state;
    assert_true(time_parse_name("2026-11-21T02-12-34", &time));
    assert_int_equal(time, MOMENT);
    assert_true(time_parse_name("2026-11-21T02-12-34-1f3a", &time));
    for (size_t index = 0; index < sizeof(others) / sizeof(others[0]); index++)
        if (time_parse_name(others[index], &time))
            fail_msg("\"%s\" was taken for a time", others[index]);
}

static void
the_ends_of_time_fit_their_text(void **state)
{
    const time_us times[] = {INT64_MIN, INT64_MAX, 0};
    char text[TIME_TEXT_SIZE];

    (void) state;
    for (size_t index = 0; index < 3; index++)
    {
        time_format(times[index], text);
        assert_true(strlen(text) > 10 && text[strlen(text) - 1] == 'Z');
        time_format_postgres(times[index], text);
        assert_non_null(strstr(text, "+00:00"));
    }
}

static void
what_is_formatted_is_read_back(void **state)
{
    const time_us times[] = {0, -1, MOMENT + 999999, INT64_C(253402300799) * US_PER_SECOND};
    char text[TIME_TEXT_SIZE];

    (void) state;
    for (size_t index = 0; index < 4; index++)
    {
        struct error err = {0};
        time_us got;

        time_format(times[index], text);
        assert_ok(time_parse(text, &got, &err));
        assert_true(got == times[index]);
        time_format_postgres(times[index], text);
        assert_ok(time_parse(text, &got, &err));
        assert_true(got == times[index]);
    }
}

static void
postgresql_s_epoch_is_the_year_2000(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void) state;
    time_format(time_from_postgres(0), text);
    assert_string_equal(text, "2000-01-01T00:00:00Z");
    assert_true(time_from_postgres(INT64_MAX) == INT64_MAX);
}

static void
the_monotonic_clock_goes_forward(void **state)
{
    int64_t before = clock_monotonic_ms();

    (void) state;
    clock_pause_ms(2);
    assert_true(clock_monotonic_ms() > before);
    assert_true(clock_now() > MOMENT - INT64_C(86400) * 365 * 10 * US_PER_SECOND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_accepted_spelling_means_its_moment),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(times_are_formatted_in_utc),
        cmocka_unit_test(the_ends_of_time_fit_their_text),
        cmocka_unit_test(a_time_in_a_name_is_read_back_and_nothing_else_is),
        cmocka_unit_test(what_is_formatted_is_read_back),
        cmocka_unit_test(postgresql_s_epoch_is_the_year_2000),
        cmocka_unit_test(the_monotonic_clock_goes_forward),
    };

    return cmocka_run_group_tests(tests, set_zone, NULL);
}
