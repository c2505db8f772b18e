// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/reasons.h"

static void
a_reason_stands_once_and_in_the_order_it_came(void **state)
{
    (void) state;
    struct reasons reasons = {0};

    reasons_add(&reasons, "daily, %d", 1);
    reasons_add(&reasons, "newest good");
    reasons_add(&reasons, "daily, 1");

    assert_int_equal(reasons.count, 2);
    assert_string_equal(reasons.texts[0], "daily, 1");
    assert_string_equal(reasons.texts[1], "newest good");
}

static void
a_long_reason_is_cut(void **state)
{
    (void) state;
    struct reasons reasons = {0};

    reasons_add(&reasons, "%200s", "x");

    assert_int_equal(strlen(reasons.texts[0]), REASON_SIZE - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_stands_once_and_in_the_order_it_came),
        cmocka_unit_test(a_long_reason_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
