// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "checks/freshness.h"

#define MINUTE (60 * US_PER_SECOND)

/* 2026-11-21T02:12:34Z */
static const struct freshness an_hour = {INT64_C(1795227154000000), INT64_C(3600000)};

static const struct judgement
{
    int64_t age_us;
    bool good;
    const char *text;
} judgements[] = {
    {0, true, "2026-11-21T02:12:34Z, 0.0s before"},
    {60 * MINUTE, true, "2026-11-21T01:12:34Z, 1h 0min before"},
    {60 * MINUTE + 1000, false, "2026-11-21T01:12:33.999000Z, 1h 0min before"},
    {61 * MINUTE, false, "2026-11-21T01:11:34Z, 1h 1min before"},
    {-5 * MINUTE, true, "2026-11-21T02:17:34Z, 5min 0s after"},
};

static void
what_is_not_older_than_the_limit_is_fresh(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(judgements) / sizeof(judgements[0]); index++)
    {
        char text[FRESHNESS_TEXT_SIZE];
        bool good = freshness_judge(&an_hour, an_hour.reference - judgements[index].age_us, text);

        assert_string_equal(text, judgements[index].text);
        assert_int_equal(good, judgements[index].good);
    }
}

static void
nothing_is_not_fresh(void **state)
{
    (void) state;
    char text[FRESHNESS_TEXT_SIZE];

    assert_false(freshness_judge(&an_hour, TIME_NONE, text));
    assert_string_equal(text, "no value until then");
}

static void
the_query_leaves_the_far_future_aside_and_quotes_names(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(1000);
    const struct table_name table = {.schema = "s", .table = "t\"; --"};
    const char *text;
    struct error err = {0};

    assert_ok(freshness_append_query(&an_hour, &table, "at\" x", &sql, &err));
    assert_ok(buffer_text(&sql, &text, &err));
    assert_non_null(strstr(text, "c.\"at\"\" x\" AS column_ FROM \"s\".\"t\"\"; --\" AS c"));
    assert_non_null(strstr(text, "<= '2026-11-21 03:12:34+00:00'::pg_catalog.timestamptz"));
    assert_non_null(strstr(text, "> '-infinity'"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_older_than_the_limit_is_fresh),
        cmocka_unit_test(nothing_is_not_fresh),
        cmocka_unit_test(the_query_leaves_the_far_future_aside_and_quotes_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
