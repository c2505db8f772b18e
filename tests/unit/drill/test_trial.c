// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/stop.h"
#include "drill/trial.h"

/* A server cancels a statement at its statement_timeout, and nobody asked us to stop. */
static void
only_a_request_to_stop_makes_of_cancelled_the_end_of_a_drill(void **state)
{
    (void) state;

    assert_false(trial_is_stopped(STATUS_CANCELLED));
    assert_false(trial_is_over(STATUS_CANCELLED));

    stop_request();

    assert_true(trial_is_stopped(STATUS_CANCELLED));
    assert_true(trial_is_over(STATUS_CANCELLED));
}

static void
a_repository_out_of_reach_is_the_end_of_a_drill_and_no_request_to_stop(void **state)
{
    (void) state;

    assert_true(trial_is_over(STATUS_TRANSIENT));
    assert_true(trial_is_over(STATUS_DENIED));
    assert_false(trial_is_stopped(STATUS_TRANSIENT));
    assert_false(trial_is_over(STATUS_CORRUPT));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repository_out_of_reach_is_the_end_of_a_drill_and_no_request_to_stop),
        /* The last: a request is never taken back. */
        cmocka_unit_test(only_a_request_to_stop_makes_of_cancelled_the_end_of_a_drill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
