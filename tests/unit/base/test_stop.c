// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/stop.h"

static void
work_is_cancelled_once_a_stop_was_requested(void **state)
{
    (void) state;
    struct error err = {0};

    assert_false(stop_requested());
    assert_ok(stop_check(&err));

    stop_request();

    assert_true(stop_requested());
    assert_status(stop_check(&err), STATUS_CANCELLED);
    assert_message("stopped by a signal");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_cancelled_once_a_stop_was_requested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
