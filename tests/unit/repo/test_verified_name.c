// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/verified_name.h"

#include <string.h>

#define NOON (INT64_C(1700000000) * US_PER_SECOND)

static void
a_name_says_the_time_to_the_microsecond_and_sorts_by_it(void **state)
{
    char early[VERIFIED_NAME_SIZE];
    char late[VERIFIED_NAME_SIZE];

    (void) state;
    verified_name(NOON, VERIFIED_WHOLE, early);
    assert_string_equal(early, "2023-11-14T22-13-20-000000-all");
    verified_name(NOON + 42, VERIFIED_PART, late);
    assert_string_equal(late, "2023-11-14T22-13-20-000042-part");
    assert_true(strcmp(early, late) < 0);
    verified_name(NOON + US_PER_SECOND, VERIFIED_WHOLE, early);
    assert_true(strcmp(late, early) < 0);
}

static void
a_name_that_was_given_is_told_from_any_other(void **state)
{
    static const char *const strangers[] = {
        "",
        "-all",
        "zz-all",
        "2023-11-14T22-13-20-000000",
        "2023-11-14T22-13-20-000000-allx",
        "2023-11-14T22-13-20-000000-some",
        "2023-11-14T22-13-20-all",
        "2023-11-14T22:13:20.000000-all",
        "2023-11-14T22-13-20-00000x-all",
        "2023-13-14T22-13-20-000000-all",
        "2023-11-14T22-13-60-000000-part",
        "README",
    };

    (void) state;
    assert_true(verified_name_is_valid("2023-11-14T22-13-20-000042-all"));
    assert_true(verified_name_is_whole("2023-11-14T22-13-20-000042-all"));
    assert_true(verified_name_is_valid("2023-11-14T22-13-20-000042-part"));
    assert_false(verified_name_is_whole("2023-11-14T22-13-20-000042-part"));
    for (size_t index = 0; index < sizeof(strangers) / sizeof(strangers[0]); index++)
        if (verified_name_is_valid(strangers[index]) || verified_name_is_whole(strangers[index]))
            fail_msg("\"%s\" passes", strangers[index]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_the_time_to_the_microsecond_and_sorts_by_it),
        cmocka_unit_test(a_name_that_was_given_is_told_from_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
