// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/backoff.h"

static void
the_pause_is_anywhere_below_a_bound_that_doubles(void **state)
{
    static const struct
    {
        unsigned attempt_count;
        int64_t bound_ms;
    } cases[] = {{1, 100}, {2, 200}, {3, 400}, {7, 6400}, {8, 10000}, {1000, 10000}};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        const struct backoff backoff = {.limit_ms = 60000,
                                        .attempt_count = cases[index].attempt_count};
        int64_t pause_ms;

        assert_true(backoff_pause(&backoff, 0, &pause_ms));
        assert_int_equal(pause_ms, 0);
        assert_true(backoff_pause(&backoff, (uint32_t) cases[index].bound_ms, &pause_ms));
        assert_int_equal(pause_ms, cases[index].bound_ms);
        assert_true(backoff_pause(&backoff, (uint32_t) cases[index].bound_ms + 1, &pause_ms));
        assert_int_equal(pause_ms, 0);
    }
}

static void
the_limit_counts_the_pause_too(void **state)
{
    struct backoff backoff = {.limit_ms = 1000, .elapsed_ms = 950, .attempt_count = 1};
    int64_t pause_ms;

    (void) state;
    assert_true(backoff_pause(&backoff, 50, &pause_ms));
    assert_false(backoff_pause(&backoff, 51, &pause_ms));
    backoff.elapsed_ms = 1001;
    assert_false(backoff_pause(&backoff, 0, &pause_ms));
}

static void
a_negative_limit_allows_one_attempt(void **state)
{
    const struct backoff backoff = {.limit_ms = -1, .attempt_count = 1};
    int64_t pause_ms;

    (void) state;
    assert_false(backoff_pause(&backoff, 0, &pause_ms));
}

static void
the_service_s_own_wish_is_the_least(void **state)
{
    struct backoff backoff = {.limit_ms = 60000, .attempt_count = 1, .retry_after_ms = 3000};
    int64_t pause_ms;

    (void) state;
    assert_true(backoff_pause(&backoff, 0, &pause_ms));
    assert_int_equal(pause_ms, 3000);
    backoff.retry_after_ms = 61000;
    assert_false(backoff_pause(&backoff, 0, &pause_ms));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pause_is_anywhere_below_a_bound_that_doubles),
        cmocka_unit_test(the_limit_counts_the_pause_too),
        cmocka_unit_test(a_negative_limit_allows_one_attempt),
        cmocka_unit_test(the_service_s_own_wish_is_the_least),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
