// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/run_ages.h"

static void
the_newest_sign_of_life_of_each_run_counts(void **state)
{
    static const struct run_age seen[] = {{7, 300}, {3, 100}, {7, 500}, {9, 50}, {7, 400}, {3, 90}};
    SCOPED(run_ages_release) struct run_ages ages = {0};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(seen) / sizeof(seen[0]); index++)
        assert_ok(run_ages_see(&ages, seen[index].tag, seen[index].last_seen, &err));

    assert_int_equal(ages.count, 3);
    assert_true(run_ages_last_seen(&ages, 3) == 100);
    assert_true(run_ages_last_seen(&ages, 7) == 500);
    assert_true(run_ages_last_seen(&ages, 9) == 50);
    assert_true(run_ages_last_seen(&ages, 8) == TIME_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_sign_of_life_of_each_run_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
